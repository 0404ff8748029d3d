-- host/lua/scripts/target.lua -- functions that the runtime knows by name, "module.fn".
-- A closure that outlives a reload would keep its whole generation alive, and keep running replaced code; a name is
-- looked up in the generation in service each time.

local M = {}

local function parts(path) return tostring(path):match "^(.+)%.([%w_]+)$" end

--- While g is being built: loads the module, so that a wrong name refuses the load.
function M.check(g, what, path)
  local module, name = parts(path)
  local mod = module and g.env.require(module)
  if type(mod) ~= "table" or type(mod[name]) ~= "function" then
    error(what .. ": " .. tostring(path) .. " names no function of a script", 0)
  end
end

--- The function in generation g.
function M.resolve(g, path)
  local module, name = parts(path)
  local mod = module and g.loaded[module]
  local fn = mod and mod[name]
  if type(fn) ~= "function" then error(tostring(path) .. " names no function of a loaded script", 0) end
  return fn
end

return M
