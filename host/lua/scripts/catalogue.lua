-- host/lua/scripts/catalogue.lua -- the errors of a generation: code -> {status, message, code, rpc}.
-- api/errors.lua has those that all surfaces share, api/AREA/errors.lua those of one surface, which may redefine a
-- shared code.  A new code is a new line, a new surface a new file of scripts.

local fail = require "human.fail"

local M = {}
local SHARED = "api/errors.lua"

--- Whether a path is that of a catalogue, which declares nothing.
function M.is_path(path) return path == SHARED or path:find "^api/[^/]+/errors%.lua$" ~= nil end

local function check_rpc(rpc)
  return rpc == nil or type(rpc) == "table" and type(rpc[1]) == "number" and rpc[1] == math.floor(rpc[1])
    and type(rpc[2]) == "string"
end

local function check(name, code, entry)
  local status = type(entry) == "table" and entry.status
  if type(code) ~= "string" or type(status) ~= "number" or status < 400 or status > 599
    or type(entry.message) ~= "string" then
    error(name .. ": " .. tostring(code) .. " needs a status of 400 to 599 and a message", 0)
  end
  if not check_rpc(entry.rpc) then error(name .. ": " .. code .. ": rpc must be {number, NAME}", 0) end
end

local function checked(name, errors)
  for code, entry in pairs(errors) do check(name, code, entry) end
  return errors
end

local function laid_over(below, above)
  local out = {}
  for code, entry in pairs(below) do out[code] = entry end
  for code, entry in pairs(above) do out[code] = entry end
  return out
end

-- The areas that have their own catalogue, in alphabetical order.
local function areas(paths)
  local list = {}
  for _, path in ipairs(paths) do
    list[#list + 1] = path:match "^api/([^/]+)/errors%.lua$"
  end
  table.sort(list)
  return list
end

--- Fills g.errors (the codes of all surfaces; if several define one, the shared file wins, then the alphabetical order)
--- and g.catalogues: area -> the same with the area's own codes on top.  So a service or an authenticator of one area
--- may be used on the surface of another.
--- read(path) -> the codes of the file and those that it overrides; name(path): its name in messages.
function M.load(g, paths, read, name)
  local shared = checked(name(SHARED), read(SHARED))
  for _, code in ipairs(fail.required) do
    if not shared[code] then error(name(SHARED) .. ": the runtime needs the code '" .. code .. "'", 0) end
  end
  local own = {}
  g.errors, g.catalogues = shared, {}
  for _, area in ipairs(areas(paths)) do
    local path = "api/" .. area .. "/errors.lua"
    own[area] = checked(name(path), read(path))
    g.errors = laid_over(own[area], g.errors)
  end
  for area, errors in pairs(own) do g.catalogues[area] = laid_over(g.errors, errors) end
end

--- The codes as the surface of an area defines them.
function M.of(g, area) return g.catalogues and g.catalogues[area] or g.errors end

--- The same for the module of a rule, "marketplace.rules.bidding".
function M.of_rule(g, module) return M.of(g, module:match "^[^.]+") end

return M
