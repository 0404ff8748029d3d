-- host/lua/cli/doctor_service.lua -- checks of `human doctor` that concern the service: the running server,
-- the scripts, the database, the language model.  Works with the server up or down, and changes nothing.
-- Adds to the report of cli/doctor.

local db = require "human.db"
local fail = require "human.fail"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local migrate = require "human.pg.migrate"
local own_server = require "human.cli.own_server"
local sched = require "human.core.sched"

local M = {}
local LOOK_S, LONGER_S, ONLINE_S = 0.05, 1, 20
local OLDEST_POSTGRES, SKEW_S = 130000, 2
local RESTARTS_WARN = 3

local function message(err) return fail.is(err) and err.message or tostring(err) end

-- The server ---------------------------------------------------------------------------------------

local function workers(r, server)
  local down, restarts = 0, 0
  for _, w in ipairs(server.workers) do
    if w.pid == 0 then down = down + 1 end
    restarts = restarts + w.restarts
  end
  if down > 0 then
    r:fail("workers", down .. " of " .. #server.workers .. " are down", "the server's log says why they end")
  elseif restarts >= RESTARTS_WARN then
    r:warn("workers", restarts .. " were replaced since the start", "the server's log says what they were in")
  else
    r:ok("workers", #server.workers .. " serve")
  end
end

local function last_reload(r, server)
  local reload = server.reload
  if not reload or reload.at == 0 or reload.ok then return end
  r:warn("reload", "the last one was refused: " .. reload.verdict:gsub("\n%s*", "; "),
    "put the scripts right and run `human reload`; until then the old ones serve")
end

local function health(r, server)
  local url = server.url
  local state, why = own_server.greet(server)
  if not state then
    return r:fail("http", why, "the server's log says why it does not answer; another program may have its port")
  end
  local withheld
  state, withheld = own_server.inside(server, state)
  if withheld then
    r:warn("http", url .. " does not say how it is inside: " .. withheld, "give this command the server's admin token")
  end
  if state.status == "ok" then return r:ok("http", url .. " answers") end
  r:fail("http", url .. "/health says " .. state.status .. ": " .. table.concat(state.problems or {}, "; "),
    "see the findings below")
end

--- The server of this home: its status, and whether its port answers.  Returns its status, or nil if it
--- does not run.
function M.server(r)
  local server, text = own_server.status()
  if server then
    r:ok("server", ("runs, process %d, up %d s"):format(server.pid, server.uptime_s))
    workers(r, server)
    last_reload(r, server)
    health(r, server)
    return server
  end
  if text:find("ermission", 1, true) then
    r:fail("server", text, "run this as the server's user, or as a member of its group")
  elseif text:find("no server of ", 1, true) then
    r:ok("server", "none runs with this home")
  else
    r:fail("server", text:match "^[^\n]*", "the server is stuck or another program has its socket; restart it")
  end
end

-- Scripts ------------------------------------------------------------------------------------------

--- Would they be accepted?  Returns the generation, installed in this process.
function M.scripts(r, server)
  local number, why = r.ask "scripts"
  if not number then
    r:fail("scripts", why, "the setting scripts is " .. r.conf.scripts)
    return
  end
  local ok, g = pcall(gen.build, tonumber(number))
  if not ok then
    r.refused = g
    r:fail("scripts", tostring(g), "`human check` says the same; a reload would be refused")
    return nil, tonumber(number)
  end
  gen.install(g)
  for _, warning in ipairs(g.warnings or {}) do r:warn("scripts", warning, "`human overrides --diff` shows it") end
  if server and server.bundle ~= g.id then
    r:warn("scripts", ("%s are on disk, %s are in force"):format(g.id, server.bundle),
      "`human reload` puts them in force; or this command reads others than the server: see `human config`")
  else
    r:ok("scripts", require("human.cli.check").summary(g))
  end
  return g, tonumber(number)
end

-- The database -------------------------------------------------------------------------------------

-- A little longer than the timeout of an attempt, which reports why it hung.
local function wait_for_database(conf)
  local until_at = host.clock() + conf.database.connect_timeout_ms / 1000 + LONGER_S
  while not host.db_up() and host.db_state() ~= "refused" and host.clock() < until_at do sched.sleep(LOOK_S) end
end

local function version(r)
  local number, text = tonumber(db.value "show server_version_num"), db.value "show server_version"
  if number < OLDEST_POSTGRES then
    r:fail("database", "PostgreSQL " .. text .. " is too old", "PostgreSQL 13 or later is needed")
  else
    r:ok("database", "PostgreSQL " .. text)
  end
end

local LIMITS = [[select current_user as role, current_database() as name,
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as server,
  (select rolconnlimit from pg_roles where rolname = current_user) as of_role,
  (select datconnlimit from pg_database where datname = current_database()) as of_database]]

-- The lowest limit that applies, and how to raise it.
local function narrowest(l)
  local most, fix = l.server, "raise its max_connections"
  if l.of_role and l.of_role >= 0 and l.of_role < most then
    most, fix = l.of_role, ("ALTER ROLE %s CONNECTION LIMIT .."):format(l.role)
  end
  if l.of_database >= 0 and l.of_database < most then
    most, fix = l.of_database, ("ALTER DATABASE %s CONNECTION LIMIT .."):format(l.name)
  end
  return most, fix
end

-- Skips a private database, which is made for the server's needs, and poolers, whose limits are unknown.
local function connections(r)
  local conf = r.conf
  if r.ask("source", "database.url") == "set by the host" or conf.database.pooler ~= "none" then return end
  local most, fix = narrowest(db.row(LIMITS))
  local needed = conf.workers * (conf.database.pool + 1)
  if needed <= most then return r:ok("connections", ("%d of %d of the database"):format(needed, most)) end
  local text = "%d workers with a pool of %d need %d, the database allows %d; the workers share those"
  r:fail("connections", text:format(conf.workers, conf.database.pool, needed, most),
    fix .. ", or lower database.pool or workers")
end

local function clock_skew(r)
  local before = host.time()
  local theirs = db.value "select extract(epoch from clock_timestamp())::float8"
  local skew = theirs - (before + host.time()) / 2
  local text = ("the database's is %.1f s %s"):format(math.abs(skew), skew > 0 and "ahead" or "behind")
  if math.abs(skew) < SKEW_S then return r:ok("clock", "as the database's") end
  r:warn("clock", text, "let NTP set both clocks; leases and expiry times compare them")
end

local function migrations(r, number)
  if not number then return end
  local list, warning = migrate.pending(number)
  if warning then r:warn("migrations", warning, "put the file back, or leave what it made") end
  if #list == 0 then return r:ok("migrations", "all applied") end
  r:warn("migrations", #list .. " not applied yet: " .. table.concat(list, ", "),
    "the next start applies them, or `human migrate`")
end

local function examine(r, number)
  for _, check in ipairs { version, connections, clock_skew } do check(r) end
  local ok, err = pcall(migrations, r, number)
  if not ok then
    local is_newer = message(err):find("newer than this program", 1, true)
    r:fail("migrations", message(err), is_newer and "an older program must not work on it"
      or "give the file its old text back; changes belong into a new migration")
  end
end

-- Without a url and a running server, checks only whether a private database could be started.
local function private_cluster(r, server)
  if server then
    return r:fail("database", "the server's private PostgreSQL cannot be joined", "run this as the server's user")
  end
  local path, why = r.ask "postgres"
  if path then return r:ok("database", "a private one, with the programs in " .. path) end
  r:fail("database", why, "apt install postgresql, or set DATABASE_URL to a server")
end

local FIXES = {
  starting = "wait; the server's own log says what it does",
  unreachable = "is the url right, does the server run, does a firewall stand in between?",
  read_only = "name the server that takes writes in database.url, or all of them: host=a,b",
  stuck = "its processes are halted or starved: look there, or restart it",
  full = "make room on its disk",
  refused = "follow its message; test with `human psql`",
}

--- Reachable, recent, large enough, with the schema that generation `number` needs?
function M.database(r, server, number)
  if not host.secret_set "database.url" then return private_cluster(r, server) end
  wait_for_database(r.conf)
  local state, why = host.db_state()
  if state ~= "up" then return r:fail("database", state .. ": " .. why, FIXES[state]) end
  db.open()
  local ok, err = pcall(examine, r, number)
  if not ok then r:fail("database", message(err), "its log says more") end
end

-- The language model -------------------------------------------------------------------------------

local function online(r)
  local provider, answer = require("human.llm").probe(ONLINE_S)
  if provider then return r:ok("model", provider .. " answers with " .. answer) end
  r:fail("model", answer.message or answer.code, answer.code == "unauthorized"
    and "the key is not accepted: check the variable that holds it"
    or "the provider's status page, its quota, and the way there")
end

--- Is a model configured, and (with --online) does it answer?
function M.model(r, g, ask_it)
  if not g then return end
  local ok, status = pcall(require("human.llm").status)
  if not ok then return end
  if status.problem then
    r:fail("model", status.problem, "set the key in the environment of the server, or llm.provider to another")
  elseif status.chosen then
    r:ok("model", ("llm.provider is %s: built-in rules answer, as chosen"):format(status.provider))
  elseif not status.language_model then
    r:ok("model", "none is configured: the built-in rules answer (OPENAI_API_KEY and others change that)")
  elseif ask_it then
    online(r)
  else
    r:ok("model", status.provider .. " with " .. status.model .. " (--online asks it)")
  end
end

return M
