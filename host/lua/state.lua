-- host/lua/state.lua -- tables that survive a reload: per worker, plain data only.
-- A function kept here would keep its whole generation alive, so functions, threads and objects are
-- refused, and tables are copied on assignment.  State is lost when the worker ends: keep lasting data in
-- the database.

local M = {}
local MAX_TABLES = 256
local MAX_ENTRIES = 100000 -- per table
local MAX_DEPTH = 16
local tables, n_tables = {}, 0
local PLAIN = { string = true, number = true, boolean = true }

local function plain(v, name, depth)
  if v == nil or PLAIN[type(v)] then return v end
  if type(v) ~= "table" or getmetatable(v) ~= nil then
    error(("state '%s' keeps plain data, not a %s"):format(name,
      type(v) == "table" and "table with a metatable" or type(v)), 4)
  end
  if depth > MAX_DEPTH then error("state '" .. name .. "': nested too deep", 4) end
  local copy = {}
  for key, x in pairs(v) do copy[plain(key, name, depth + 1)] = plain(x, name, depth + 1) end
  return copy
end

local function new(name)
  local store, count = {}, 0
  local function set(_, key, value)
    local old = store[key]
    value = plain(value, name, 1)
    if old == nil and value ~= nil then
      if count >= MAX_ENTRIES then
        error(("state '%s' is full (%d entries)"):format(name, MAX_ENTRIES), 2)
      end
      count = count + 1
    elseif old ~= nil and value == nil then
      count = count - 1
    end
    store[plain(key, name, 1)] = value
  end
  local proxy = setmetatable({}, { __index = store, __newindex = set, __metatable = "state" })
  return { proxy = proxy, store = store, size = function() return count end }
end

--- The table called `name`, the same one in every generation.  Read `t[key]`, write `t[key] = value`
--- (nil removes); to change a nested value, assign the whole entry again.  At most 100,000 entries.
function M.table(name)
  if type(name) ~= "string" then error("state.table wants a name", 2) end
  if not tables[name] then
    if n_tables >= MAX_TABLES then error(("state: there are %d tables already"):format(MAX_TABLES), 2) end
    tables[name], n_tables = new(name), n_tables + 1
  end
  return tables[name].proxy
end

--- Iterates over a state table: `for key, value in state.pairs "name"`.  LuaJIT's pairs does not see
--- through a proxy.  Entries may be changed or removed meanwhile, not added.
function M.pairs(name)
  M.table(name)
  return next, tables[name].store
end

--- How many entries the table has.
function M.size(name)
  M.table(name)
  return tables[name].size()
end

return M
