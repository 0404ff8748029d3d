-- host/lua/cli/config.lua -- `human config`: every setting with its value and its source.
-- C prints the host's own settings, this file those of scripts; for a secret only whether it is set.

local gen = require "human.scripts.generation"
local host = require "human.core.host"
local json = require "human.json"

local M = {}

local function shown(def)
  if def.secret then return def.is_set and "(set, not shown)" or "(not set)" end
  if def.type == "text" then return def.enum and def.value or ('"%s"'):format(def.value) end
  if def.type == "list" then return json.encode(json.array(def.value)) end
  if def.type == "object" then return json.encode(def.value) end
  if def.type == "bool" then return tostring(def.value) end
  local number = ("%.15g"):format(def.value)
  return def.written and def.written:find "%a" and def.written .. " (" .. number .. ")" or number
end

--- `human config`.  Returns the exit status: 2 when settings are wrong.
function M.run()
  local refused = host.native.refused ~= "" and host.native.refused or nil
  local ok, g = not refused, refused
  if ok then ok, g = pcall(gen.build, host.native.generation, { examples = false }) end
  if not ok and gen.refuses_settings(g) then
    io.stderr:write(g, "\n")
    return 2
  end
  host.native.print_settings()
  if not ok then
    io.stderr:write("settings of scripts are not known: ", tostring(g), "\n")
    return 1
  end
  for _, def in ipairs(g.settings.order) do
    io.stdout:write(("%-32s = %s   (%s)\n"):format(def.name, shown(def), def.source or "default"))
  end
  for _, text in ipairs(g.settings.strange) do io.stderr:write(text, "\n") end
  return 0
end

return M
