-- host/lua/scripts/rule_state.lua -- the state of a loaded rule: recorded at load, compared and restored after calls.
-- A rule that remembers cannot be replayed, and no check of its code finds every way to remember: a
-- helper may write into any table that it is passed, a closure may count.  So everything that its
-- functions can reach is recorded after the load and compared after each call; changes are undone.

local purity = require "human.scripts.purity"
local sandbox = require "human.scripts.sandbox"

local M = {}
local HELD_MAX = 200000                          -- entries of all tables of one rule file

local walk

local function note_table(state, t, name)
  local entries, n = {}, 0
  for k, v in next, t do entries[k], n = v, n + 1 end
  state.held = state.held + n
  if state.held > HELD_MAX then error(name .. ": a rule file holds at most " .. HELD_MAX .. " values", 0) end
  state.tables[#state.tables + 1] = { table = t, entries = entries, n = n, name = name }
  for k, v in next, entries do
    walk(state, v, type(k) == "string" and name .. "." .. k or name)
    if type(k) == "table" then walk(state, k, name) end
  end
end

-- The walk ends at functions of the runtime, whose state is not the rule's.
local function note_function(state, fn, name)
  if debug.getfenv(fn) == _G then return end
  local assigns = purity.assigns(fn)
  for i = 1, math.huge do
    local local_name, v = debug.getupvalue(fn, i)
    if not local_name then return end
    if assigns then
      state.cells[#state.cells + 1] = { fn = fn, i = i, value = v, name = local_name }
    end
    walk(state, v, local_name ~= "" and local_name or name)
  end
end

function walk(state, v, name)
  local t = type(v)
  if t ~= "table" and t ~= "function" or state.seen[v] then return end
  state.seen[v] = true
  if t == "function" then return note_function(state, v, name) end
  if not sandbox.is_protected(v) then note_table(state, v, name) end
end

--- Records everything that `members`, the functions and tables of a rule, can reach.
function M.note(members)
  local state = { tables = {}, cells = {}, seen = {}, held = 0 }
  for k, v in next, members do walk(state, v, tostring(k)) end
  state.seen = nil
  return state
end

local function differ(a, b) return a ~= b and (a == a or b == b) end

local function restore(t, entries)
  for k in next, t do t[k] = nil end
  for k, v in next, entries do t[k] = v end
end

local function table_changed(note)
  local entries, n = note.entries, 0
  for k, v in next, note.table do
    if differ(entries[k], v) then return true end
    n = n + 1
  end
  return n ~= note.n
end

local function cell_changed(cell)
  local _, v = debug.getupvalue(cell.fn, cell.i)
  return differ(v, cell.value)
end

--- The name of something that has changed since M.note(), or nil.  Restores everything.
function M.changed(state)
  local name
  for _, note in ipairs(state.tables) do
    if table_changed(note) then
      name = name or note.name
      restore(note.table, note.entries)
    end
  end
  for _, cell in ipairs(state.cells) do
    if cell_changed(cell) then
      name = name or cell.name
      debug.setupvalue(cell.fn, cell.i, cell.value)
    end
  end
  return name
end

return M
