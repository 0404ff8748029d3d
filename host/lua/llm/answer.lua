-- host/lua/llm/answer.lua -- assembles a model's answer from pieces, or an error.
-- The provider script interprets the events of a stream, and reports them as one of: text, tool,
-- usage, stop, broken, fail.  An answer without a normal stop is an error, and so is an empty one:
-- a partial answer is never returned.

local halves = require "human.llm.halves"
local json = require "human.json"
local text_of = require "human.text"

local M = {}

local MAX_ANSWER_BYTES = 1048576 -- text and tool arguments together
local MAX_TOOL_CALLS = 64
local TOKENS_MAX = 1e9

local Collector = {}
Collector.__index = Collector

--- A collector of one answer.  on_delta(text) is called for each piece of text; it may await.
function M.collector(on_delta)
  return setmetatable({
    on_delta = on_delta, pieces = {}, calls = {}, call_of = {}, bytes = 0, tokens = {}, half = "",
    stop_reason = nil, delivered = false, ended = false, err = nil,
  }, Collector)
end

local function count(self, text)
  self.bytes = self.bytes + #text
  if self.bytes <= MAX_ANSWER_BYTES then return true end
  self:fail { code = "too_large", message = "the answer is longer than " .. MAX_ANSWER_BYTES .. " bytes" }
end

local function deliver(self, text)
  text, self.half = halves.split(self.half .. text)
  text = halves.join(text)
  if text == "" then return end
  self.delivered = true
  self.on_delta(text)
end

--- A piece of the answer's text.  Anything but a non-empty string is ignored.
function Collector:text(text)
  if type(text) ~= "string" or text == "" or self.err or not count(self, text) then return end
  self.pieces[#self.pieces + 1] = text
  if self.on_delta then deliver(self, text) end
end

-- Tracks the brackets of an object whose text comes in pieces; depth is 0 after its end.
local function follow(call, text)
  local at = call.escaped and 2 or 1
  call.escaped = false
  while true do
    at = text:find(call.quoted and '["\\]' or '["{}%[%]]', at)
    if not at then return end
    local c = text:sub(at, at)
    if c == '"' then
      call.quoted = not call.quoted
    elseif c == "\\" then
      if at == #text then call.escaped = true end
      at = at + 1
    elseif c == "{" or c == "[" then
      call.depth, call.opened = call.depth + 1, true
    else
      call.depth = call.depth - 1
    end
    at = at + 1
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
    call = { json = {}, depth = 0 }
    self.calls[#self.calls + 1] = call
    self.call_of[index] = call
  end
  call.id, call.name = part.id or call.id, part.name or call.name
  call.extra = part.extra or call.extra
  if type(part.arguments) == "table" then
    if count(self, json.encode(part.arguments)) then call.value = part.arguments end
  elseif type(part.arguments) == "string" and part.arguments ~= "" and count(self, part.arguments) then
    call.json[#call.json + 1] = part.arguments
    follow(call, part.arguments)
  end
end

--- Whether the arguments of a tool call are complete, so that the next piece belongs to another call.
function Collector:is_whole(index)
  local call = self.call_of[index]
  return call ~= nil and (call.value ~= nil or call.opened == true and call.depth <= 0)
end

-- A number that can be a token count, which is an integer; else nil.
local function whole(n)
  return type(n) == "number" and n >= 0 and n < TOKENS_MAX and math.floor(n) or nil
end

--- Token counts as the server gave them; later ones replace earlier ones.  Invalid ones are ignored.
function Collector:usage(input, output)
  self.tokens.input = whole(input) or self.tokens.input
  self.tokens.output = whole(output) or self.tokens.output
end

--- The model has finished: "stop", "length" or "tool_calls".
function Collector:stop(reason) self.stop_reason = reason end

--- The server ended the answer early, and gave a reason.  Its token counts may follow.
function Collector:broken(reason)
  self.cut = { code = "incomplete", message = "the answer ended early (" .. tostring(reason):sub(1, 80) .. ")",
               retryable = true }
end

--- Nothing more will come; the transfer need not be read to its end.
function Collector:finish() self.ended = true end

--- The answer failed: {code, message, retryable, status, retry_after_s}.  The first failure counts.
function Collector:fail(err)
  self.err = self.err or err
  self.ended = true
end

-- The whole answer ------------------------------------------------------------------------------------------

local function bad(message) return nil, { code = "bad_response", message = message, retryable = true } end

-- Rejoins the halves of characters in the strings of arguments.
local function clean(value)
  if type(value) == "string" then return halves.join(value) end
  if type(value) ~= "table" then return value end
  for key, item in pairs(value) do value[key] = clean(item) end
  return value
end

local function read_arguments(call)
  local text, value = halves.join(table.concat(call.json)), call.value
  if text:find "%S" then value = json.decode(halves.keep(text)) end
  if type(value) == "string" then value = json.decode(halves.keep(value)) end -- JSON encoded twice
  if value == nil and not text:find "%S" then value = {} end
  if type(value) == "table" and not json.is_array(value) then return clean(value) end
  return bad("the arguments of tool " .. call.name:sub(1, 80) .. " are not a JSON object")
end

-- A unique id: some servers give all calls the same one.
local function id_of(call, i, taken)
  local id = type(call.id) == "string" and call.id ~= "" and not taken[call.id] and call.id or "call_" .. i
  taken[id] = true
  return id
end

local function tool_calls(self)
  local list, taken = {}, {}
  for i, call in ipairs(self.calls) do
    if type(call.name) ~= "string" or call.name == "" then return bad("a tool call has no name") end
    local arguments, err = read_arguments(call)
    if not arguments then return nil, err end
    list[i] = { id = id_of(call, i, taken), name = call.name, arguments = arguments, extra = call.extra }
  end
  return list
end

-- Whether a text contains more than a model's reasoning.
local function says_something(text)
  local _, close = text:find("</think>", 1, true)
  if close then return text:find("%S", close + 1) ~= nil end
  local start = text_of.trim(text):sub(1, 7)
  return start ~= "" and start ~= "<think>"
end

-- A model that used all its tokens for reasoning needs more.  An empty answer is an accident the first time,
-- but intended the second time.
local function silence(reason)
  if reason == "length" then
    local why = "the answer had no room beside the model's thoughts"
    return nil, { code = "incomplete", message = why, needs_room = true }
  end
  return nil, { code = "incomplete", message = "the model ended without a word", retryable = true, once = true }
end

--- The whole answer {text, tool_calls, stop_reason, input_tokens, output_tokens}, or nil and an error.
function Collector:result()
  if self.err or self.cut then return nil, self.err or self.cut end
  if not self.stop_reason then
    return nil, { code = "incomplete", message = "the answer ended early", retryable = true }
  end
  local calls, err = tool_calls(self)
  if not calls then
    err.needs_room = self.stop_reason == "length" or nil
    return nil, err
  end
  local text = halves.join(table.concat(self.pieces))
  if #calls == 0 and not self.may_be_silent and not says_something(text) then return silence(self.stop_reason) end
  return {
    text = text, tool_calls = calls,
    stop_reason = #calls > 0 and self.stop_reason == "stop" and "tool_calls" or self.stop_reason,
    input_tokens = self.tokens.input, output_tokens = self.tokens.output,
  }
end

return M
