-- rocks/yaml/flow.lua -- flow collections, and the nodes within them: "[a, {b: c}]".

local cursor = require "yaml.cursor"
local scalar = require "yaml.scalar"
local props_of = require "yaml.props"

local M = {}

local byte = string.byte
local fail, skip = cursor.fail, cursor.skip
local COMMA, COLON, QUESTION, OPEN_SEQ, CLOSE_SEQ, OPEN_MAP, CLOSE_MAP = 44, 58, 63, 91, 93, 123, 125

-- To the next thing within a collection.  A bracket that closes one may stand where its first line is.
local function separate(c, n)
  skip(c)
  if cursor.at_end(c) then fail(c, "a bracket is not closed", c.open) end
  if not cursor.is_fresh(c) or c.indent > n then return end
  local b = byte(c.s, c.p)
  if c.indent < n or b ~= CLOSE_SEQ and b ~= CLOSE_MAP then fail(c, "a line is not indented enough") end
end

local function is_empty_at(c)
  local b = byte(c.s, c.p)
  return b == COMMA or b == CLOSE_SEQ or b == CLOSE_MAP or scalar.is_colon(c, true)
end

-- Quoted, plain, or a collection, with the properties that stood before it.  Says also whether a ":" may follow at
-- once.
local function content(c, n, props)
  local b, at = byte(c.s, c.p), c.p
  if b == OPEN_SEQ then return M.seq(c, n, props), true end
  if b == OPEN_MAP then return M.map(c, n, props), true end
  local quoted = props_of.scalar_styles[b]
  if quoted then return cursor.scalar(c, at, props, quoted(c, n), string.char(b)), true end
  if is_empty_at(c) then return cursor.scalar(c, at, props), false end
  if not scalar.is_plain(c, true) then fail(c, "nothing can begin with this character here") end
  return cursor.scalar(c, at, props, (scalar.plain(c, n, true))), false
end

-- A node within a collection, which may be empty.
local function node(c, n)
  local props = props_of.read(c, true)
  if props then separate(c, n) end
  if byte(c.s, c.p) == 42 then return props_of.alias(c, props), false end
  return content(c, n, props)
end

-- "? " before a key.
local function question(c, n)
  local after = byte(c.s, c.p + 1)
  if byte(c.s, c.p) ~= QUESTION or not (cursor.is_blank(after) or scalar.FLOW[after]) then return false end
  c.p = c.p + 1
  separate(c, n)
  return true
end

-- Behind a key: ":" and the value; nothing of both is an empty value.
local function value(c, n, json)
  if not scalar.is_colon(c, true, json) then return cursor.scalar(c, c.p), false end
  c.p = c.p + 1
  separate(c, n)
  return (node(c, n)), true
end

-- Behind an item: "," or the end.  Says whether it was the end.
local function next_item(c, n, close)
  separate(c, n)
  local b = byte(c.s, c.p)
  if b ~= COMMA and b ~= close then fail(c, "a comma or '" .. string.char(close) .. "' is missing") end
  c.p = c.p + 1
  return b == close
end

local function begin(c, kind, props)
  cursor.enter(c)
  local list = cursor.node(c, kind, c.p, props)
  list.flow = true
  c.open = c.p
  c.p = c.p + 1
  return list
end

-- One pair in a sequence is a mapping: [a: b].
local function pair(c, n, at, key, json)
  local map = cursor.node(c, "map", at)
  map.flow = true
  map[1], map[2] = key, (value(c, n, json))
  return map
end

local function seq_item(c, n)
  local at, ls = c.p, c.ls
  if question(c, n) then
    local key, json = node(c, n)
    separate(c, n)
    return pair(c, n, at, key, json)
  end
  if byte(c.s, c.p) == COMMA then fail(c, "an item is missing") end
  local item, json = node(c, n)
  local behind = c.ls
  separate(c, n)
  if not scalar.is_colon(c, true, json) then return item end
  if ls ~= c.ls or behind ~= ls then fail(c, "a key of a pair in a sequence is on one line") end
  cursor.check_key(c, at)
  return pair(c, n, at, item, json)
end

function M.seq(c, n, props)
  local list = begin(c, "seq", props)
  repeat
    separate(c, n)
    if byte(c.s, c.p) == CLOSE_SEQ then
      c.p = c.p + 1
      break
    end
    list[#list + 1] = seq_item(c, n)
  until next_item(c, n, CLOSE_SEQ)
  cursor.leave(c)
  return list
end

function M.map(c, n, props)
  local list = begin(c, "map", props)
  repeat
    separate(c, n)
    if byte(c.s, c.p) == CLOSE_MAP then
      c.p = c.p + 1
      break
    end
    local explicit = question(c, n)
    if byte(c.s, c.p) == COMMA and not explicit then fail(c, "a pair is missing") end
    local key, json = node(c, n)
    separate(c, n)
    local size = #list
    list[size + 1] = key
    list[size + 2] = (value(c, n, json))
  until next_item(c, n, CLOSE_MAP)
  cursor.leave(c)
  return list
end

--- What a block has in one piece: an alias, a flow collection, a quoted or plain scalar.  Says also whether it has more
--- lines than one.
function M.piece(c, n, props, one_line)
  local b, at, ls = byte(c.s, c.p), c.p, c.ls
  if b == 42 then return props_of.alias(c, props), false end
  if b == OPEN_SEQ or b == OPEN_MAP or props_of.scalar_styles[b] then
    local piece = content(c, n, props)
    return piece, c.ls ~= ls
  end
  if b == COLON and scalar.is_colon(c) then return cursor.scalar(c, at, props), false end
  if not scalar.is_plain(c) then fail(c, "nothing can begin with this character here") end
  local text, more = scalar.plain(c, n, false, one_line)
  return cursor.scalar(c, at, props, text), more
end

return M
