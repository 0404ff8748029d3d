-- host/lua/llm_stream.lua -- from the bytes of a model's answer to a whole answer, or an error.
-- The framing (server-sent events, JSON lines, one JSON document) is handled here, once; what an
-- event means is known by the provider script, which reports it to the collector in four words:
-- text, tool, usage, stop.  An answer without a stop is an error: half an answer is never returned.

local json = require "human.json"
local sse = require "sse"

local M = {}

local MAX_ANSWER_BYTES = 1048576 -- text and tool arguments together
local MAX_TOOL_CALLS = 64
local MAX_EVENT_BYTES = 1048576
local TOKENS_MAX = 1e9

local Collector = {}
Collector.__index = Collector

--- A collector of one answer.  on_delta(text) is called for each piece of text; it may await.
function M.collector(on_delta)
  return setmetatable({
    on_delta = on_delta, pieces = {}, calls = {}, call_of = {}, bytes = 0, tokens = {},
    stop_reason = nil, delivered = false, ended = false, err = nil,
  }, Collector)
end

local function count(self, text)
  self.bytes = self.bytes + #text
  if self.bytes <= MAX_ANSWER_BYTES then return true end
  self:fail { code = "too_large", message = "the answer is longer than " .. MAX_ANSWER_BYTES .. " bytes" }
end

--- A piece of the answer's text.  Anything but a non-empty string is ignored.
function Collector:text(text)
  if type(text) ~= "string" or text == "" or self.err or not count(self, text) then return end
  self.pieces[#self.pieces + 1] = text
  if self.on_delta then
    self.delivered = true
    self.on_delta(text)
  end
end

--- A piece of tool call number `index` (any key, in order of first use).  part: id, name and extra
--- replace; arguments (JSON text) is appended, or a table when the provider sends it whole.
function Collector:tool(index, part)
  if self.err then return end
  local call = self.call_of[index]
  if not call then
    if #self.calls >= MAX_TOOL_CALLS then
      return self:fail { code = "too_large", message = "more than " .. MAX_TOOL_CALLS .. " tool calls" }
    end
    call = { json = {} }
    self.calls[#self.calls + 1] = call
    self.call_of[index] = call
  end
  call.id, call.name = part.id or call.id, part.name or call.name
  call.extra = part.extra or call.extra
  if type(part.arguments) == "table" then
    if count(self, json.encode(part.arguments)) then call.value = part.arguments end
  elseif type(part.arguments) == "string" and count(self, part.arguments) then
    call.json[#call.json + 1] = part.arguments
  end
end

-- A number that can be one of tokens; they are counted in whole ones.
local function whole(n)
  return type(n) == "number" and n >= 0 and n < TOKENS_MAX and math.floor(n) or nil
end

--- Token counts as the server gave them; later ones replace earlier ones.  What cannot be one is ignored.
function Collector:usage(input, output)
  self.tokens.input = whole(input) or self.tokens.input
  self.tokens.output = whole(output) or self.tokens.output
end

--- The model has finished: "stop", "length" or "tool_calls".
function Collector:stop(reason) self.stop_reason = reason end

--- Nothing more will come; the transfer need not be read to its end.
function Collector:finish() self.ended = true end

--- The answer failed: {code, message, retryable, status, retry_after_s}.  The first failure counts.
function Collector:fail(err)
  self.err = self.err or err
  self.ended = true
end

local function bad(message) return nil, { code = "bad_response", message = message, retryable = true } end

local function read_arguments(call)
  local value = call.value
  if not value then
    local text = table.concat(call.json)
    if text:find "%S" then value = json.decode(text) else value = {} end
  end
  if type(value) == "table" and not json.is_array(value) then return value end
  return bad("the arguments of tool " .. call.name .. " are not a JSON object")
end

local function tool_calls(self)
  local list = {}
  for i, call in ipairs(self.calls) do
    if type(call.name) ~= "string" or call.name == "" then return bad("a tool call has no name") end
    local arguments, err = read_arguments(call)
    if not arguments then return nil, err end
    local id = type(call.id) == "string" and call.id ~= "" and call.id or "call_" .. i
    list[i] = { id = id, name = call.name, arguments = arguments, extra = call.extra }
  end
  return list
end

--- The whole answer {text, tool_calls, stop_reason, input_tokens, output_tokens}, or nil and an error.
function Collector:result()
  if self.err then return nil, self.err end
  if not self.stop_reason then
    return nil, { code = "incomplete", message = "the answer ended early", retryable = true }
  end
  local calls, err = tool_calls(self)
  if not calls then return nil, err end
  return {
    text = table.concat(self.pieces), tool_calls = calls,
    stop_reason = #calls > 0 and self.stop_reason == "stop" and "tool_calls" or self.stop_reason,
    input_tokens = self.tokens.input, output_tokens = self.tokens.output,
  }
end

-- One decoded event to the provider; the end marker of OpenAI's dialect is not JSON.
local function deliver(provider, out, state, text, name)
  if out.ended then return end
  if text == "[DONE]" then return out:finish() end
  local value = json.decode(text)
  if type(value) ~= "table" then
    return out:fail { code = "bad_response", message = "an event is not a JSON object", retryable = true }
  end
  provider.event(out, value, state, name)
end

local function too_long(out)
  out:fail { code = "too_large", message = "an event is longer than " .. MAX_EVENT_BYTES .. " bytes" }
end

local function read_sse(provider, out)
  local parser, state = sse.parser { max_bytes = MAX_EVENT_BYTES }, {}
  local function on_event(event) deliver(provider, out, state, event.data, event.event) end
  return function(bytes)
    if not parser:feed(bytes, on_event) then too_long(out) end
  end, function() end
end

local function read_lines(provider, out)
  local state, pieces, held = {}, {}, 0
  local function line()
    local text = table.concat(pieces)
    pieces, held = {}, 0
    if text:find "%S" then deliver(provider, out, state, text) end
  end
  return function(bytes)
    local from = 1
    while true do
      local at = bytes:find("\n", from, true)
      pieces[#pieces + 1] = bytes:sub(from, at and at - 1)
      held = held + #pieces[#pieces]
      if held > MAX_EVENT_BYTES then return too_long(out) end
      if not at then return end
      line()
      from = at + 1
    end
  end, function()
    -- A last line without its end is whole when it is JSON; cut short, it cannot be.
    if json.decode(table.concat(pieces)) then line() end
  end
end

local function read_document(provider, out)
  local pieces, held = {}, 0
  return function(bytes)
    pieces[#pieces + 1] = bytes
    held = held + #bytes
    if held > MAX_EVENT_BYTES then too_long(out) end
  end, function()
    deliver(provider, out, {}, table.concat(pieces))
  end
end

--- A reader of an answer: feed(bytes) -> false once nothing more is needed, and close() at its end.
--- A server that ignores `stream` and answers with one document is understood where the provider is.
function M.reader(provider, out, content_type)
  local make = read_lines
  if provider.framing == "sse" then
    local is_document = (content_type or ""):find("application/json", 1, true)
    make = is_document and read_document or read_sse
  end
  local feed, close = make(provider, out)
  return function(bytes)
    feed(bytes)
    return not out.ended
  end, close
end

return M
