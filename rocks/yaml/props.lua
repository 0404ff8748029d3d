-- rocks/yaml/props.lua -- what may stand before a node: "&anchor" and "!tag"; and aliases.

local cursor = require "yaml.cursor"
local scalar = require "yaml.scalar"

local M = {}

local byte, find, match, sub = string.byte, string.find, string.match, string.sub
local fail = cursor.fail

local CORE = "tag:yaml.org,2002:"
local MAX_NAME = 256 -- bytes of an anchor's name, of a tag, and of what a handle stands for

-- An anchor's name behind "&" or "*".
local function name(c)
  local text = match(c.s, "^[^ \t\n,%[%]{}]+", c.p + 1)
  if not text then fail(c, "an anchor needs a name") end
  if #text > MAX_NAME then fail(c, "a name is longer than " .. MAX_NAME .. " bytes") end
  return text
end

local function resolved(c, handle, suffix)
  local prefix = c.handles[handle] or handle == "!!" and CORE or handle == "!" and "!"
  if not prefix then fail(c, "the tag handle " .. handle .. " is not declared") end
  return prefix .. suffix:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
end

-- A tag; the cursor is at its "!".  Says also how long it is.
local function tag(c)
  local text = match(c.s, "^![^ \t\n,%[%]{}]*", c.p)
  if #text > MAX_NAME then fail(c, "a tag is longer than " .. MAX_NAME .. " bytes") end
  if byte(text, 2) == 60 then -- verbatim: it may have what ends others
    text = match(c.s, "^!<[^ \t\n<>]+>", c.p)
    if not text or #text > MAX_NAME then fail(c, "a verbatim tag is not closed") end
    return sub(text, 3, -2), #text
  end
  local handle, suffix = match(text, "^(![%w-]*!)(.*)$")
  if not handle then handle, suffix = "!", sub(text, 2) end
  if find(suffix, "[^%w%-#;/?:@&=+$_.~*'()%%]") then fail(c, "a tag has what no tag has") end
  if handle ~= "!" and suffix == "" then fail(c, "a tag needs a name") end
  return resolved(c, handle, suffix), #text
end

--- Properties at the cursor, on one line; nil when there are none.  The cursor is behind them and what separates.
function M.read(c, in_flow)
  local props
  while true do
    local b, at = byte(c.s, c.p), c.p
    if b ~= 38 and b ~= 33 then return props end
    local fresh, indent, tab = c.p == c.first, c.indent, c.tab
    props = props or { at = at, fresh = fresh, indent = indent, tab = tab, ls = c.ls }
    if b == 38 then
      if props.anchor then fail(c, "a node has two anchors") end
      props.anchor = name(c)
      props.holder = {}
      c.anchors[props.anchor] = props.holder
      c.p = at + 1 + #props.anchor
    else
      if props.tag then fail(c, "a node has two tags") end
      local length
      props.tag, length = tag(c)
      c.p = at + length
    end
    local after = byte(c.s, c.p)
    if not cursor.is_blank(after) and not (in_flow and (after == 44 or after == 93 or after == 125)) then
      fail(c, "a space is missing")
    end
    cursor.skip(c)
    if c.ls ~= props.ls and not in_flow then return props end
  end
end

--- Both properties of one node that stood on two lines.
function M.merge(c, outer, inner)
  if not outer or not inner then return outer or inner end
  if outer.anchor and inner.anchor then fail(c, "a node has two anchors", inner.at) end
  if outer.tag and inner.tag then fail(c, "a node has two tags", inner.at) end
  outer.tag = outer.tag or inner.tag
  if inner.anchor then outer.anchor, outer.holder = inner.anchor, inner.holder end
  return outer
end

--- An alias; the cursor is at its "*".
function M.alias(c, props)
  if props then fail(c, "an alias has neither anchor nor tag") end
  local node = cursor.node(c, "alias", c.p)
  node.name = name(c)
  node.holder = c.anchors[node.name]
  if not node.holder then fail(c, "the anchor " .. node.name .. " is not known") end
  c.p = c.p + 1 + #node.name
  return node
end

--- The declaration of a tag's handle: the rest of a "%TAG" line.
function M.declare(c, rest)
  local handle, prefix = match(rest, "^(![%w-]*!?)[ \t]+([^ \t,%[%]{}][^ \t]*)$")
  if not handle or find(handle, "^![%w-]+$") then fail(c, "%TAG needs a handle and a prefix") end
  if #rest > MAX_NAME then fail(c, "%TAG is longer than " .. MAX_NAME .. " bytes") end
  if c.handles[handle] then fail(c, "the tag handle " .. handle .. " is declared twice") end
  c.handles[handle] = prefix
end

M.scalar_styles = { [39] = scalar.single, [34] = scalar.double }

return M
