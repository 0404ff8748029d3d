-- scripts/gateway/mcp/stdio.lua -- a server of the Model Context Protocol that is a program: lines of JSON over its
-- standard input and output.  It runs in a sandbox, in a task of its own that reads all that it prints, and ends when
-- nobody has called it for a while, when its worker or these scripts end, and when it misbehaves.

local exec = require "human.exec"
local system = require "human.system"
local task = require "human.task"
local messages = require "gateway.mcp.messages"
local texts = require "human.text"

local M = {}

local LINE_MAX = 4 * 1048576                     -- limit: of one message
local PARTS_MAX, LOOK_S, END_S = 4096, 1, 2
local CALLS_MAX, LATE_MAX = 64, 3                -- limit: calls that wait; calls in a row that were not answered

local Stdio = {}
Stdio.__index = Stdio

-- ---- reading ------------------------------------------------------------------------------------------------

local function die(self, why)
  if self.dead then return end
  self.dead = why
  for _, waiting in pairs(self.book.pending) do task.wake(waiting.task) end
end

-- Bytes of its output; what is wrong with them, or nil.
local function feed(self, bytes)
  local from = 1
  while true do
    local at = bytes:find("\n", from, true)
    local piece = bytes:sub(from, at and at - 1)
    self.held = self.held + #piece
    if self.held > LINE_MAX then return ("it sent a message of more than %d bytes"):format(LINE_MAX) end
    self.parts[#self.parts + 1] = piece
    if #self.parts > PARTS_MAX then self.parts = { table.concat(self.parts) } end
    if not at then return nil end
    local line = table.concat(self.parts)
    self.parts, self.held, from = {}, 0, at + 1
    local fine = messages.take(self.book, line, function(text) return self:write(text) end)
    if not fine then return "it prints too much that is no answer" end
  end
end

local function is_idle(self)
  return self.book.n == 0 and (task.clock() - self.used_at > self.server.idle_s or system.is_draining())
end

-- Reads until it ends, or is to end; why.
local function read_all(self)
  while not self.ending do
    local bytes, where = self.process:read(LOOK_S)
    local wrong
    if bytes and where == "stdout" then
      wrong = feed(self, bytes)
    elseif bytes then
      self.said = (self.said .. bytes):sub(-2000)
      wrong = not messages.noise(self.book, #bytes) and "it prints too much on its standard error" or nil
    elseif where == "end" then
      return nil
    elseif is_idle(self) then
      return "it was idle", true
    end
    if wrong then return wrong end
  end
  return self.ending
end

-- Lets it end by itself for a moment.
local function end_softly(self)
  self.process:close_stdin()
  local until_at = task.clock() + END_S
  while task.clock() < until_at do
    local bytes, where = self.process:read(until_at - task.clock())
    if not bytes and where == "end" then return end
  end
end

local function how_it_ended(self)
  local done, err = self.process:wait()
  if not done then return err.message end
  local said = self.server.holds_secret and "" or texts.trim(self.said) -- it may say what it was given
  self.detail = texts.cut(said:match "^.*\n(.*)$" or said, 300)
  return "it ended " .. (done.signal and "by signal " .. done.signal or "with status " .. tostring(done.status))
end

local function keep(self)
  task.name("gateway mcp", self.server.name)
  local ok, why, is_over = pcall(read_all, self)
  if ok and is_over then
    self.is_idle = true
    die(self, why)
    pcall(end_softly, self)
  end
  self.process:kill(not is_over)
  if not ok then
    die(self, "its worker is ending")
    error(why, 0)
  end
  die(self, self.ending or why or how_it_ended(self))
end

-- ---- writing ------------------------------------------------------------------------------------------------

function Stdio:write(text) return self.process:write(text .. "\n") end

function Stdio:notify(method, params) return self:write(messages.notice(self.book, method, params)) end

-- The server is told that nobody waits; one that never answers is ended.
local function cancel(self, id, is_late)
  self.late = self.late + (is_late and 1 or 0)
  if self.late >= LATE_MAX then self.ending = ("it did not answer %d calls in a row"):format(LATE_MAX) end
  task.detach(function()
    if self.dead then return end
    pcall(self.notify, self, "notifications/cancelled", { requestId = id, reason = "nobody waits for it" })
    if self.ending then self.process:kill() end
  end)
end

local function await(self, text, waiting, seconds)
  local until_at = task.clock() + seconds
  self:write(text)
  while not waiting.answer and not self.dead do
    local left = until_at - task.clock()
    if left <= 0 then return end
    task.wait(left)
  end
end

--- Calls a method: its result; or nil and why not, and the error of the server where it is one.  Awaits, for at most
--- so many seconds.  options: on_progress(n, total, text); headers, for HTTP; is_probe (no answer is no fault).
function Stdio:request(method, params, seconds, options)
  local o = options or {}
  if self.dead then return nil, self.dead end
  if self.book.n >= CALLS_MAX then return nil, "too many calls wait for it" end
  local id, text, waiting = messages.call(self.book, method, params, o.on_progress)
  local ok, err = pcall(await, self, text, waiting, seconds)
  messages.forget(self.book, id)
  self.used_at = task.clock()
  local message = waiting.answer
  if not message and not self.dead and not o.is_probe then cancel(self, id, ok) end
  if not ok then error(err, 0) end
  if not message then return nil, self.dead or ("it did not answer within %g seconds"):format(seconds) end
  self.late = 0
  if message.error then return nil, message.error.message, message.error end
  return message.result
end

--- Asks to hear of changes of the list of tools.
function Stdio:listen() self:write(messages.listen(self.book)) end

--- Ends it.
function Stdio:close(why)
  if self.dead then return end
  self.ending = self.ending or why
  self.process:kill()
end

--- Starts the program of a server: a connection; or nil and why not.
function M.open(server)
  local self = setmetatable({ server = server, book = messages.book(), parts = {}, held = 0, said = "", late = 0,
                              used_at = task.clock() }, Stdio)
  local why
  task.detach(function()
    local process, err = exec.start(server.argv, { env = server.env, env_secrets = true,
      sandbox = { network = server.network, read = server.read, write = server.write } })
    if not process then
      why = err.message
      return
    end
    self.process = process
    keep(self)
  end)
  if not self.process then return nil, why or "it cannot be started" end
  return self
end

return M
