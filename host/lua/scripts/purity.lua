-- host/lua/scripts/purity.lua -- checks the bytecode of scripts for forbidden writes, before they run.
-- In every script: assignments to globals, and to what libraries hold.  In rules, besides: functions that
-- assign to a local of the file, or write into a table that such a local holds, since a replay cannot know
-- what a rule remembers.  Not a proof (a table may be passed to a helper): the environment refuses the
-- former at run time, and rule_state.lua detects the latter.

local util = require "jit.util"

local band, rshift = bit.band, bit.rshift

local M = {}
local MODE_DST, MODE_BASE = 1, 2                 -- how an instruction uses its operand A (lj_bc.h)

-- Opcode numbers differ between versions of LuaJIT, so each is taken from a sample.
local function opcode(body, pc)
  local fn = assert(loadstring("local u; return function(a) " .. body .. " end"))()
  return band(util.funcbc(fn, pc), 0xff)
end

local GET = opcode("u.x = a", 1)
local GET_GLOBAL, SET_GLOBAL = opcode("u = x", 1), opcode("x = a", 1)
local SET, WRITE = {}, {}
for _, body in ipairs { "u = a", "u = 'x'", "u = 1", "u = nil" } do SET[opcode(body, 1)] = true end
for _, body in ipairs { "u.x = a", "u[a] = a", "u[1] = a" } do WRITE[opcode(body, 2)] = true end

-- The names of the proto's upvalues that are locals of the file, by index.  outer: the same for the enclosing
-- function; nil if that is the file itself.
local function locals_of_file(proto, outer)
  local by_index, by_name = {}, {}
  for i = 0, util.funcinfo(proto).upvalues - 1 do
    local name = util.funcuvname(proto, i)
    if name and (not outer or outer[name]) then by_index[i], by_name[name] = name, true end
  end
  return by_index, by_name
end

-- An instruction has put something else into the registers from which values are known.
local function overwrite(held, mode, a)
  mode = band(mode, 7)
  if mode == MODE_DST then held[a] = nil end
  if mode ~= MODE_BASE then return end
  for r in pairs(held) do
    if r >= a then held[r] = nil end
  end
end

-- Name and line of the first local of the file that the proto writes, or nil.
local function first_write(proto, kept)
  local held = {}                                -- register -> name of the local whose value it has
  for pc = 1, util.funcinfo(proto).bytecodes - 1 do
    local ins, mode = util.funcbc(proto, pc)
    local op, a, b, d = band(ins, 0xff), band(rshift(ins, 8), 0xff), rshift(ins, 24), rshift(ins, 16)
    local name = SET[op] and kept[a] or WRITE[op] and held[b]
    if name then return name, util.funcinfo(proto, pc).currentline end
    if op == GET then held[a] = kept[d] else overwrite(held, mode, a) end
  end
end

local function children(proto)
  local list = {}
  for i = -1, -util.funcinfo(proto).gcconsts, -1 do
    local child = util.funck(proto, i)
    if type(child) == "proto" then list[#list + 1] = child end
  end
  return list
end

local function search(proto, outer, is_file)
  local by_name
  if not is_file then
    local by_index, name, line
    by_index, by_name = locals_of_file(proto, outer)
    name, line = first_write(proto, by_index)
    if name then return name, line end
  end
  for _, child in ipairs(children(proto)) do
    local name, line = search(child, by_name)
    if name then return name, line end
  end
end

local function line_of(proto, pc) return util.funcinfo(proto, pc).currentline end

-- Message and line of the first assignment of the proto to a global, or to a member of one, or nil.
local function first_global(proto)
  local held = {}                                -- register -> name of the global whose value it has
  for pc = 1, util.funcinfo(proto).bytecodes - 1 do
    local ins, mode = util.funcbc(proto, pc)
    local op, a, b, d = band(ins, 0xff), band(rshift(ins, 8), 0xff), rshift(ins, 24), rshift(ins, 16)
    if op == SET_GLOBAL then
      return ("assignment to global '%s' (use a local)"):format(tostring(util.funck(proto, -d - 1))), line_of(proto, pc)
    end
    if WRITE[op] and held[b] then return ("%s is read-only"):format(held[b]), line_of(proto, pc) end
    if op == GET_GLOBAL then held[a] = tostring(util.funck(proto, -d - 1)) else overwrite(held, mode, a) end
  end
end

local function search_globals(proto)
  local message, line = first_global(proto)
  for _, child in ipairs(children(proto)) do
    local other, at = search_globals(child)
    if other and (not line or at < line) then message, line = other, at end
  end
  return message, line
end

--- Raises "path:line: .." if the loaded file `chunk` assigns to a global, or to a member of one.
function M.globals(path, chunk)
  local message, line = search_globals(chunk)
  if message then error(("%s:%d: %s"):format(path, line, message), 0) end
end

--- Whether the function, or one within it, assigns to an outer local.
function M.assigns(proto)
  for pc = 1, util.funcinfo(proto).bytecodes - 1 do
    if SET[band(util.funcbc(proto, pc), 0xff)] then return true end
  end
  for _, child in ipairs(children(proto)) do
    if M.assigns(child) then return true end
  end
  return false
end

--- Raises "path:line: .." if a function of the loaded file `chunk` writes anything that outlives its call.
function M.check(path, chunk)
  local name, line = search(chunk, nil, true)
  if not name then return end
  error(("%s:%d: a rule keeps nothing between calls: a function writes to '%s' (fill it outside of functions)")
    :format(path, line, name), 0)
end

return M
