-- host/lua/config.lua -- the settings, read-only: `config.database.pool`.
-- Their owner is host/core/conf.c; secrets are not among them.  A name that does not exist raises, so that
-- a slip of the pen is not taken for an unset setting.

local host = require "human.core.host"

local views = setmetatable({}, { __mode = "k" })
local view

local function read(prefix, settings)
  return function(_, name)
    local value = settings()[name]
    if value == nil then error("no such setting: " .. prefix .. tostring(name), 2) end
    if type(value) == "table" and not value[1] then return view(prefix .. name .. ".", value) end
    return value
  end
end

local function refuse(_, name)
  error("settings are read-only: " .. tostring(name), 2)
end

function view(prefix, settings)
  views[settings] = views[settings] or setmetatable({}, {
    __index = read(prefix, function() return settings end), __newindex = refuse, __metatable = "config",
  })
  return views[settings]
end

-- The settings are asked for at each use: they do not exist yet while the runtime loads.
return setmetatable({}, {
  __index = read("", function() return host.conf() end), __newindex = refuse, __metatable = "config",
})
