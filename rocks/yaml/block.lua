-- rocks/yaml/block.lua -- block collections, and the nodes within them, told by how far they are indented.
-- n: how far what is around is indented.  inline: a collection may begin on the line of what stands before it, as in
-- "- - a".  at_n: a sequence may begin at n, as below "key:".

local cursor = require "yaml.cursor"
local scalar = require "yaml.scalar"
local block_scalar = require "yaml.blockscalar"
local props_of = require "yaml.props"
local flow = require "yaml.flow"

local M = {}

local byte = string.byte
local fail, skip, is_blank = cursor.fail, cursor.skip, cursor.is_blank
local DASH, COLON, QUESTION = 45, 58, 63
local MAX_KEY = 1024 -- characters of a key without "?", as the specification has it

--- A key without "?" ends near where it begins: who reads need not look far for its ":".
function cursor.check_key(c, at)
  if c.p - at > MAX_KEY then fail(c, "a key is longer than " .. MAX_KEY .. " bytes", at) end
end

-- Does an indicator stand here?
local function is_mark(c, mark) return byte(c.s, c.p) == mark and is_blank(byte(c.s, c.p + 1)) end

-- May a collection begin where the cursor (or what stood before its key) is?
local function check_start(c, at, tab, allowed)
  if tab then fail(c, "a tab does not indent", at) end
  if not allowed then fail(c, "a block collection cannot begin here", at) end
end

-- Is the next entry of a collection here?  Fails where neither it nor the end of the collection is.
local function is_next(c, indent)
  skip(c)
  if cursor.at_end(c) then return false end
  if not cursor.is_fresh(c) then fail(c, "this cannot stand behind what is before it") end
  if c.indent < indent then return false end
  if c.tab then fail(c, "a tab does not indent") end
  if c.indent > indent then fail(c, "this line is indented more than what it belongs to") end
  return true
end

local function seq(c, indent, props)
  cursor.enter(c)
  local list = cursor.node(c, "seq", c.p, props)
  repeat
    c.p = c.p + 1
    list[#list + 1] = M.node(c, indent, true, false)
  until not is_next(c, indent) or not is_mark(c, DASH)
  cursor.leave(c)
  return list
end

-- The ":" and the value of a pair.
local function value(c, indent, inline)
  c.p = c.p + 1
  return M.node(c, indent, inline, true)
end

-- A pair that begins with "?".
local function explicit(c, indent)
  c.p = c.p + 1
  local key = M.node(c, indent, true, true)
  skip(c)
  if not cursor.at_end(c) and cursor.is_fresh(c) and c.indent == indent and not c.tab and is_mark(c, COLON) then
    return key, value(c, indent, true)
  end
  return key, cursor.scalar(c, c.p)
end

-- A key on one line, up to its ":".
local function implicit_key(c, indent)
  local at, ls = c.p, c.ls
  local props = props_of.read(c)
  if c.ls ~= ls then fail(c, "a key is missing", at) end
  local key = flow.piece(c, indent, props, true)
  if c.ls == ls then skip(c) end
  if c.ls ~= ls or not scalar.is_colon(c) then fail(c, "a ':' is missing behind a key", at) end
  cursor.check_key(c, at)
  return key
end

-- A mapping.  key: its first one, if that is read already; the cursor is at its ":".
local function map(c, indent, props, key)
  cursor.enter(c)
  local list = cursor.node(c, "map", key and key.at or c.p, props)
  repeat
    local pair_key, pair_value
    if not key and is_mark(c, QUESTION) then
      pair_key, pair_value = explicit(c, indent)
    else
      pair_key = key or implicit_key(c, indent)
      pair_value = value(c, indent, false)
    end
    key = nil
    local size = #list
    list[size + 1], list[size + 2] = pair_key, pair_value
  until not is_next(c, indent)
  cursor.leave(c)
  return list
end

-- What begins here is either all of a node or the first key of a mapping.
local function piece_or_map(c, n, outer, inner, allowed)
  local at, ls, indent, tab = c.p, c.ls, c.p - c.ls, c.tab
  if inner then at, indent, tab = inner.at, inner.at - inner.ls, inner.tab end
  local piece, more = flow.piece(c, n, nil, false)
  if not more then
    skip(c)
    if c.ls == ls and scalar.is_colon(c) then
      check_start(c, at, tab, allowed)
      cursor.check_key(c, at)
      if piece.kind == "alias" and inner then fail(c, "an alias has neither anchor nor tag", at) end
      cursor.give(piece, inner)
      return map(c, indent, outer, piece)
    end
  end
  local props = props_of.merge(c, outer, inner)
  if piece.kind == "alias" and props then fail(c, "an alias has neither anchor nor tag", at) end
  return cursor.give(piece, props)
end

-- Properties before a node: those of lines of their own, and those on the line of what follows.  Nothing follows when
-- `ended`.
local function properties(c, n, at_n)
  local outer
  local function ended()
    if cursor.at_end(c) then return true end
    if not cursor.is_fresh(c) or c.indent > n then return false end
    return not (at_n and c.indent == n and is_mark(c, DASH))
  end
  while not ended() do
    local props = props_of.read(c)
    if not props then return outer, nil, false end
    if c.ls == props.ls then return outer, props, false end
    outer = props_of.merge(c, outer, props)
  end
  return outer, nil, true
end

--- The node behind an indicator, or where a document begins.
function M.node(c, n, inline, at_n)
  local start = c.p
  skip(c)
  local line = c.ls
  local outer, inner, ended = properties(c, n, at_n)
  if ended then return cursor.scalar(c, start, outer) end
  local fresh = cursor.is_fresh(c) or inner and inner.fresh
  local allowed = fresh or inline and c.ls == line and not outer
  local b = byte(c.s, c.p)
  if is_mark(c, DASH) or is_mark(c, QUESTION) then
    check_start(c, c.p, c.tab, allowed and not inner)
    return (b == DASH and seq or map)(c, c.p - c.ls, outer)
  end
  if b == 124 or b == 62 then
    local at, props = c.p, props_of.merge(c, outer, inner)
    return cursor.scalar(c, at, props, block_scalar(c, n), string.char(b))
  end
  return piece_or_map(c, n, outer, inner, allowed)
end

return M
