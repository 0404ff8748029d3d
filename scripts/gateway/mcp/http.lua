-- scripts/gateway/mcp/http.lua -- a server of the Model Context Protocol behind an address ("streamable HTTP"): each
-- message is a POST, whose answer is JSON or a stream of events.  Nothing is kept open between calls.

local fetch = require "human.fetch"
local sse = require "sse"
local task = require "human.task"
local messages = require "gateway.mcp.messages"

local M = {}

local MESSAGE_MAX, ANSWER_MAX = 4 * 1048576, 16 * 1048576 -- limit: of one message; of all that one call is answered
local NOTICE_S, CALLS_MAX = 5, 64

local Http = {}
Http.__index = Http

local function headers_of(self)
  local headers = { ["content-type"] = "application/json", accept = "application/json, text/event-stream" }
  for name, value in pairs(self.server.headers) do headers[name] = value end
  headers["mcp-protocol-version"], headers["mcp-session-id"] = self.version, self.session
  return headers
end

-- A request with a key goes where the operator said; any other one nowhere that strangers could not be sent.
local function request_of(self, text, seconds)
  return { url = self.server.url, method = "POST", headers = headers_of(self), body = text, timeout_s = seconds,
           guard = not self.server.holds_secret, max_bytes = ANSWER_MAX }
end

local function post(self, text) return fetch(request_of(self, text, NOTICE_S)) end

function Http:write(text) return post(self, text) end

function Http:notify(method, params) return post(self, messages.notice(method, params)) end

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

-- What is wrong, or nil; and whether the server may still be at it.
local function exchange(self, text, waiting, seconds)
  local request, piece, over = request_of(self, text, seconds), reader(self, waiting)
  request.on_chunk = piece
  local answer, err = fetch(request)
  if not answer then return err.message, err.code == "timeout" end
  if answer.status < 200 or answer.status > 299 then
    if answer.status == 404 and self.session then self.dead, self.is_idle = "its session is over", true end
    return WORDS[answer.status] or ("it answered with status %d"):format(answer.status)
  end
  local session = answer.headers["mcp-session-id"]
  if session and #session <= 1024 and session:find "^[!-~]+$" then self.session = self.session or session end
  return over()
end

local function cancel(self, id)
  task.detach(function()
    pcall(self.notify, self, "notifications/cancelled", { requestId = id, reason = "nobody waits for it" })
  end)
end

--- As of a program (gateway.mcp.stdio).
function Http:request(method, params, seconds, on_progress)
  if self.dead then return nil, self.dead end
  if self.book.n >= CALLS_MAX then return nil, "too many calls wait for it" end
  local id, text, waiting = messages.call(self.book, method, params, on_progress)
  local ok, why, is_late = pcall(exchange, self, text, waiting, seconds)
  messages.forget(self.book, id)
  self.used_at = task.clock()
  local message = waiting.answer
  if not message and (not ok or is_late) then cancel(self, id) end
  if not ok then error(why, 0) end
  if not message then return nil, why or "it did not answer" end
  if message.error then return nil, message.error.message, message.error end
  return message.result
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
