-- host/lua/cli/doctor_machine.lua -- checks of `human doctor` that concern the machine: files, limits, ports, keys.
-- A check adds findings to a report: ok, warn or fail, each with the facts and a fix.
-- Checks change nothing.  They query the machine through `ask`, so that specs can answer instead.
-- See also cli/doctor_service (database, scripts, model) and cli/doctor.

local host = require "human.core.host"

local M = {}
local Report = {}
Report.__index = Report

--- ask(kind, arg) -> text | nil, why (host/cli/facts.h); conf: the settings.
function M.report(ask, conf) return setmetatable({ ask = ask, conf = conf, findings = {} }, Report) end

local function add(level)
  return function(self, name, text, fix)
    self.findings[#self.findings + 1] = { level = level, name = name, text = text, fix = fix }
  end
end

Report.ok, Report.warn, Report.fail = add "ok", add "warn", add "fail"

local MB, GB = 1048576, 1073741824
local DISK_FAIL, DISK_WARN = 100 * MB, GB
local SPARE_FILES = 256                          -- per worker besides its clients: pool, transfers, pipes
local CERTIFICATE_WARN_S = 14 * 86400
local FILE_SECRETS = { "database.url", "database.direct_url", "api.admin_token", "secrets.openai", "secrets.anthropic",
                       "secrets.gemini", "secrets.llm", "secrets.openrouter", "secrets.groq", "secrets.mistral",
                       "secrets.deepseek", "secrets.azure" }

local function size(n) return n >= GB and ("%.1f GB"):format(n / GB) or ("%.0f MB"):format(n / MB) end
local function parent_of(path) return path:match "^(.+)/[^/]+/*$" or "/" end

function M.versions(r)
  local text = r.ask "versions" or "unknown"
  r:ok("versions", text:gsub("\n", ", ") .. ", " .. (rawget(_G, "jit") and jit.version or _VERSION))
end

-- {type, mode, uid, owner} of a path, or nil and the reason.
local function stat(r, path)
  local text, why = r.ask("stat", path)
  if not text then return nil, why end
  local kind, mode, uid, owner = text:match "^(%S+) (%d+) (%d+) (.*)$"
  return { kind = kind, mode = tonumber(mode, 8), uid = tonumber(uid), owner = owner }
end

-- The path itself, or the nearest directory above it that exists.
local function existing(r, path)
  while not stat(r, path) and path ~= "/" do path = parent_of(path) end
  return path
end

local function home_missing(r, home)
  local above = existing(r, home)
  local writable, why = r.ask("writable", above)
  if writable then return r:ok("home", home .. " will be made at the first start") end
  r:fail("home", home .. " does not exist and cannot be made: " .. above .. ": " .. why,
    "make it, owned by the user who starts the server, or set HUMAN_HOME")
end

local function who(r)
  local name, uid = (r.ask "user" or ""):match "^(%S+) (%d+)"
  return name, tonumber(uid)
end

-- Whether we are root and these are the settings of the system's service, which runs as the owner of the home,
-- with the limits of its unit.
local function is_service(r, st)
  local _, uid = who(r)
  return uid == 0 and st and st.uid ~= 0 and (r.ask("source", "home") or ""):find("^/etc/human/human%.json:") ~= nil
end

local function home_found(r, home, st)
  local name, uid = who(r)
  if st.kind ~= "dir" then return r:fail("home", home .. " is no directory", "move it away, or set HUMAN_HOME") end
  if bit.band(st.mode, 2) ~= 0 then
    return r:fail("home", home .. " can be written by everybody", "chmod o-w " .. home)
  end
  if is_service(r, st) then return r:ok("home", home .. " of the service, which runs as " .. st.owner) end
  if uid == 0 and st.uid ~= 0 then
    return r:warn("home", home .. " belongs to " .. st.owner .. ", and you are root",
      "start the server as " .. st.owner .. ", so that its files stay readable for it")
  end
  local writable, why = r.ask("writable", home)
  if not writable then
    return r:fail("home", ("%s belongs to %s, and %s cannot write there: %s"):format(home, st.owner, name, why),
      "chown -R " .. name .. " " .. home .. ", or set HUMAN_HOME")
  end
  r:ok("home", home)
end

--- The home of the server.
function M.home(r)
  local home = r.conf.home
  local st = stat(r, home)
  if st then home_found(r, home, st) else home_missing(r, home) end
end

function M.disk(r)
  local at = existing(r, r.conf.home)
  local free, total = (r.ask("disk", at) or ""):match "^(%d+) (%d+)"
  free, total = tonumber(free), tonumber(total)
  if not free then return end
  local text = ("%s of %s free at %s"):format(size(free), size(total), at)
  local fix = "make room; a database that cannot write stops"
  if free < DISK_FAIL then return r:fail("disk", text, fix) end
  if free < DISK_WARN then return r:warn("disk", text, fix) end
  r:ok("disk", text)
end

--- The server raises its limit to the hard limit.  server: the running one, or nil.
function M.files(r, server)
  if not server and is_service(r, stat(r, r.conf.home)) then return end -- its unit sets the limit, not this shell
  local hard = tonumber((r.ask("files", server and tostring(server.pid) or "") or ""):match "^%d+ (%d+)")
  if not hard then return end
  local needed = r.conf.limits.connections + SPARE_FILES
  if hard >= needed then return r:ok("open files", ("at most %d, %d are needed"):format(hard, needed)) end
  r:warn("open files", ("at most %d, but limits.connections = %d needs %d"):format(hard, r.conf.limits.connections,
    needed), ("LimitNOFILE=%d in the systemd unit, or `ulimit -Hn %d`, or fewer connections"):format(needed, needed))
end

local function check_port(r, setting, port)
  local address = r.conf.host == "localhost" and "127.0.0.1" or r.conf.host
  local free, why = r.ask("port", address .. " " .. port)
  if free then return r:ok(setting, ("%s:%d is free"):format(address, port)) end
  if why:find("by systemd (process 1)", 1, true) then
    return r:ok(setting, ("%s:%d is held by systemd for the service (human.socket)"):format(address, port))
  end
  local fix = "stop that, or choose another: --set " .. setting .. "=N"
  if why:find("ermission", 1, true) then
    fix = "a port below 1024 needs CAP_NET_BIND_SERVICE, or systemd's sockets"
  elseif why:find("assign", 1, true) or why:find("nvalid", 1, true) then
    fix = "the setting host must be an address of this machine"
  end
  r:fail(setting, ("%s:%d: %s"):format(address, port, why), fix)
end

--- The ports of a server that is not running; cli/doctor_service checks a running one.
function M.ports(r)
  local conf = r.conf
  for _, p in ipairs { { "port", conf.port }, { "agent_port", conf.agent_port },
                       { "tls.redirect_port", conf.tls and conf.tls.redirect_port } } do
    if p[2] and p[2] > 0 then check_port(r, p[1], p[2]) end
  end
end

--- Only its user may read a settings file with secrets.
function M.secrets(r)
  local seen, bad = {}, false
  for _, setting in ipairs(FILE_SECRETS) do
    local path = (r.ask("source", setting) or ""):match "^(/.*):%d+$"
    local st = path and not seen[path] and stat(r, path)
    if st then
      seen[path] = true
      if bit.band(st.mode, 4) ~= 0 then
        bad = true
        r:fail("settings", ("%s holds %s and can be read by everybody"):format(path, setting),
          "chmod 640 " .. path .. ", or keep it in the environment")
      end
    end
  end
  if not bad then r:ok("settings", "understood; no secret in a file that everybody can read") end
end

local function check_certificate(r, path)
  local text, why = r.ask("certificate", path)
  if not text then return r:fail("certificate", path .. ": " .. why, "name a readable PEM file in tls.certificate") end
  local expires, subject = text:match "^(%-?%d+) (.*)$"
  local left = tonumber(expires) - host.time()
  local fix = "renew it, then `human reload`"
  if left <= 0 then return r:fail("certificate", ("%s (%s) has expired"):format(path, subject), fix) end
  local days = ("%s (%s) is valid for %d days"):format(path, subject, left / 86400)
  if left < CERTIFICATE_WARN_S then return r:warn("certificate", days, fix) end
  r:ok("certificate", days)
end

local function check_key(r, path)
  local st, why = stat(r, path)
  if not st then return r:fail("certificate", "tls.key: " .. path .. ": " .. why, "name a readable file") end
  if bit.band(st.mode, 4) ~= 0 then
    r:fail("certificate", path .. " is a private key that everybody can read", "chmod 640 " .. path)
  end
end

--- Certificates, if tls.* names some.
function M.certificates(r)
  local tls = r.conf.tls
  if not tls then return end
  if tls.certificate ~= "" then check_certificate(r, tls.certificate) end
  if tls.key ~= "" then check_key(r, tls.key) end
  if tls.directory == "" then return end
  local names, why = r.ask("list", tls.directory)
  if not names then
    return r:fail("certificate", "tls.directory: " .. tls.directory .. ": " .. why, "name a readable directory")
  end
  for name in names:gmatch "[^\n]+" do
    local path = tls.directory .. "/" .. name
    local chain = path .. "/fullchain.pem"       -- the layout of ACME clients
    if name:find "%.crt$" then check_certificate(r, path) elseif stat(r, chain) then check_certificate(r, chain) end
  end
end

--- Is it a name or address of this machine alone?
function M.is_loopback(name)
  return name == "localhost" or name == "::1" or name:find "^127%." ~= nil
end

-- An entry that covers this machine's own addresses.
local function trusts_this_machine(list)
  for word in list:gmatch "[^%s,]+" do
    if word == "unix" or word:find "/0$" or M.is_loopback(word:match "^[^/]*") then return word end
  end
end

--- Which sandbox for programs does the kernel support?
function M.programs(r)
  if not r.conf.exec.enabled then return r:ok("programs", "switched off (exec.enabled)") end
  local version, filter = (r.ask "sandbox" or ""):match "^(%d+) (%a+)"
  local landlock = version ~= nil and version ~= "0"
  local has = { landlock and "files by Landlock " .. version, filter == "seccomp" and "calls by seccomp" or nil }
  if landlock and has[2] then return r:ok("programs", "kept in a sandbox: " .. has[1] .. ", " .. has[2]) end
  local lacks = landlock and "no seccomp" or has[2] and "no Landlock" or "neither Landlock nor seccomp"
  r:warn("programs", "this kernel has " .. lacks .. ": programs of scripts see what the server's user sees",
    "a kernel of 5.13 or later with both, or exec.enabled = false")
end

local BY_TOKEN = "set api.user_management to token, and the secret admin"

-- Management is open to clients on this machine: who could pass for one?
local function check_local(r)
  local http = r.conf.http
  if http.trusted_proxies:find "/0" then
    return r:fail("management", "http.trusted_proxies trusts everybody, who may claim to be a client of this machine",
      "list the addresses of your proxies alone")
  end
  local proxy = trusts_this_machine(http.trusted_proxies)
  if proxy then
    return r:warn("management", ("open to what %s asks without saying for whom (http.trusted_proxies)"):format(proxy),
      "see that the proxy always sends X-Forwarded-For or Forwarded, or " .. BY_TOKEN)
  end
  if http.hosts ~= "" then
    return r:warn("management", "open to clients of a proxy on this machine that adds no header and calls us "
      .. http.hosts .. " (http.hosts)",
      "let it send X-Forwarded-For, and list it in http.trusted_proxies, or " .. BY_TOKEN)
  end
  r:ok("management", "open to clients of this machine, asks others for the secret admin")
end

--- Who may create users and keys?
function M.management(r)
  local mode = r.conf.api.user_management
  if mode == "auto" then return check_local(r) end
  if mode == "token" then
    if host.secret_set "admin" then return r:ok("management", "asks everybody for the secret admin") end
    return r:warn("management", "asks everybody for the secret admin, and there is none: nobody can create users",
      "set HUMAN_API_ADMIN_TOKEN, api.admin_token or /etc/human/secrets/admin")
  end
  local fix = "set api.user_management to auto or token"
  if M.is_loopback(r.conf.host) then
    return r:warn("management", "open to every web page and proxy that reaches this machine: anybody can create users "
      .. "and keys", fix)
  end
  r:fail("management", ("open to everybody who reaches %s: anybody can create users and keys"):format(r.conf.host), fix)
end

return M
