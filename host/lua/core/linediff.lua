-- host/lua/core/linediff.lua -- the differences between two texts, line by line, like `diff -u`.
-- E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), applied to the lines between the
-- common prefix and suffix.  Texts that differ in more than EDITS_MAX lines are shown as one change.

local M = {}
local EDITS_MAX, CONTEXT = 1000, 3

local function lines_of(text)
  local out = {}
  for line in text:gmatch "[^\n]*\n?" do
    if line ~= "" then out[#out + 1] = line end
  end
  return out
end

-- The numbers of equal lines at the start of a and b, and at the end of the rest.
local function common(a, b)
  local head, tail = 0, 0
  local most = math.min(#a, #b)
  while head < most and a[head + 1] == b[head + 1] do head = head + 1 end
  while tail < most - head and a[#a - tail] == b[#b - tail] do tail = tail + 1 end
  return head, tail
end

-- One step of Myers' search: how far each diagonal gets with d edits.  True at the end.
local function advance(v, d, a, b, head, n, m)
  for k = -d, d, 2 do
    local down = k == -d or (k ~= d and v[k - 1] < v[k + 1])
    local x = down and v[k + 1] or v[k - 1] + 1
    while x < n and x - k < m and a[head + x + 1] == b[head + x - k + 1] do x = x + 1 end
    v[k] = x
    if x >= n and x - k >= m then return true end
  end
  return false
end

local function copy(v, d)
  local out = {}
  for k = -d - 1, d + 1 do out[k] = v[k] end
  return out
end

-- Marks the lines removed from a and added in b, walking back through the traces.
local function mark(traces, last, head, n, m)
  local gone, new, x, y = {}, {}, n, m
  for d = last, 1, -1 do
    local v, k = traces[d], x - y
    local down = k == -d or (k ~= d and v[k - 1] < v[k + 1])
    local from = down and k + 1 or k - 1
    local px = v[from]
    local py = px - from
    if down then new[head + py + 1] = true else gone[head + px + 1] = true end
    x, y = px, py
  end
  return gone, new
end

local function everything(head, n, m)
  local gone, new = {}, {}
  for i = head + 1, head + n do gone[i] = true end
  for i = head + 1, head + m do new[i] = true end
  return gone, new
end

local function edits(a, b)
  local head, tail = common(a, b)
  local n, m = #a - head - tail, #b - head - tail
  if n == 0 or m == 0 then return everything(head, n, m) end
  local v, traces = { [1] = 0 }, {}
  for d = 0, math.min(n + m, EDITS_MAX) do
    traces[d] = copy(v, d)
    if advance(v, d, a, b, head, n, m) then return mark(traces, d, head, n, m) end
  end
  return everything(head, n, m)
end

-- The changes, in order: {a = first line, gone = lines removed, b = first line, new = lines added}.
local function changes(a, b)
  local gone, new = edits(a, b)
  local list, i, j = {}, 1, 1
  while i <= #a or j <= #b do
    local c = { a = i, b = j }
    while gone[i] do i = i + 1 end
    while new[j] do j = j + 1 end
    c.gone, c.new = i - c.a, j - c.b
    if c.gone + c.new > 0 then list[#list + 1] = c else i, j = i + 1, j + 1 end
  end
  return list
end

-- The number of lines that differ; a changed line counts once.
function M.count(before, after)
  local n = 0
  for _, c in ipairs(changes(lines_of(before), lines_of(after))) do n = n + math.max(c.gone, c.new) end
  return n
end

-- Groups changes that are close together into one hunk.
local function pieces(list)
  local out = {}
  for _, c in ipairs(list) do
    local last = out[#out] and out[#out][#out[#out]]
    if last and c.a - (last.a + last.gone) <= 2 * CONTEXT then
      table.insert(out[#out], c)
    else
      out[#out + 1] = { c }
    end
  end
  return out
end

local function put(out, sign, line)
  if line:sub(-1) == "\n" then
    out[#out + 1] = sign .. line
  else
    out[#out + 1] = sign .. line .. "\n\\ No newline at end of file\n"
  end
end

local function range(from, n)
  if n == 0 then from = from - 1 end
  return n == 1 and tostring(from) or from .. "," .. n
end

local function put_piece(out, piece, a, b)
  local first, last = piece[1], piece[#piece]
  local before = math.min(CONTEXT, first.a - 1)
  local after = math.min(CONTEXT, #a - (last.a + last.gone) + 1)
  local a_from, a_to = first.a - before, last.a + last.gone + after
  local b_from, b_to = first.b - before, last.b + last.new + after
  out[#out + 1] = ("@@ -%s +%s @@\n"):format(range(a_from, a_to - a_from), range(b_from, b_to - b_from))
  local i = a_from
  for _, c in ipairs(piece) do
    while i < c.a do
      put(out, " ", a[i])
      i = i + 1
    end
    for k = c.a, c.a + c.gone - 1 do put(out, "-", a[k]) end
    for k = c.b, c.b + c.new - 1 do put(out, "+", b[k]) end
    i = c.a + c.gone
  end
  for k = i, a_to - 1 do put(out, " ", a[k]) end
end

-- A unified diff of two texts under these names; "" when they are equal.
function M.unified(before, after, name_before, name_after)
  local a, b = lines_of(before), lines_of(after)
  local list = changes(a, b)
  if #list == 0 then return "" end
  local out = { "--- " .. name_before .. "\n+++ " .. name_after .. "\n" }
  for _, piece in ipairs(pieces(list)) do put_piece(out, piece, a, b) end
  return table.concat(out)
end

return M
