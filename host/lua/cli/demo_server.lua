-- host/lua/cli/demo_server.lua -- the server of `human demo`: its home is a temporary directory, its settings are its
-- own (no file or variable of the user's counts), and it ends when this process does, however that ends.

local cli = require "human.cli.words"
local fetch = require "human.fetch"
local host = require "human.core.host"
local json = require "human.json"
local sched = require "human.core.sched"

local M = {}
local START_S, LOOK_S, TRIES, TAIL = 120, 0.1, 5, 5
local PORTS, FIRST_PORT = 20000, 20000
local server                                     -- {dir, port, url, pipe}

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- Waits, in a session of its own, until its input ends; then ends the server and removes the directory.  $1: this
-- program, $2: the directory, $3: "keep" or "".
local KEEPER = [[
trap "" INT HUP
mkdir -m 711 "$2/home"
HUMAN_CONFIG="$2/human.json" "$1" gateway </dev/null >"$2/log" 2>&1 &
pid=$!
echo $pid >"$2/pid"
cat >/dev/null
kill $pid 2>/dev/null
wait $pid
rm -f "$2/pid"
[ -n "$3" ] || rm -rf "$2"
]]

-- Variables of the user's that the server sees.
local function environment()
  local list = { "PATH=" .. quoted(os.getenv "PATH" or "/usr/bin:/bin") }
  for _, name in ipairs { "HUMAN_SCRIPTS", "TMPDIR", "LC_ALL", "LANG" } do
    local value = os.getenv(name)
    if value then list[#list + 1] = name .. "=" .. quoted(value) end
  end
  return table.concat(list, " ")
end

local function read(name)
  local file = io.open(server.dir .. "/" .. name, "r")
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return text
end

-- What a command prints, without the last line's end.  (os.execute would lose a Ctrl-C.)
local function output(command)
  local pipe = io.popen(command, "r")
  local text = pipe and pipe:read "*a" or ""
  if pipe then pipe:close() end
  return (text:gsub("\n$", ""))
end

local function settings(port)
  return {
    home = server.dir .. "/home", port = port, agent_port = 0, log = { level = "warn" },
    llm = { provider = "offline" }, marketplace = { payments = "test", audit_s = 5 },
    http = { trusted_proxies = "127.0.0.1" },    -- its agents come from addresses of their own
    egress = { allow = "127.0.0.1" },            -- where the demo's tool is
  }
end

local function begin(port)
  server.port, server.url = port, "http://127.0.0.1:" .. port
  local file = io.open(server.dir .. "/human.json", "w")
  if not (file and file:write(json.encode(settings(port))) and file:close()) then
    cli.stop("cannot write to " .. server.dir)
  end
  server.pipe = io.popen(("exec env -i %s setsid sh -c %s sh %s %s %s"):format(environment(), quoted(KEEPER),
    quoted(server.exe), quoted(server.dir), server.keep and "keep" or "''"), "w")
end

local function is_alive()
  local pid = tonumber(read "pid" or "")
  return not pid or output(("kill -0 %d 2>/dev/null && echo yes"):format(pid)) == "yes"
end

-- True: it is ready; false: it has ended.
local function await_ready()
  local until_at = host.clock() + START_S
  while host.clock() < until_at do
    local answer = fetch { url = server.url .. "/health", timeout_s = 5 }
    local health = answer and json.decode(answer.body)
    if type(health) == "table" and health.database_id then return true end
    if not is_alive() then return false end
    sched.sleep(LOOK_S)
  end
  return false
end

local function last_lines()
  local lines = {}
  for line in (read "log" or ""):gmatch "[^\n]+" do lines[#lines + 1] = line end
  return table.concat(lines, "\n", math.max(1, #lines - TAIL + 1))
end

--- Starts it, on a port that is free: {url, dir}.  Awaits.
function M.start(keep)
  local log
  for try = 1, TRIES do
    server = { keep = keep, exe = output "readlink /proc/$PPID/exe", dir = output "mktemp -d -t human-demo.XXXXXX" }
    if server.exe == "" or server.dir == "" then cli.stop "there is no temporary directory" end
    output("chmod 711 " .. quoted(server.dir))   -- as root, the database runs as another user
    begin(FIRST_PORT + math.floor(host.time() * 1000 + try * 7919) % PORTS)
    if await_ready() then return server end
    log = last_lines()
    M.stop()
    if not log:find("in use", 1, true) then break end
  end
  cli.stop("the server did not start:\n" .. log)
end

--- What `human WORDS` prints with its settings.  Blocks.
function M.human(words)
  return output(("env -i %s HUMAN_CONFIG=%s %s %s 2>&1"):format(environment(), quoted(server.dir .. "/human.json"),
    quoted(server.exe), words))
end

--- Ends it; waits for nothing.
function M.abandon()
  if server and server.pipe then os.execute(("kill $(cat %s) 2>/dev/null"):format(quoted(server.dir .. "/pid"))) end
end

--- Ends it, and waits until all of it is gone.
function M.stop()
  if not (server and server.pipe) then return end
  server.pipe:close()
  server.pipe = nil
end

return M
