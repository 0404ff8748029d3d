-- rocks/jsonrpc/jsonrpc.lua -- JSON-RPC 2.0 on decoded values: parsing messages, serving them, and a client's calls.
-- It neither reads nor writes JSON and does no I/O.  Messages are not trusted, and an error that a handler raises never
-- reaches the other side.

local M = {}

local floor = math.floor

M.PARSE_ERROR, M.INVALID_REQUEST, M.METHOD_NOT_FOUND = -32700, -32600, -32601
M.INVALID_PARAMS, M.INTERNAL_ERROR = -32602, -32603

local MESSAGES = {
  [M.PARSE_ERROR] = "Parse error", [M.INVALID_REQUEST] = "Invalid Request", [M.METHOD_NOT_FOUND] = "Method not found",
  [M.INVALID_PARAMS] = "Invalid params", [M.INTERNAL_ERROR] = "Internal error",
}

local DEFAULTS = {
  null = nil, array = function(list) return list end, is_array = function(t) return t[1] ~= nil end,
  max_batch = 100,     -- messages of a batch
  max_pending = 1000,  -- calls of a client that have no answer yet
}

local FAILURE = {}

--- An error as it is sent.  A handler returns or raises it.
function M.error(code, message, data)
  return setmetatable({ code = code, message = message or MESSAGES[code] or "Server error", data = data }, FAILURE)
end

local function is_failure(v) return getmetatable(v) == FAILURE end

-- Messages ----------------------------------------------------------------------------------------------

local protocol = {}
protocol.__index = protocol

--- The protocol for a user's null and arrays.  options, all optional: null; array(list), which marks an empty list as
--- one; is_array(t); max_batch; max_pending.
function M.new(options)
  local o = setmetatable({}, { __index = DEFAULTS })
  for name, value in pairs(options or {}) do o[name] = value end
  return setmetatable({ o = o }, protocol)
end

local function is_object(self, v) return type(v) == "table" and v ~= self.o.null and not self.o.is_array(v) end

local function is_id(self, v)
  return type(v) == "string" or (type(v) == "number" and v - v == 0) or (v ~= nil and v == self.o.null)
end

local function is_absent(self, v) return v == nil or v == self.o.null end

--- A call, or without `id` a notification, as a table to be encoded.
function protocol.call(_, method, params, id)
  return { jsonrpc = "2.0", method = method, params = params, id = id }
end

--- An answer.  A result that is nil is null.
function protocol:result(id, value)
  if value == nil then value = self.o.null end
  return { jsonrpc = "2.0", id = id, result = value }
end

--- An error response: a number, or a value from M.error.  Without an id, the id is null.
function protocol:failure(id, failure)
  if not is_failure(failure) then failure = M.error(failure) end
  if id == nil then id = self.o.null end
  return { jsonrpc = "2.0", id = id, error = { code = failure.code, message = failure.message, data = failure.data } }
end

-- {kind = "request", id, method, params}; "notification" without an id; "answer" with id, result or error; or
-- "invalid" with the id, if that is valid.
local function read(self, v)
  if not is_object(self, v) then return { kind = "invalid" } end
  local id = v.id
  local message = { kind = "invalid", id = is_id(self, id) and id or nil }
  if v.jsonrpc ~= "2.0" or (id ~= nil and message.id == nil) then return message end
  if v.method == nil then
    local failure = v.error
    if id == nil or (v.result ~= nil) == (failure ~= nil) then return message end
    if failure ~= nil then
      local code = is_object(self, failure) and failure.code
      if type(code) ~= "number" or code ~= floor(code) or type(failure.message) ~= "string" then return message end
      message.error = M.error(code, failure.message, failure.data)
    end
    message.kind, message.result = "answer", v.result
    return message
  end
  if type(v.method) ~= "string" then return message end
  if not is_absent(self, v.params) then
    if type(v.params) ~= "table" then return message end
    message.params = v.params
  end
  message.kind, message.method = id == nil and "notification" or "request", v.method
  return message
end

--- The messages of a decoded value: a list, and whether it was a batch.  nil when a batch is empty or too long.
function protocol:read(value)
  if type(value) ~= "table" or value == self.o.null or not self.o.is_array(value) then
    return { read(self, value) }, false
  end
  if #value == 0 or #value > self.o.max_batch then return nil, true end
  local list = {}
  for i = 1, #value do list[i] = read(self, value[i]) end
  return list, true
end

-- A server -----------------------------------------------------------------------------------------------

local function answer(self, message, handle, on_error)
  local ok, value, failure = pcall(handle, message.method, message.params, message)
  if not ok then
    failure = is_failure(value) and value or (on_error and on_error(value, message)) or M.error(M.INTERNAL_ERROR)
  elseif is_failure(value) then
    failure = value
  end
  if message.kind == "notification" then return nil end
  if failure ~= nil then return self:failure(message.id, failure) end
  return self:result(message.id, value)
end

--- Serves a decoded value: returns the value to encode as the answer, or nil when there is nothing to send.
--- handle(method, params, message) returns a result, or nil and an error (a number, or of M.error), or raises one; for
--- an unknown method that is M.METHOD_NOT_FOUND.  Answers within `value` are passed to options.on_answer(message).
--- options.on_error(raised, message) gets anything else that a handler raised, and may return an error for it.
function protocol:serve(value, handle, options)
  local messages, is_batch = self:read(value)
  if not messages then return self:failure(nil, M.INVALID_REQUEST) end
  local on_answer, on_error = options and options.on_answer, options and options.on_error
  local out = {}
  for _, message in ipairs(messages) do
    if message.kind == "invalid" then
      out[#out + 1] = self:failure(message.id, M.INVALID_REQUEST)
    elseif message.kind ~= "answer" then
      out[#out + 1] = answer(self, message, handle, on_error)
    elseif on_answer then
      on_answer(message)
    else
      out[#out + 1] = self:failure(message.id, M.INVALID_REQUEST)
    end
  end
  if not out[1] then return nil end
  return is_batch and self.o.array(out) or out[1]
end

--- The answer to a text that is no JSON.
function protocol:parse_error() return self:failure(nil, M.PARSE_ERROR) end

-- A client -----------------------------------------------------------------------------------------------

local client = {}
client.__index = client

--- The client's side: it numbers calls and matches answers to them.
function protocol:client()
  return setmetatable({ protocol = self, last = 0, pending = {}, count = 0 }, client)
end

--- A call to encode, and its id; `about` is returned with the answer.  nil and a message when too many are pending.
function client:call(method, params, about)
  if self.count >= self.protocol.o.max_pending then return nil, "too many calls wait for their answers" end
  self.last, self.count = self.last + 1, self.count + 1
  self.pending[self.last] = { about = about }
  return self.protocol:call(method, params, self.last), self.last
end

--- A notification to be encoded.
function client:notify(method, params) return self.protocol:call(method, params) end

--- Takes an answer from `read`: true, result, error, about; or false when no call is waiting for it.
function client:take(message)
  local id = message.id
  local waiting = message.kind == "answer" and id ~= self.protocol.o.null and self.pending[id]
  if not waiting then return false end
  self:forget(id)
  return true, message.result, message.error, waiting.about
end

--- Stops waiting for the answer to a call.
function client:forget(id)
  if self.pending[id] then self.pending[id], self.count = nil, self.count - 1 end
end

return M
