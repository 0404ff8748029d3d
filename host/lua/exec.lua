-- host/lua/exec.lua -- programs for scripts: an argument list, never a line for a shell.
-- Built on host.exec: the broker starts the program.  Its keeper ends it, with all its descendants, when the call
-- ends: with its task, at its timeout, or with this worker.

local beyond = require "human.core.beyond"
local host = require "human.core.host"
local sched = require "human.core.sched"
local timer = require "human.core.timer"
local log = require "human.log"

local M = {}
local DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S = 30, 3600
local DEFAULT_OUTPUT, MAX_OUTPUT = 1048576, 64 * 1048576
local GRACE_MS, LOOK_S = 2000, 1
local UNMASKED = 18                              -- 022
local BUSY = "too many programs run or wait (exec.processes; 256 calls of each worker)"
local CODES = { [host.E.FULL] = { "busy", BUSY }, [host.E.DOWN] = { "disabled", "exec.enabled is false" },
                [host.E.LIMIT] = { "too_large", "arguments, environment and paths are larger than 128 KB, "
                  .. "or more than 1,024 of a kind, or the input is larger than 32 MB" } }
CODES[host.E.DENIED] = { "denied", "env names a secret that is not set (human secret set NAME)" }
local LIMITS = { cpu_s = true, memory_bytes = true, files = true, processes = true, file_bytes = true }
local OPTIONS = { stdin = true, cwd = true, env = true, timeout_s = true, output_max = true, overflow = true,
                  limits = true, sandbox = true, umask = true, grace_s = true, env_secrets = true }
local BOX = { network = true, unix = true, read = true, write = true, best_effort = true }
local AT = { "its limits cannot be set", "its working directory is not to be had", "its sandbox cannot be set up",
             "it cannot be started", "it cannot be started" }
local WORDS = {
  not_found = "there is no such program (exec.path says where they are looked for)",
  sandbox = "this kernel cannot keep it in a sandbox, and sandbox = \"best-effort\" was not said",
  lost = "the broker ended, and the program with it", busy = "it waited for other programs to end",
}

-- ---- what a call asks for ----

local function wrong(what) error("exec: " .. what, 0) end

local function known(t, names, what)
  if type(t) ~= "table" then wrong(what .. " must be a table") end
  for name in pairs(t) do
    if not names[name] then wrong(("%s has no '%s'"):format(what, tostring(name))) end
  end
end

local function is_text(v) return type(v) == "string" and not v:find("\0", 1, true) end

local function list_of_texts(t, what)
  if type(t) ~= "table" then wrong(what .. " must be a list of strings") end
  local out = {}
  for i = 1, #t do
    if not is_text(t[i]) then wrong(("%s[%d] must be a string without NUL"):format(what, i)) end
    out[i] = t[i]
  end
  return out
end

local function number(v, what, min, max)
  if type(v) ~= "number" or not (v >= min and v <= max) then
    wrong(("%s must be a number from %g to %g"):format(what, min, max))
  end
  return v
end

local function arguments(argv)
  local args = list_of_texts(argv, "argv")
  if #args == 0 or args[1] == "" then wrong("argv must name a program") end
  if args[1]:find("/", 1, true) and args[1]:sub(1, 1) ~= "/" then
    wrong("argv[1] must be an absolute path, or a name to be looked for in exec.path")
  end
  return args
end

local function environment(env)
  local list = {}
  if type(env) ~= "table" then wrong("env must be a table of strings") end
  for name, value in pairs(env) do
    if not is_text(name) or name == "" or name:find("=", 1, true) then wrong("env: a name is no name") end
    if type(value) == "number" then value = tostring(value) end
    if not is_text(value) then wrong(("env.%s must be a string without NUL"):format(name)) end
    list[#list + 1] = name .. "=" .. value
  end
  table.sort(list)
  return list
end

-- nil: as far as the kernel supports it; true or a table: required; false: none.
local function sandbox(spec, box)
  if box == false then return end
  spec.box, spec.network = true, true
  if box == nil or box == "best-effort" then return end
  if box == true then spec.strict = true return end
  known(box, BOX, "sandbox")
  spec.strict = box.best_effort ~= true
  spec.network, spec.unix = box.network ~= false, box.unix == true
  spec.read, spec.write = list_of_texts(box.read or {}, "sandbox.read"), list_of_texts(box.write or {}, "sandbox.write")
end

local function output(spec, o)
  spec.max = number(o.output_max or DEFAULT_OUTPUT, "output_max", 0, MAX_OUTPUT)
  local overflow = o.overflow or "truncate"
  if overflow ~= "truncate" and overflow ~= "kill" then wrong("overflow must be \"truncate\" or \"kill\"") end
  spec.strict_max = overflow == "kill"
end

local function spec_of(argv, o)
  known(o, OPTIONS, "options")
  local env = environment(o.env or {})
  local spec = { args = arguments(argv), [o.env_secrets and "secret_env" or "env"] = env, read = {}, write = {} }
  spec.directory, spec.stdin = o.cwd or "", o.stdin or ""
  if not is_text(spec.directory) then wrong("cwd must be a string") end
  if type(spec.stdin) ~= "string" then wrong("stdin must be a string") end
  spec.umask = number(o.umask or UNMASKED, "umask", 0, 511)
  spec.grace_ms = o.grace_s and number(o.grace_s, "grace_s", 0, 60) * 1000 or GRACE_MS
  known(o.limits or {}, LIMITS, "limits")
  for name, value in pairs(o.limits or {}) do spec[name] = number(value, "limits." .. name, 1, 2 ^ 50) end
  sandbox(spec, o.sandbox)
  output(spec, o)
  return spec
end

-- ---- results ----

local function refusal(spec, code, message)
  log.debug("exec: a program was not run", { program = spec.args[1], code = code })
  return nil, { code = code, message = spec.args[1] .. ": " .. message }
end

local function refused(spec, r)
  local words = WORDS[r.code]
  if not words or r.code == "sandbox" and r.text ~= "" and r.text:find "^[./]" then
    words = AT[r.at] .. (r.text ~= "" and r.text ~= spec.args[1] and ": " .. r.text or "") .. ": " .. r.reason
  end
  return refusal(spec, r.code, words)
end

local function not_asked(spec, op)
  if op == host.E.OPS then error(sched.TooMany, 0) end
  local why = CODES[op] or { "failed", host.error_name(op) }
  return refusal(spec, why[1], why[2])
end

-- The result of run(), from a DONE.
local function outcome(spec, status, data, timed_out)
  if status < 0 then return not_asked(spec, status) end
  local r = host.unpack(data)
  if status == host.EXEC.REFUSED then return refused(spec, r) end
  r.timed_out = timed_out
  log.debug("exec: a program ended", { program = spec.args[1], status = r.status, signal = r.signal,
                                       duration_ms = r.duration_ms, timed_out = timed_out or nil })
  return r
end

local function begin(spec)
  local task = sched.current()
  if not task then error("exec: outside a task", 3) end
  beyond "exec"
  if task.tx then error("exec: not inside a transaction", 3) end
  log.debug("exec: a program is run", { program = spec.args[1], arguments = #spec.args - 1 })
  return host.exec(sched.owner(), spec)
end

--- Runs a program until it ends.  Awaits.  argv: the program (an absolute path, or a name to look up in
--- the setting exec.path) and its arguments, without a shell.
--- options: stdin (bytes), cwd (a directory below the setting exec.root), env ({NAME = value}; it has no other),
---   env_secrets (true: its values may hold ${secret:NAME}, filled in by the host, so nothing that others wrote may be
---   in them),
---   timeout_s (30), grace_s (2; between SIGTERM and SIGKILL), output_max (1 MiB; of stdout and of stderr),
---   overflow ("truncate": the rest is counted and dropped; "kill"), umask (18, that is octal 022), limits
---   ({cpu_s, memory_bytes, files (1024), processes (256, descendants included), file_bytes
---   (1 GiB)}), sandbox: {read = {path, ..}, write = {path, ..}, network = bool (true), unix = bool (false; Unix
---   sockets, such as the database's), best_effort = bool}.  The program may read the system's programs and libraries,
---   write to its working directory, and use what the table allows besides.  With a table or true, the kernel must
---   support all of it, else the program is refused; nil and "best-effort" use what it supports; false is no sandbox.
--- Returns {status, or signal, stdout, stderr, stdout_bytes, stderr_bytes, truncated, duration_ms, timed_out}.
---   Or nil and {code = "not_found" | "denied" | "sandbox" | "busy" | "disabled" | "too_large" | "lost" |
---   "failed", message}.  The program's descendants end with it, and it ends with the task.
function M.run(argv, options)
  options = options or {}
  local spec, timed_out = spec_of(argv, options), false
  local seconds = number(options.timeout_s or DEFAULT_TIMEOUT_S, "timeout_s", 0.001, MAX_TIMEOUT_S)
  local op = begin(spec)
  if op < 0 then return not_asked(spec, op) end
  local patience = timer.start(seconds, function()
    timed_out = true
    host.exec_tell(op, host.EXEC.TERM)
  end)
  local ok, status, data = pcall(sched.await, op)
  timer.cancel(patience)
  if not ok then error(status, 0) end
  return outcome(spec, status, data, timed_out)
end

-- ---- a program to talk to ----

local Process = {}
Process.__index = Process

local function wake(p)
  for i, task in ipairs(p.others) do
    p.others[i] = nil
    sched.wake(task, true)
  end
end

local open, sweeping = {}, false                 -- op -> process

local function on_end(p, status, data)
  p.status, p.data, open[p.op] = status, data, nil
  if p.deadline then timer.cancel(p.deadline) end
  wake(p)
end

local function on_event(p, status, data)
  if status == host.EXEC.STDOUT or status == host.EXEC.STDERR then
    p.last = p.last + 1
    p[p.last] = { data, status == host.EXEC.STDOUT and "stdout" or "stderr" }
  end
  wake(p)
end

-- The host sends no event for a program that ended with its task, but other tasks may wait for it.
local function sweep()
  for op, p in pairs(open) do
    if p.task.ended then
      sched.on_chunk(op, nil)
      on_end(p, host.E.CANCELED, "")
    end
  end
  sweeping = next(open) ~= nil
  if sweeping then timer.start(LOOK_S, sweep) end
end

-- Waits for the next event.  False: it is past `limit`, a time of host.clock.
local function park(p, limit)
  local task = sched.current()
  local patience = limit and timer.start(math.max(0, limit - host.clock()), sched.wake, task)
  task.awaits = task.awaits - 1                  -- all output of a program counts as one await
  p.others[#p.others + 1] = task
  local ok, woken = pcall(sched.suspend)
  if patience then timer.cancel(patience) end
  for i = #p.others, 1, -1 do
    if p.others[i] == task then table.remove(p.others, i) end
  end
  if not ok then error(woken, 0) end
  return woken == true
end

--- The next bytes of its output, and "stdout" or "stderr"; each of the two is in order.  Awaits, up to `seconds`.
--- Or nil and "end" (it has ended and all of its output has been read) or "timeout".
function Process:read(seconds)
  local limit = seconds and host.clock() + seconds
  while true do
    local piece = self[self.first]
    if piece then
      self[self.first], self.first = nil, self.first + 1
      if self.first > self.last and not self.status then host.exec_tell(self.op, host.EXEC.RESUME) end
      return piece[1], piece[2]
    end
    if self.status then return nil, "end" end
    if not park(self, limit) then return nil, "timeout" end
  end
end

--- Writes bytes to its standard input.  Awaits while more than 64 KB are queued.  True, or nil and "closed".
function Process:write(bytes)
  if type(bytes) ~= "string" then wrong("write takes a string") end
  local left = not self.status and host.exec_write(self.op, bytes) or host.E.GONE
  while left > 65536 and not self.status do
    park(self)
    left = self.status and 0 or host.exec_write(self.op, "")
  end
  if left < 0 then return nil, left == host.E.LIMIT and "too large" or "closed" end
  return true
end

--- Closes its standard input.
function Process:close_stdin()
  if not self.status then host.exec_tell(self.op, host.EXEC.CLOSE) end
end

--- Ends it: SIGTERM, and SIGKILL after grace_s; at once when `now` is true.  wait() tells how it ended.
function Process:kill(now)
  if not self.status then host.exec_tell(self.op, now and host.EXEC.KILL or host.EXEC.TERM) end
end

--- Waits until it has ended.  Meanwhile up to 256 KB of its output are kept for read(); then the program blocks.
--- Returns {status, or signal, duration_ms, timed_out}, or nil and an error, as exec.run does.
function Process:wait()
  while not self.status do park(self) end
  if self.status == host.E.CANCELED then return refusal(self.spec, "canceled", "its task has ended") end
  return outcome(self.spec, self.status, self.data, self.timed_out)
end

--- Starts a program to talk to, with both directions open.  Takes the options of exec.run except output_max; without
--- timeout_s it may run as long as the task that started it.  stdin: its first input.
--- Returns a process, or nil and an error.  Its wait() reports a program that could not be started (no such program).
function M.start(argv, options)
  options = options or {}
  local spec = spec_of(argv, options)
  spec.stream, spec.open = true, true
  local seconds = options.timeout_s and number(options.timeout_s, "timeout_s", 0.001, 1e6)
  local op = begin(spec)
  if op < 0 then return not_asked(spec, op) end
  local p = setmetatable({ op = op, task = sched.current(), spec = spec, first = 1, last = 0, others = {},
                           timed_out = false }, Process)
  open[op] = p
  if not sweeping then sweep() end
  sched.on_chunk(op, function(status, data) on_event(p, status, data) end,
    function(status, data) on_end(p, status, data) end)
  if seconds then
    p.deadline = timer.start(seconds, function()
      p.timed_out = true
      p:kill()
    end)
  end
  return p
end

return M
