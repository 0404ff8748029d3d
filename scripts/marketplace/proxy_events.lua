-- scripts/marketplace/proxy_events.lua -- a tool's answer, as it comes, as events: server-sent ones, lines of JSON, or
-- one JSON value, which is one event.

local sse = require "sse"
local limits = require "marketplace.rules.tools_streams"
local rules = require "marketplace.rules.subscriptions"

local M = {}

-- Each reader is {feed(bytes), finish()} that return true, or nil and why nothing more can be read.

local function of_events(on_event)
  local parser = sse.parser { max_bytes = limits.event_bytes }
  return { feed = function(bytes)
    local ok = parser:feed(bytes, function(event)
      on_event(event.event ~= "message" and event.event or nil, event.data)
    end)
    if ok then return true end
    return nil, "too_large"
  end, finish = function() return true end }     -- an event that has not ended is none
end

-- What is left of a line is put together once, in however many pieces it came.
local function of_lines(on_event)
  local pieces, size = {}, 0
  local function line(text)
    pieces[#pieces + 1] = text
    local whole = table.concat(pieces)
    pieces, size = {}, 0
    if whole:find "%S" then on_event(nil, whole) end
  end
  return { feed = function(bytes)
    local from = 1
    while true do
      local at = bytes:find("\n", from, true)
      if not at then break end
      line(bytes:sub(from, at - 1))
      from = at + 1
    end
    pieces[#pieces + 1], size = bytes:sub(from), size + #bytes - from + 1
    if size > limits.event_bytes then return nil, "too_large" end
    return true
  end, finish = function()
    line ""
    return true
  end }
end

local function of_whole(on_event)
  local pieces, size = {}, 0
  return { feed = function(bytes)
    pieces[#pieces + 1], size = bytes, size + #bytes
    if size > rules.output_bytes then return nil, "too_large" end
    return true
  end, finish = function()
    on_event(nil, table.concat(pieces))
    return true
  end }
end

local READERS = { ["text/event-stream"] = of_events, ["application/x-ndjson"] = of_lines,
                  ["application/ndjson"] = of_lines, ["application/jsonl"] = of_lines }

--- What a tool is asked for.
M.ACCEPT = "text/event-stream, application/x-ndjson, application/json;q=0.9"

--- A reader of an answer with this Content-Type (nil: none): on_event(name (nil: it has none), text) for each event.
function M.reader(content_type, on_event)
  local mime = (content_type or ""):lower():match "^%s*([%w/.+-]+)"
  return (READERS[mime] or of_whole)(on_event)
end

return M
