-- host/lua/http/rpc_frame.lua -- the frames of an RPC socket, in both dialects.
-- "gateway": {"type":"req", id, method, params}, with answers as "res" and events as "event" frames; "jsonrpc":
-- JSON-RPC 2.0 with notifications and batches.  Ids are returned byte for byte: a number may exceed a double.
-- Handles texts and values, not connections.

local fail = require "human.fail"
local json = require "human.json"
local jsonrpc = require "jsonrpc"
local verbatim = require "human.schema.verbatim"

local M = {}
local ID_MAX, METHOD_MAX = 256, 128              -- bytes; of an id, as written
local NO_ID = { gateway = '"0"', jsonrpc = "null" }
local protocol = jsonrpc.new { null = json.null, array = json.array, is_array = json.is_array }

M.DIALECTS = { gateway = true, jsonrpc = true }

-- ---- in ----------------------------------------------------------------------------------------

-- An id as text for the answer; nil if invalid.  The decoder lets control characters pass in strings, but the
-- answer must not contain them.
local function id_text(v, text)
  if type(v) ~= "string" and type(v) ~= "number" and v ~= json.null or v ~= v then return nil end
  if #text > ID_MAX then return nil end
  return text:find "%c" and json.encode(v) or text
end

local function invalid(dialect, id, why)
  return { kind = "invalid", dialect = dialect, id_text = id, why = why }
end

-- A call from its parts.  texts: the frame's members as text; nil for a frame that scripts have adapted.
local function call(dialect, kind, frame, id, texts)
  if #frame.method > METHOD_MAX then return invalid(dialect, id, "the method is too long") end
  local params = frame.params
  if params == json.null then params = nil end
  return { kind = kind, dialect = dialect, method = frame.method, id_text = id, id = frame.id, params = params,
           params_text = params ~= nil and texts and texts.params or nil }
end

local function read_jsonrpc(frame, text)
  local texts = verbatim.members(text)
  local id = frame.id ~= nil and id_text(frame.id, texts.id) or nil
  local message = protocol:read(frame)[1]
  if message.kind == "answer" then return message end
  if message.kind == "invalid" or frame.id ~= nil and not id then return invalid("jsonrpc", id) end
  return call("jsonrpc", message.kind, frame, id, texts)
end

-- Some clients omit the type, some also the id.
local function read_gateway(frame, text, adapt)
  local texts = text and verbatim.members(text)
  local id = frame.id ~= nil and id_text(frame.id, texts and texts.id or json.encode(frame.id)) or nil
  local is_plain = frame.type == "req" or frame.type == nil
  if is_plain and type(frame.method) == "string" then
    if id and frame.id ~= json.null then return call("gateway", "request", frame, id, texts) end
    if frame.type == nil and frame.id == nil then return call("gateway", "notification", frame, nil, texts) end
    return invalid("gateway", nil, "id must be a string of at most " .. ID_MAX - 2 .. " bytes")
  end
  local adapted = adapt and text and adapt(frame)
  if type(adapted) == "table" then return read_gateway(adapted, nil, nil) end
  return invalid("gateway", id)
end

local function read_one(v, text, socket)
  if type(v) ~= "table" or json.is_array(v) or v == json.null then
    return invalid(nil, nil, "a message is an object")
  end
  local dialect = v.jsonrpc ~= nil and "jsonrpc" or "gateway"
  if not socket.dialects[dialect] then return invalid(nil, nil, "this dialect is not spoken here") end
  if dialect == "jsonrpc" then return read_jsonrpc(v, text) end
  return read_gateway(v, text, socket.adapt)
end

local function read_batch(list, text, socket)
  if not socket.dialects.jsonrpc then return invalid(nil, nil, "a message is an object") end
  if #list == 0 then return invalid("jsonrpc", nil, "a batch is not empty") end
  if #list > socket.batch then
    return invalid("jsonrpc", nil, ("a batch holds at most %d messages"):format(socket.batch))
  end
  local texts, calls = verbatim.members(text), {}
  for i = 1, #list do
    local one = read_one(list[i], texts[i], socket)
    if one.kind == "invalid" then one.dialect = "jsonrpc" end
    if one.dialect ~= "jsonrpc" and one.kind ~= "answer" then one = invalid("jsonrpc", one.id_text) end
    calls[i] = one
  end
  return nil, calls
end

--- The call in a message, or nil and the calls of a batch.  A call is {kind = "request" | "notification" | "answer"
--- (of a client to a question that we do not ask) | "invalid" | "unreadable", dialect (nil: not known), method, id,
--- id_text, params, params_text, why}.
function M.read(text, socket)
  local v, err = json.decode(text)
  if err then return { kind = "unreadable", why = err } end
  if json.is_array(v) then return read_batch(v, text, socket) end
  return read_one(v, text, socket)
end

-- ---- out ---------------------------------------------------------------------------------------

--- The frame of an answer.  body: JSON text.
function M.result(call_, body)
  if call_.dialect == "jsonrpc" then
    return '{"jsonrpc":"2.0","id":' .. (call_.id_text or "null") .. ',"result":' .. body .. "}"
  end
  return '{"type":"res","id":' .. (call_.id_text or NO_ID.gateway) .. ',"ok":true,"payload":' .. body .. "}"
end

-- The number and name of errors, unless the catalogue has them (rpc = {number, NAME}).
local BY_CODE = {
  parse_error = { -32700, "PARSE_ERROR" }, invalid_request = { -32600, "INVALID_REQUEST" },
  method_not_found = { -32601, "METHOD_NOT_FOUND" }, validation_error = { -32602, "INVALID_PARAMS" },
  internal = { -32603, "INTERNAL" }, request_canceled = { -32800, "CANCELED" },
}
local BY_STATUS = {
  [401] = { -32001, "UNAUTHORIZED" }, [403] = { -32002, "FORBIDDEN" }, [404] = { -32004, "NOT_FOUND" },
  [409] = { -32005, "CONFLICT" }, [429] = { -32029, "RATE_LIMITED" }, [503] = { -32003, "UNAVAILABLE" },
}
local OTHER = -32000                             -- JSON-RPC: "implementation-defined server-errors"

--- The number and name of a Fail.
function M.number(f)
  local own = f.entry.rpc or BY_CODE[f.name] or BY_STATUS[f.status] or { OTHER, f.code:upper() }
  return own[1], own[2]
end

local SPECIAL = { message = true, details = true, retry_after_s = true, headers = true }

-- The data of a Fail that clients may see, besides its message.
local function facts(f, ref)
  local out = {}
  for name, value in pairs(f.data or {}) do
    if not SPECIAL[name] then out[name] = value end
  end
  out.code, out.details = f.code, f.details
  local retry_s = f.data and f.data.retry_after_s
  out.retryAfterMs = retry_s and math.ceil(retry_s * 1000) or nil
  if f.status == 500 then out.requestId = ref end
  return out
end

--- The frame of a refusal.  f: a Fail; ref: the call's id in our log.
function M.failure(call_, f, ref)
  local number, name = M.number(f)
  if call_.dialect == "jsonrpc" then
    local body = { code = number, message = f.message, data = facts(f, ref) }
    return '{"jsonrpc":"2.0","id":' .. (call_.id_text or "null") .. ',"error":' .. json.encode_sorted(body) .. "}"
  end
  local data = facts(f, ref)
  local body = { code = name, message = f.message, reason = data.code, details = data.details,
                 retryAfterMs = data.retryAfterMs, requestId = data.requestId,
                 retryable = f.status == 429 or f.status == 503 or data.retryAfterMs ~= nil or nil }
  data.code, data.details, data.retryAfterMs, data.requestId = nil, nil, nil, nil
  if next(data) then body.data = data end
  return '{"type":"res","id":' .. (call_.id_text or NO_ID.gateway) .. ',"ok":false,"payload":'
    .. json.encode_sorted { code = name, error = f.message, message = f.message } .. ',"error":'
    .. json.encode_sorted(body) .. "}"
end

--- The frame of an event.  payload: the text of a JSON object; seq: its number, or nil.
function M.event(dialect, name, payload, seq)
  if dialect == "gateway" then
    local number = seq and ',"seq":' .. seq or ""
    return '{"type":"event","event":' .. json.quote(name) .. ',"payload":' .. payload .. number .. "}"
  end
  if seq then payload = payload:sub(1, -2) .. (payload == "{}" and "" or ",") .. '"seq":' .. seq .. "}" end
  return '{"jsonrpc":"2.0","method":' .. json.quote(name) .. ',"params":' .. payload .. "}"
end

--- The Fail for an invalid call, from a catalogue.
function M.refusal(call_, errors)
  local data = call_.why and { message = call_.why } or nil
  return fail.new(call_.kind == "unreadable" and "parse_error" or "invalid_request", data, errors)
end

return M
