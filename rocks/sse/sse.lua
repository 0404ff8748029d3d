-- rocks/sse/sse.lua -- an incremental parser of text/event-stream.
-- Follows WHATWG HTML §9.2.6 "Interpreting an event stream".  Chunks may be cut anywhere, also inside
-- a CRLF or the byte order mark: the events are the same.  An unfinished event is bounded, and no byte
-- is examined twice.

local M = {}

local find, sub, byte, concat = string.find, string.sub, string.byte, table.concat

local BOM = "\239\187\191"
local DEFAULT_MAX_BYTES = 1048576

local parser = {}
parser.__index = parser

--- A parser.  options.max_bytes: the longest unfinished event kept, in bytes (1 MiB by default); options.errors:
--- a line "error: text", which some servers send, is the data of an event `error`.
--- Its fields `last_id` (string) and `retry_ms` (integer or nil) are what a client needs to reconnect.
function M.parser(options)
  return setmetatable({
    max_bytes = options and options.max_bytes or DEFAULT_MAX_BYTES,
    errors = options and options.errors,
    head = "",        -- the first bytes, until it is known whether they are a byte order mark
    line = {},        -- pieces of the line that is not yet ended
    data = {},        -- the data lines of the event that is not yet ended
    held = 0,         -- bytes in `line` and `data`
    event = "",
    last_id = "",
    retry_ms = nil,
    after_cr = false, -- the last chunk ended with CR: an LF that follows belongs to it
  }, parser)
end

local function field(self, name, value)
  if name == "error" and self.errors then name, self.event = "data", "error" end
  if name == "data" then
    self.data[#self.data + 1] = value
    self.held = self.held + #value + 1
  elseif name == "event" then
    self.event = value
  elseif name == "id" then
    if not find(value, "\0", 1, true) then self.last_id = value end
  elseif name == "retry" then
    if find(value, "^%d+$") then self.retry_ms = tonumber(value) end
  end
end

local function dispatch(self, on_event)
  local data, event = self.data, self.event
  self.data, self.event, self.held = {}, "", 0
  if #data == 0 then return end
  on_event { event = event ~= "" and event or "message", data = concat(data, "\n"), id = self.last_id }
end

local function end_line(self, on_event)
  local line = concat(self.line)
  self.held = self.held - #line
  self.line = {}
  if line == "" then return dispatch(self, on_event) end
  local colon = find(line, ":", 1, true)
  if not colon then return field(self, line, "") end
  if colon == 1 then return end -- a comment
  local from = byte(line, colon + 1) == 32 and colon + 2 or colon + 1
  field(self, sub(line, 1, colon - 1), sub(line, from))
end

local function keep(self, piece)
  if piece == "" then return end
  self.line[#self.line + 1] = piece
  self.held = self.held + #piece
end

-- Without the byte order mark; nil while the first bytes may still become one.
local function without_bom(self, chunk)
  local head = self.head .. chunk
  if #head < #BOM and sub(BOM, 1, #head) == head then
    self.head = head
    return nil
  end
  self.head = nil
  return sub(head, 1, #BOM) == BOM and sub(head, #BOM + 1) or head
end

--- Feed bytes; on_event({event=, data=, id=}) is called for each event that they complete.
--- Returns true, or nil and a message when an event is longer than max_bytes: nothing more can be
--- read from this stream then.
function parser:feed(chunk, on_event)
  if self.failed then return nil, self.failed end
  if self.head then
    chunk = without_bom(self, chunk)
    if not chunk then return true end
  end
  local from = 1
  if self.after_cr and chunk ~= "" then
    if byte(chunk, 1) == 10 then from = 2 end
    self.after_cr = false
  end
  while true do
    local at = find(chunk, "[\r\n]", from)
    keep(self, sub(chunk, from, at and at - 1))
    if self.held > self.max_bytes then
      self.failed = "an event is longer than " .. self.max_bytes .. " bytes"
      return nil, self.failed
    end
    if not at then return true end
    from = at + 1
    if byte(chunk, at) == 13 then
      if from > #chunk then self.after_cr = true
      elseif byte(chunk, from) == 10 then from = from + 1 end
    end
    end_line(self, on_event)
  end
end

return M
