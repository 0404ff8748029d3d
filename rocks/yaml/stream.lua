-- rocks/yaml/stream.lua -- the documents of a text, with their directives: a tree of nodes for each.

local cursor = require "yaml.cursor"
local block = require "yaml.block"
local props = require "yaml.props"

local byte, find, match, sub = string.byte, string.find, string.match, string.sub
local fail, skip = cursor.fail, cursor.skip

local BOM = "\239\187\191"

-- Which bytes are no character of a text: controls but tab and line break, and what is not UTF-8.
local function check_characters(c)
  local s = c.s
  local at = find(s, "[%z\1-\8\11-\31\127]") or find(s, "\194[\128-\132\134-\159]")
  if at then fail(c, "a control character", at) end
  at = find(s, "[\128-\255]")
  while at do
    local b = byte(s, at)
    local size = b >= 0xF0 and 4 or b >= 0xE0 and 3 or 2
    local second = byte(s, at + 1) or 0
    local ok = b >= 0xC2 and b <= 0xF4 and second >= 128 and second < 192
      and not (b == 0xE0 and second < 160) and not (b == 0xED and second >= 160)
      and not (b == 0xF0 and second < 144) and not (b == 0xF4 and second >= 144)
    for i = at + 2, at + size - 1 do
      local next_byte = byte(s, i) or 0
      ok = ok and next_byte >= 128 and next_byte < 192
    end
    if not ok then fail(c, "not UTF-8", at) end
    at = find(s, "[\128-\255]", at + size)
  end
end

-- Over white space, comments and byte order marks before a document.
local function skip_prefix(c)
  skip(c)
  while c.p == c.ls and sub(c.s, c.p, c.p + 2) == BOM do
    c.p, c.ls = c.p + 3, c.p + 3
    skip(c)
  end
end

local function directive(c, seen)
  local newline = find(c.s, "\n", c.p, true)
  local line = sub(c.s, c.p, newline - 1)
  line = sub(line, 1, (find(line, "[ \t]#") or #line + 1) - 1)
  line = match(line, "^.*[^ \t]")
  local name, rest = match(line, "^%%(%S+)%s*(.*)$")
  if not name then fail(c, "a directive needs a name") end
  if name == "YAML" then
    if seen.version then fail(c, "%YAML is there twice") end
    if not find(rest, "^1%.%d+$") then fail(c, "only YAML 1 is read") end
    seen.version = true
  elseif name == "TAG" then
    props.declare(c, rest)
  end -- others are reserved, and passed over
  c.p, c.ls = newline + 1, newline + 1
end

-- Directives before a document, up to its "---", which must follow them.
local function directives(c)
  local seen, any = {}, false
  c.handles = {}
  while byte(c.s, c.p) == 37 and c.p == c.ls do
    directive(c, seen)
    skip(c)
    any = true
  end
  if any and not (cursor.at_end(c) and sub(c.s, c.p, c.p + 2) == "---") then
    fail(c, "a '---' is missing behind directives")
  end
end

-- "...", and nothing else on its line.
local function end_marker(c)
  c.p = c.p + 3
  skip(c)
  if c.p <= c.size and not cursor.is_fresh(c) then fail(c, "this cannot stand behind '...'") end
end

local function is_end_marker(c) return c.p <= c.size and cursor.at_end(c) and byte(c.s, c.p) == 46 end

-- One document.  bare: it may be there without "---".
local function document(c)
  local marked = cursor.at_end(c) and c.p <= c.size
  if marked then c.p = c.p + 3 end
  c.anchors = {}
  local root = block.node(c, -1, false, false)
  skip(c)
  if not cursor.at_end(c) then fail(c, "this cannot stand behind what is before it") end
  return { root = root, marked = marked }
end

--- All documents of a text, as {root = node, marked, ended}.
return function(text, limits)
  local s = text:gsub("\r\n?", "\n")
  if byte(s, -1) ~= 10 then s = s .. "\n" end
  local c = cursor.new(s, limits)
  check_characters(c)
  local documents = {}
  skip_prefix(c)
  while true do
    while is_end_marker(c) do
      end_marker(c)
      skip_prefix(c)
    end
    if c.p > c.size then return documents end
    directives(c)
    if #documents == limits.max_documents then fail(c, "more than " .. #documents .. " documents") end
    local doc = document(c)
    documents[#documents + 1] = doc
    doc.ended = is_end_marker(c)
    if doc.ended then
      end_marker(c)
      skip_prefix(c)
    end
  end
end
