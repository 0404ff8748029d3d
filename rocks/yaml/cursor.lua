-- rocks/yaml/cursor.lua -- where a reader is in a text: line by line, what separates, and what is wrong there.
-- A text has "\n" alone between lines and at its end.  Each step moves forward: no byte is looked at more than a few
-- times.

local M = {}

local byte, find, sub = string.byte, string.find, string.sub
local TAB, NEWLINE, HASH = 9, 10, 35

--- A cursor at the beginning of a text.  Fields: p, of the next byte; ls, where its line begins; first, where the
--- first thing of a line stands, after skip; indent, the spaces before it; tab, whether there was a tab before p.
function M.new(text, limits)
  return { s = text, p = 1, ls = 1, size = #text, indent = 0, tab = false, depth = 0, nodes = 0, limits = limits }
end

--- Raises what is wrong at a position (where the cursor is without one).
function M.fail(c, why, at) error({ at = at or c.p, why = why }, 0) end

--- Line and column of a position, both from 1; a column is a character.
function M.place(text, at)
  local line, start = 1, 1
  while true do
    local newline = find(text, "\n", start, true)
    if not newline or newline >= at then break end
    line, start = line + 1, newline + 1
  end
  local _, characters = sub(text, start, at - 1):gsub("[^\128-\191]", "")
  return line, characters + 1
end

--- Is the byte white space, or the end of the text?
function M.is_blank(b) return b == 32 or b == NEWLINE or b == TAB or b == nil end

--- Does a marker of documents ("---", "...") stand at a position, which begins a line?
function M.is_marker(s, at)
  local b = byte(s, at)
  return b == 45 and find(s, "^%-%-%-[ \t\n]", at) ~= nil or b == 46 and find(s, "^%.%.%.[ \t\n]", at) ~= nil
end

--- Is there nothing more in this document?
function M.at_end(c) return c.p > c.size or c.p == c.ls and M.is_marker(c.s, c.p) end

--- Is what stands here the first of its line?
function M.is_fresh(c) return c.p == c.first end

--- To the next thing that is neither white space nor a comment.
function M.skip(c)
  local s = c.s
  if c.p == c.first and not M.is_blank(byte(s, c.p)) and byte(s, c.p) ~= HASH then return end
  local fresh = c.p == c.ls
  c.tab = false
  while true do
    local from = c.p
    local spaces = find(s, "[^ ]", from) or c.size + 1
    local at = find(s, "[^ \t]", spaces) or c.size + 1
    if at > spaces then c.tab = true end
    local b = byte(s, at)
    if b == HASH and (at > from or at == c.ls) then
      at = find(s, "\n", at, true)
      b = NEWLINE
    end
    c.p = at
    if b ~= NEWLINE then
      if fresh then c.first, c.indent = at, spaces - c.ls end
      return
    end
    c.p, c.ls, fresh, c.tab = at + 1, at + 1, true, false
    if c.p > c.size then
      c.first, c.indent = c.p, 0
      return
    end
  end
end

--- Behind a line break within a scalar or a flow collection: over empty lines, to the first byte that is not white
--- space.  Says how many lines were empty; the cursor is before the break.
function M.fold(c)
  local s, empty = c.s, -1
  local at = c.p
  while true do
    c.ls = at + 1
    empty = empty + 1
    at = find(s, "[^ \t]", c.ls) or c.size + 1
    if byte(s, at) ~= NEWLINE then break end
  end
  c.p = at
  return empty
end

--- How many spaces begin the line of the cursor.
function M.spaces(c) return (find(c.s, "[^ ]", c.ls) or c.size + 1) - c.ls end

--- Gives a node the properties that stood before it.
function M.give(node, props)
  if props then
    node.tag, node.anchor = props.tag, props.anchor
    if props.holder then props.holder.node = node end
  end
  return node
end

--- A node, counted.
function M.node(c, kind, at, props)
  c.nodes = c.nodes + 1
  if c.nodes > c.limits.max_nodes then M.fail(c, "more than " .. c.limits.max_nodes .. " nodes", at) end
  return M.give({ kind = kind, at = at }, props)
end

--- A scalar; an empty one without a text.
function M.scalar(c, at, props, text, style)
  local node = M.node(c, "scalar", at, props)
  node.text, node.style = text or "", style or ":"
  return node
end

--- One collection deeper; what is called must come back with leave.
function M.enter(c)
  c.depth = c.depth + 1
  if c.depth > c.limits.max_depth then M.fail(c, "nested deeper than " .. c.limits.max_depth) end
end

function M.leave(c) c.depth = c.depth - 1 end

return M
