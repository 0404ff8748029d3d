-- spec/lua/doctor_spec.lua -- what human doctor finds on a machine: each problem with its fix.

require("plain_host").install()
local host = require "human.core.host"

local CONF = { host = "127.0.0.1", port = 3000, agent_port = 4009, home = "/h/.human", scripts = "/s",
               limits = { connections = 20000 }, exec = { enabled = true }, api = { user_management = "auto" }, http = { hosts = "", trusted_proxies = "" }, tls = { certificate = "", key = "", directory = "", redirect_port = 0 } }
local SOUND = {
  versions = "human 1\nlibuv 2", user = "me 1000", files = "1024 65536", ["stat /h/.human"] = "dir 0711 1000 me",
  ["writable /h/.human"] = "", ["disk /h/.human"] = "50000000000 100000000000",
  ["port 127.0.0.1 3000"] = "", ["port 127.0.0.1 4009"] = "",
}
local DAY = 86400

local function expiring(days) return ("%d /CN=x"):format(host.time() + days * DAY) end
local function tls(t)
  return { certificate = t.certificate or "", key = t.key or "", directory = t.directory or "", redirect_port = 0 }
end

-- check, what differs from a sound machine (false: the question fails), settings, level, words of the
-- finding and of its remedy
local CASES = {
  { "versions", {}, {}, "ok", "human 1, libuv 2" },
  { "home", {}, {}, "ok", "/h/.human" },
  { "home", { ["stat /h/.human"] = "dir 0777 1000 me" }, {}, "fail", "written by everybody", "chmod o%-w" },
  { "home", { ["stat /h/.human"] = "file 0644 1000 me" }, {}, "fail", "no directory", "HUMAN_HOME" },
  { "home", { ["writable /h/.human"] = false }, {}, "fail", "me cannot write there: nope", "chown %-R me" },
  { "home", { ["stat /h/.human"] = "dir 0700 33 web", user = "root 0" }, {}, "warn", "belongs to web", "start the server as web" },
  { "home", { ["stat /h/.human"] = false, ["stat /h"] = "dir 0755 0 root", ["writable /h"] = "" }, {}, "ok", "will be made" },
  { "home", { ["stat /h/.human"] = false, ["stat /h"] = "dir 0755 0 root" }, {}, "fail", "cannot be made: /h: nope", "make it" },
  { "home", { ["stat /h/.human"] = "dir 0750 33 human", user = "root 0", ["source home"] = "/etc/human/human.json:9" }, {}, "ok",
    "of the service, which runs as human" },
  { "disk", { ["disk /h/.human"] = "50000000 1000000000" }, {}, "fail", "48 MB of 954 MB free", "make room" },
  { "disk", { ["disk /h/.human"] = "500000000 1000000000" }, {}, "warn", "477 MB", "make room" },
  { "files", {}, {}, "ok", "65536" },
  { "files", { files = "1024 4096" }, {}, "warn", "at most 4096", "LimitNOFILE=20256" },
  { "ports", {}, {}, "ok", "127.0.0.1:3000 is free" },
  { "ports", { ["port 127.0.0.1 3000"] = "!Address already in use by nginx (process 8)" }, {}, "fail", "nginx %(process 8%)", "%-%-set port=N" },
  { "ports", { ["port 127.0.0.1 3000"] = "!Address already in use by systemd (process 1)" }, {}, "ok", "for the service %(human.socket%)" },
  { "ports", { ["port 127.0.0.1 80"] = "!Permission denied" }, { port = 80 }, "fail", "Permission", "CAP_NET_BIND" },
  { "ports", { ["port 1.2.3.4 3000"] = "!Cannot assign requested address" }, { host = "1.2.3.4" }, "fail", "assign", "address of this machine" },
  { "secrets", {}, {}, "ok", "no secret" },
  { "secrets", { ["source secrets.openai"] = "/etc/human/human.json:7", ["stat /etc/human/human.json"] = "file 0644 0 root" }, {},
    "fail", "holds secrets.openai", "chmod 640 /etc/human/human.json" },
  { "secrets", { ["source secrets.openai"] = "/etc/human/human.json:7", ["stat /etc/human/human.json"] = "file 0640 0 root" }, {},
    "ok", "no secret" },
  { "certificates", { ["certificate /c"] = expiring(60) }, { tls = tls { certificate = "/c" } }, "ok", "valid for 59 days" },
  { "certificates", { ["certificate /c"] = expiring(3) }, { tls = tls { certificate = "/c" } }, "warn", "valid for 2 days", "renew" },
  { "certificates", { ["certificate /c"] = expiring(-1) }, { tls = tls { certificate = "/c" } }, "fail", "expired", "human reload" },
  { "certificates", {}, { tls = tls { certificate = "/c" } }, "fail", "/c: nope", "PEM" },
  { "programs", { sandbox = "7 seccomp" }, {}, "ok", "files by Landlock 7, calls by seccomp" },
  { "programs", { sandbox = "0 seccomp" }, {}, "warn", "no Landlock", "5.13" },
  { "programs", { sandbox = "3 none" }, {}, "warn", "no seccomp", "exec.enabled" },
  { "programs", {}, {}, "warn", "neither", "exec.enabled" },
  { "programs", {}, { exec = { enabled = false } }, "ok", "switched off" },
  { "management", {}, {}, "ok", "clients of this machine" },
  { "management", {}, { host = "0.0.0.0" }, "ok", "asks others for the secret" },
  { "management", {}, { api = { user_management = "open" } }, "warn", "every web page and proxy", "auto or token" },
  { "management", {}, { host = "0.0.0.0", api = { user_management = "open" } }, "fail", "everybody who reaches 0.0.0.0", "auto or token" },
  { "management", {}, { api = { user_management = "token" } }, "warn", "there is none", "HUMAN_API_ADMIN_TOKEN" },
  { "management", {}, { http = { hosts = "", trusted_proxies = "10.0.0.1, 127.0.0.1" } }, "warn", "what 127.0.0.1 asks", "X%-Forwarded%-For" },
  { "management", {}, { http = { hosts = "", trusted_proxies = "127.0.0.0/8" } }, "warn", "what 127.0.0.0/8 asks", "to token" },
  { "management", {}, { http = { hosts = "", trusted_proxies = "unix" } }, "warn", "what unix asks", "to token" },
  { "management", {}, { http = { hosts = "", trusted_proxies = "::/0" } }, "fail", "trusts everybody", "your proxies alone" },
  { "management", {}, { http = { hosts = "api.example", trusted_proxies = "" } }, "warn", "calls us api.example", "http.trusted_proxies" },
  { "management", {}, { http = { hosts = "api.example", trusted_proxies = "10.0.0.1" } }, "warn", "calls us api.example", "to token" },
  { "certificates", { ["stat /k"] = "file 0644 0 root" }, { tls = tls { key = "/k" } }, "fail", "private key", "chmod 640 /k" },
  { "certificates", { ["list /d"] = "a.crt\na.key\nb\n", ["certificate /d/a.crt"] = expiring(90), ["stat /d/b/fullchain.pem"] = "file 0644 0 root",
    ["certificate /d/b/fullchain.pem"] = expiring(1) }, { tls = tls { directory = "/d" } }, "warn", "/d/b/fullchain.pem" },
}

describe("human doctor", function()
  local doctor = require "human.cli.doctor_machine"

  for i, case in ipairs(CASES) do
    it(("finds in %s, case %d: %s"):format(case[1], i, case[5]), function()
      local function ask(kind, arg)
        local question = arg and arg ~= "" and kind .. " " .. arg or kind
        local answer = case[2][question]
        if answer == nil then answer = SOUND[question] end
        if not answer then return nil, "nope" end
        if answer:sub(1, 1) == "!" then return nil, answer:sub(2) end
        return answer
      end
      local conf = setmetatable(case[3], { __index = CONF })
      local r = doctor.report(ask, conf)
      doctor[case[1]](r)
      local worst
      for _, f in ipairs(r.findings) do
        if f.level == case[4] and (f.text .. ""):find(case[5]) then worst = f end
        if case[4] == "ok" then assert.equal("ok", f.level, f.text) end
      end
      assert.is_table(worst, r.findings[1] and r.findings[1].text)
      if case[6] then assert.matches(case[6], worst.fix) end
    end)
  end
end)
