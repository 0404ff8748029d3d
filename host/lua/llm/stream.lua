-- host/lua/llm/stream.lua -- turns the bytes of a model's answer into events, and those into an answer (llm/answer).
-- Handles the framing (server-sent events, JSON lines, one JSON document) in one place, with the deviations of
-- real servers.  The provider script interprets the events.

local answer = require "human.llm.answer"
local halves = require "human.llm.halves"
local json = require "human.json"
local sse = require "sse"
local text_of = require "human.text"

local M = {}

local MAX_EVENT_BYTES = 1048576
local HEAD_MAX = 65536 -- blanks before an answer begins
local BOM = "\239\187\191"

M.collector = answer.collector

-- The events in a text, if there are several and each is complete: some servers send no blank line between them.
local function several(text)
  local list = {}
  for line in text:gmatch "[^\r\n]+" do -- linear: each line once
    line = text_of.trim(line)
    if line ~= "" and line ~= "[DONE]" and json.decode(halves.keep(line)) == nil then return nil end
    list[#list + 1] = line
  end
  return #list > 1 and list or nil
end

-- Passes one decoded event to the provider.  OpenAI's end marker is not JSON, and errors may not be JSON either.
-- Some servers send several events in an array.
local deliver

function deliver(provider, out, state, text, name)
  if out.ended then return end
  text = text_of.trim(text)
  if text == "" then return end
  if text == "[DONE]" then return out:finish() end
  local value = json.decode(halves.keep(text))
  for _, line in ipairs(value == nil and several(text) or {}) do
    deliver(provider, out, state, line, name)
    value = false
  end
  if value == false then return end
  if type(value) ~= "table" and name == "error" then value = { error = text } end
  if type(value) ~= "table" then
    return out:fail { code = "bad_response", message = "an event is not a JSON object", retryable = true }
  end
  for _, item in ipairs(json.is_array(value) and value or { value }) do
    if out.ended then return end
    if type(item) == "table" then provider.event(out, item, state, name) end
  end
end

local function too_long(out)
  out:fail { code = "too_large", message = "an event is longer than " .. MAX_EVENT_BYTES .. " bytes" }
end

local function read_sse(provider, out)
  local parser, state = sse.parser { max_bytes = MAX_EVENT_BYTES, errors = true }, {}
  local function on_event(event) deliver(provider, out, state, event.data, event.event) end
  return function(bytes)
    if not parser:feed(bytes, on_event) then too_long(out) end
  end, function()
    -- Some servers omit the blank line after the last event.  A truncated event is not valid JSON.
    parser:feed("\n\n", function(event)
      if json.decode(halves.keep(event.data)) or several(event.data) then on_event(event) end
    end)
  end
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
    -- A last line without a newline is complete if it is valid JSON; a truncated one cannot be.
    if json.decode(halves.keep(table.concat(pieces))) then line() end
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

-- Detects the framing from the start of an answer, since Content-Type is often wrong.  A server that ignores
-- `stream` answers with a document; a proxy in front of it, with a page.
local function framing_of(provider, start)
  if start == "<" then return nil end
  local is_json = start == "{" or start == "["
  if provider.framing == "sse" then return is_json and read_document or read_sse end
  return is_json and read_lines or read_sse
end

--- A reader of an answer: feed(bytes) -> false once nothing more is needed, and close() at its end.
function M.reader(provider, out)
  local head, feed, close = "", nil, nil
  local function open()
    if #head < 3 and (BOM:sub(1, #head) == head) then return end
    local text = head:gsub("^" .. BOM, "")
    local start = text:match "%S"
    if not start then return end
    local make = framing_of(provider, start)
    if not make then
      return out:fail { code = "bad_response", message = "the answer is a page of HTML", retryable = true }
    end
    feed, close = make(provider, out)
    feed(text)
  end
  return function(bytes)
    if feed then
      feed(bytes)
    else
      head = head .. bytes
      if #head > HEAD_MAX then too_long(out) else open() end
    end
    return not out.ended
  end, function() if close then close() end end
end

return M
