-- scripts/gateway/mcp/http.lua -- a server of the Model Context Protocol behind an address ("streamable HTTP"): each
-- message is a POST, whose answer is JSON or a stream of events.  Nothing is kept open between calls, but one stream of
-- a server that tells when its list of tools changes (since revision 2026-07-28), for as long as it is called.

local fetch = require "human.fetch"
local sse = require "sse"
local system = require "human.system"
local task = require "human.task"
local headers = require "gateway.mcp.headers"
local messages = require "gateway.mcp.messages"

local M = {}

local MESSAGE_MAX, ANSWER_MAX = 4 * 1048576, 16 * 1048576 -- limit: of one message; of all that one call is answered
local NOTICE_S, CALLS_MAX = 5, 64
local LISTEN_S, LOOK_S = 600, 1                  -- of one stream of notices; between looks whether it is wanted
local AGAIN_S, AGAIN_MAX_S = 5, 300              -- limit: until one is opened again; doubled while they are short

local Http = {}
Http.__index = Http

local function headers_of(self, more)
  local all = { ["content-type"] = "application/json", accept = "application/json, text/event-stream" }
  for name, value in pairs(self.server.headers) do all[name] = value end
  for name, value in pairs(more or {}) do all[name] = value end
  all["mcp-protocol-version"], all["mcp-session-id"] = self.version, self.session
  return all
end

-- What the newest revision repeats of a request, and the headers that go with its arguments.
local function repeated(self, method, params, more)
  if not self.book.described then return nil end
  local all = { ["mcp-method"] = method, ["mcp-name"] = params.name and headers.value(params.name) }
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

-- A request with a key goes where the operator said; any other one nowhere that strangers could not be sent.
local function request_of(self, text, seconds, more)
  return { url = self.server.url, method = "POST", headers = headers_of(self, more), body = text, timeout_s = seconds,
           guard = not self.server.holds_secret, max_bytes = ANSWER_MAX }
end

local function post(self, text) return fetch(request_of(self, text, NOTICE_S)) end

function Http:write(text) return post(self, text) end

function Http:notify(method, params) return post(self, messages.notice(self.book, method, params)) end

local WORDS = {
  [401] = "it wants a key, or another one (headers or secret of mcp_servers)", [403] = "it refuses the key",
  [404] = "there is no such address, or its session is over",
}

local function take(self, text) return messages.take(self.book, text, function(t) return self:write(t) end) end

-- What reads the pieces of an answer: in(bytes, head), which says false when it has enough; and over(), at the end.
local function reader(self, waiting)
  local parser, parts, held, wrong = nil, {}, 0, nil
  local function piece(bytes, head)
    if not parser and (head.headers["content-type"] or ""):find "^text/event%-stream" then
      parser = sse.parser { max_bytes = MESSAGE_MAX }
    end
    held = held + #bytes
    if not parser then
      parts[#parts + 1] = bytes
      if held > MESSAGE_MAX then wrong = ("it sent a message of more than %d bytes"):format(MESSAGE_MAX) end
      return not wrong
    end
    local fine, why = parser:feed(bytes, function(event)
      if not take(self, event.data) then wrong = "it sends too much that is no answer" end
    end)
    wrong = wrong or not fine and why or nil
    return not wrong and not waiting.answer
  end
  local function over()
    if not parser and not wrong then take(self, table.concat(parts)) end
    return wrong
  end
  return piece, over
end

-- A session is sent back to who gave it; it may not have the host fill in a ${secret:NAME}.
local function is_session(text) return #text <= 1024 and text:find "^[!-~]+$" and not text:find("${", 1, true) end

-- What is wrong, or nil; and whether the server may still be at it.
local function exchange(self, request, id, waiting, explains)
  local piece, over = reader(self, waiting)
  request.on_chunk = piece
  local answer, err = fetch(request)
  if not answer then return err.message, err.code == "timeout" end
  self.status = answer.status
  if answer.status < 200 or answer.status > 299 then
    if answer.status == 404 and self.session then self.dead, self.is_idle = "its session is over", true end
    if explains and answer.status ~= 401 and answer.status ~= 403 then
      messages.refusal(self.book, id, answer.body)
    end
    return WORDS[answer.status] or ("it answered with status %d"):format(answer.status)
  end
  local session = answer.headers["mcp-session-id"]
  if session and not self.book.described and is_session(session) then self.session = self.session or session end
  return over()
end

-- In the newest revision the end of the connection says it.
local function cancel(self, id)
  if self.book.described then return end
  task.detach(function()
    pcall(self.notify, self, "notifications/cancelled", { requestId = id, reason = "nobody waits for it" })
  end)
end

--- As of a program (gateway.mcp.stdio).
function Http:request(method, params, seconds, options)
  local o = options or {}
  if self.dead then return nil, self.dead end
  if self.book.n >= CALLS_MAX then return nil, "too many calls wait for it" end
  local id, text, waiting = messages.call(self.book, method, params, o.on_progress)
  local request = request_of(self, text, seconds, repeated(self, method, params, o.headers))
  local explains = self.book.described or method == "initialize"
  local ok, why, is_late = pcall(exchange, self, request, id, waiting, explains)
  messages.forget(self.book, id)
  self.used_at = task.clock()
  local message = waiting.answer
  if not message and not o.is_probe and (not ok or is_late) then cancel(self, id) end
  if not ok then error(why, 0) end
  if not message then return nil, why or "it did not answer" end
  if message.error then return nil, message.error.message, message.error end
  return message.result
end

-- Hears until the stream ends; whether the server said that it would tell anything.
local function hear(self)
  local text, parser, is_fine = messages.listen(self.book), sse.parser { max_bytes = MESSAGE_MAX }, true
  local request = request_of(self, text, LISTEN_S, repeated(self, "subscriptions/listen", {}))
  local was_heard = false
  request.on_chunk = function(bytes)
    local is_read = parser:feed(bytes, function(event) is_fine = take(self, event.data) and is_fine end)
    was_heard = was_heard or self.book.is_heard
    return is_read and is_fine and self.book.listen_id ~= nil
  end
  fetch(request)
  messages.deafen(self.book)
  return was_heard and is_fine
end

local function is_wanted(self)
  return not self.dead and not system.is_draining() and task.clock() - self.used_at <= self.server.idle_s
end

-- One stream, in a task that is ended when nobody calls the server any more; whether to open another.
local function hear_while_wanted(self)
  local me, is_over, was_heard = task.current(), false, false
  local stream = task.detach(function()
    local ok, heard = pcall(hear, self)
    is_over, was_heard = true, ok and heard
    task.wake(me)
  end)
  while not is_over and is_wanted(self) do task.wait(LOOK_S) end
  if not is_over then task.kill(stream) end
  return was_heard and is_wanted(self)
end

--- Hears of changes of the list of tools.
function Http:listen()
  task.detach(function()
    task.name("gateway mcp", self.server.name)
    local began, pause_s = task.clock(), AGAIN_S
    while hear_while_wanted(self) do
      pause_s = task.clock() - began > AGAIN_MAX_S and AGAIN_S or math.min(pause_s * 2, AGAIN_MAX_S)
      local until_at = task.clock() + pause_s
      while task.clock() < until_at and is_wanted(self) do task.wait(LOOK_S) end
      began = task.clock()
    end
  end)
end

--- Forgets the session, which the server is told.
function Http:close(why)
  if self.dead then return end
  self.dead = why
  if not self.session then return end
  task.detach(function()
    local request = request_of(self, nil, NOTICE_S)
    request.method = "DELETE"
    pcall(fetch, request)
  end)
end

--- A connection to the address of a server; nothing is sent yet.
function M.open(server)
  return setmetatable({ server = server, book = messages.book(), used_at = task.clock() }, Http)
end

return M
