-- host/lua/cli/onboard_server.lua -- the server that `human onboard` works with: the one of this home, or one that it
-- starts for as long as it takes, and stops again.

local cli = require "human.cli.words"
local host = require "human.core.host"
local own_server = require "human.cli.own_server"
local sched = require "human.core.sched"

local M = {}
local START_S, STOP_S, LOOK_S = 120, 40, 0.2
local TAIL = 5                                   -- lines of its log that are shown when it does not start
local pid, log

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function is_alive() return os.execute(("kill -0 %d 2>/dev/null"):format(pid)) == 0 end

local function last_lines()
  local file, lines = io.open(log, "r"), {}
  if not file then return "" end
  for line in file:lines() do lines[#lines + 1] = line end
  file:close()
  return table.concat(lines, "\n", math.max(1, #lines - TAIL + 1))
end

-- By this very program; a shell makes it a process of its own, and tells its number.
local function start()
  local conf = host.conf()
  log = conf.home .. "/onboard.log"
  local command = ("(umask 077; : >>%s) && exe=$(readlink /proc/$PPID/exe) && "
    .. "{ setsid \"$exe\" gateway --port %d --set %s </dev/null >%s 2>&1 & echo $!; }"):format(quoted(log), conf.port,
    quoted("home=" .. conf.home), quoted(log))
  os.execute("mkdir -p -m 711 " .. quoted(conf.home))
  local pipe = io.popen(command, "r")
  pid = pipe and tonumber(pipe:read "*l")
  if pipe then pipe:close() end
  if not pid then cli.stop "a server cannot be started" end
end

local function await_ready()
  local until_at = host.clock() + START_S
  while host.clock() < until_at do
    local server, health = own_server.find()
    if server and health.database_id then return end
    if not is_alive() then cli.stop("the server that was started has ended:\n" .. last_lines()) end
    sched.sleep(LOOK_S)
  end
  cli.stop("the server that was started is not ready; its log is " .. log)
end

--- Whether one runs already.
function M.is_running() return own_server.status() ~= nil end

--- Makes sure that a server runs.  Awaits.
function M.enter(asker)
  if own_server.status() then return end
  asker:say "No server of this home runs; one is started for this."
  start()
  local ok, err = pcall(await_ready)
  if ok then return end
  M.leave(asker)
  error(err, 0)
end

--- Asks the server that was started to stop; waits for nothing.
function M.abandon()
  if pid then os.execute(("kill %d 2>/dev/null"):format(pid)) end
end

--- The same, and waits.
function M.leave(asker)
  if not pid then return end
  M.abandon()
  local until_at = host.clock() + STOP_S
  while is_alive() and host.clock() < until_at do sched.sleep(LOOK_S) end
  pid = nil
  asker:say "The server that was started for this has stopped; `human gateway` starts it for good."
end

return M
