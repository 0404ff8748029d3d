-- host/lua/config.lua -- the settings, read-only: `config.database.pool`; and config.define, for scripts' own.
-- The host's settings are read once, at its start; those of scripts belong to a generation.  Secrets are not among
-- them.  A name that does not exist raises, so that a typo is not taken for an unset setting.

local gen = require "human.scripts.generation"
local change = require "human.scripts.setting_change"
local host = require "human.core.host"
local settings = require "human.scripts.settings"
local shown = require "human.scripts.setting_shown"

local M = {}
local views = setmetatable({}, { __mode = "k" })
local view

local function present()
  local g = gen.building()
  if g then return settings.of(g) end
  return settings.present()
end

-- Each reader gets its own copy of a list or object.
local function copy(value)
  if type(value) ~= "table" then return value end
  local out = {}
  for k, v in pairs(value) do out[k] = copy(v) end
  return out
end

local function read(prefix, source)
  return function(_, name)
    local value = source()[name]
    if value == nil then error("no such setting: " .. prefix .. tostring(name), 2) end
    if type(value) ~= "table" then return value end
    if value[1] or settings.is_value(value) then return copy(value) end
    return view(prefix .. name .. ".", value)
  end
end

local function refuse(_, name)
  error("settings are read-only: " .. tostring(name), 2)
end

function view(prefix, values)
  views[values] = views[values] or setmetatable({}, {
    __index = read(prefix, function() return values end), __newindex = refuse, __metatable = "config",
  })
  return views[values]
end

--- Defines a setting of scripts, while they load: `{"area": {"name": ..}}` in the settings file, HUMAN_AREA_NAME in
--- the environment, --set area.name=..; read as config.area.name.
--- spec: type ("text", "int", "number", "bool", "list" of texts, "object": anything below the name), text (its
--- description), default ("", 0, false, or an empty table), min and max (of a number, the bytes of a text, the entries
--- of a list), enum (list of texts), unit ("ms", "s", "bytes"; else as the name ends: values may be "5m" or "64k"),
--- secret (a text that scripts never see: crypto.secret_equal("area.name", ..) and ${secret:area.name} in a fetch),
--- secrets (of an object: names of members, at any depth, that scripts see as "***", and use like a secret by their
--- whole names),
--- env (a second environment variable), restart (true: a change takes effect when the host starts again; else at
--- the next reload).
--- Definitions in a file config.lua of any folder are loaded before other scripts.
function M.define(name, spec)
  local g = gen.building()
  if not g then error("config.define: only while scripts are loading", 2) end
  local info = debug.getinfo(2, "Sl")
  local wrong = settings.define(g, name, spec, info.short_src .. ":" .. info.currentline)
  if wrong then error("config.define: " .. wrong, 2) end
end

--- Changes the settings file of this host and applies it on all its workers, as a reload does, with the scripts in
--- service.  changes: {["area.name"] = value}; json.null unsets one.  base_hash (optional): of the file that the change
--- is based on (config.hash).  All or nothing: a file that would be invalid is not written.  Comments stay.  Awaits.
--- Returns {hash, restart = names of settings that need a restart}; or nil and {code, message}: "conflict" (the
--- file has another hash), "invalid" (the message says where), "failed" (it cannot be written), "busy".
function M.set(changes, base_hash) return change.set(changes, base_hash) end

--- The SHA-256 of the settings file as it is now, in hex.
function M.hash() return host.settings_hash() end

--- The settings that scripts define: a list of {name, type, default, text, min, max, enum, unit, secret, restart,
--- value, is_set (of a secret), source}.
function M.defined()
  local g, list = gen.current(), {}
  for i, def in ipairs(g and g.settings.order or {}) do
    list[i] = copy(def)
    list[i].written, list[i].place = nil, nil
  end
  return list
end

--- The value of one of these as people may see it: what is a secret in it is "***".  Nil: a secret that is not set.
function M.shown(def) return shown.of(def) end

-- Settings are looked up at each use, because they do not exist yet while the runtime loads.
return setmetatable(M, { __index = read("", present), __newindex = refuse, __metatable = "config" })
