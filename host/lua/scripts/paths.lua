-- host/lua/scripts/paths.lua -- names and paths of scripts, and which are loaded even if nobody requires them.

local catalogue = require "human.scripts.catalogue"
local host = require "human.core.host"

local M = {}
local SHIPPED = "shipped:"
M.SHIPPED = SHIPPED

function M.is_rule(name) return name:find("%.rules%.") ~= nil end

-- The path of a module, and how many files override it: shipped:a.b is a/b.lua, 1.
function M.path_of(name)
  local level = 0
  while name:sub(1, #SHIPPED) == SHIPPED do
    name, level = name:sub(#SHIPPED + 1), level + 1
  end
  return (name:gsub("%.", "/")) .. ".lua", level
end

function M.name_of(path) return (path:gsub("%.lua$", ""):gsub("/", ".")) end

-- Whether it defines settings, which must happen before other scripts read them.
function M.is_config(path) return ("/" .. path):find "/config%.lua$" ~= nil end

-- The scripts that are loaded even if nobody requires them: settings first, then API files, rules because of their
-- examples, channels, and the init.lua of any folder.
function M.roots(n)
  local list = {}
  for _, path in ipairs(host.bundle_list(n)) do
    local wanted = M.is_config(path)
    wanted = wanted or path:find "^api/.+%.lua$" and not catalogue.is_path(path)
    wanted = wanted or path:find "^[^/]+/rules/.+%.lua$" or path:find "/init%.lua$"
    wanted = wanted or path:find "^[^/]+/channels/[^/]+%.lua$"
    if wanted then list[#list + 1] = path end
  end
  table.sort(list, function(a, b)
    if M.is_config(a) ~= M.is_config(b) then return M.is_config(a) end
    return a < b
  end)
  return list
end

return M
