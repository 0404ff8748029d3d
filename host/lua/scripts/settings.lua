-- host/lua/scripts/settings.lua -- the settings that scripts define (config.define), of one generation.
-- C keeps what a file, variables and flags contain for settings that are not its own.  Here a definition turns that
-- into a value; an invalid value, or a name that nobody defines, refuses the scripts.  Values never change within a
-- generation: a change makes a new one.

local host = require "human.core.host"
local nearest = require "human.core.nearest"
local sched = require "human.core.sched"
local values = require "human.scripts.setting_values"

local M = {}
local FIELDS = { type = true, default = true, text = true, min = true, max = true, enum = true, unit = true,
                 secret = true, restart = true, env = true, secrets = true }
local DEFAULTS = { text = "", int = 0, number = 0, bool = false }
local NAME_MAX, DEFINED_MAX = 100, 1000

M.fallback = nil                                 -- a generation for specs, without one in service

local leaves = setmetatable({}, { __mode = "k" }) -- lists and objects that are values, not groups

--- Whether a table among the settings is a value.
function M.is_value(t) return leaves[t] == true end

--- The settings for the running code, as nested tables.  g: its generation.
function M.of(g)
  g = g or sched.generation or M.fallback
  return g and g.config or host.conf()
end

--- The same for the current task.
function M.present()
  local task = sched.current()
  return M.of(task and task.gen or nil)
end

-- Definitions -------------------------------------------------------------------------------------------

local function copy(t)
  local out = {}
  for k, v in pairs(t) do out[k] = v end
  return out
end

-- Starts a generation with the host's settings.
function M.begin(g)
  g.settings = { defs = {}, order = {}, errors = {}, pending = {}, given = host.settings(g.n) }
  local own = {}
  for _, name in ipairs(g.settings.given.own) do own[name] = true end
  g.settings.own, g.config = own, copy(host.conf())
end

local function check_name(s, name)
  if type(name) ~= "string" or #name > NAME_MAX then
    return "the name must be a text of at most " .. NAME_MAX .. " bytes"
  end
  local whole = not name:find("..", 1, true) and name:sub(1, 1) ~= "." and name:sub(-1) ~= "."
  for part in name:gmatch "[^.]+" do whole = whole and part:find "^%l[%l%d_]*$" end
  if not whole then return name .. ": a name is like \"area.what_it_is\", of a-z, 0-9 and _" end
  if s.own[name] then return name .. " is a setting of the host" end
  local earlier = s.defs[name]
  if earlier then return name .. " is defined in " .. earlier.place .. " already" end
  for other in pairs(s.defs) do
    if other:sub(1, #name + 1) == name .. "." then return name .. ": there is " .. other .. " below it" end
  end
  local above = name:match "^(.*)%."
  while above do
    if s.defs[above] or s.own[above] then return name .. ": " .. above .. " is a setting itself" end
    above = above:match "^(.*)%."
  end
end

local function check_spec(spec)
  if type(spec) ~= "table" then return "the second argument must be a table" end
  for field in pairs(spec) do
    if not FIELDS[field] then return "there is no field " .. tostring(field) end
  end
  if not values.TYPES[spec.type] then return "type must be text, int, number, bool, list or object" end
  if type(spec.text) ~= "string" or spec.text == "" then return "text must say what it is" end
  if spec.secret and (spec.type ~= "text" or spec.default ~= nil) then
    return "a secret is a text, without a default"
  end
  if spec.enum and (spec.type ~= "text" or type(spec.enum) ~= "table") then return "enum is a list, of a text" end
  if spec.secrets and (spec.type ~= "object" or type(spec.secrets) ~= "table") then
    return "secrets is a list of names, of an object"
  end
  if spec.env and not tostring(spec.env):find "^[%u][%u%d_]*$" then return "env must be the name of a variable" end
  if spec.unit and not values.UNITS[spec.unit] then return "unit must be ms, s or bytes" end
end

local function default_of(def)
  if def.default ~= nil or def.secret then return def.default end
  if def.type == "list" or def.type == "object" then return {} end
  if def.enum then return def.enum[1] end
  return DEFAULTS[def.type]
end

-- Sets a nested value in `config`, copying tables on the way, since the host's own are shared.
local function put(config, name, value)
  local head, rest = name:match "^([^.]+)%.(.+)$"
  if not head then
    config[name] = value
    return
  end
  config[head] = copy(config[head] or {})
  put(config[head], rest, value)
end

-- The given value, or the default if there is none; or nil and what is wrong.
local function resolve(g, def, n)
  local given = host.setting(n, def.name, def.env)
  if def.type == "object" and not (given and given[1] == "word") then
    return values.object(def, g.settings.given.given, function(name) return host.setting(n, name) end)
  end
  if not given or given[1] == "null" then return default_of(def) end
  local value, why = values.read(def, given[1], given[2])
  def.written = given[2]
  if not why then return value, nil, given[3] end
  return default_of(def), given[3] .. ": " .. def.name .. ": " .. why, given[3]
end

-- A setting that needs a restart keeps its value from the start.
local function value_of(g, def)
  local value, why, source = resolve(g, def, g.n)
  if not def.restart then return value, why, source end
  local first, _, first_source = resolve(g, def, 0)
  if not values.same(first, value) then g.settings.pending[#g.settings.pending + 1] = def.name end
  return first, why, first_source
end

-- config.define: `place` is the script's line.  Returns what is wrong with the definition.
function M.define(g, name, spec, place)
  local s = g.settings
  local wrong = check_name(s, name) or check_spec(spec)
  if wrong then return wrong end
  if #s.order >= DEFINED_MAX then return "there are " .. DEFINED_MAX .. " already" end
  local def = copy(spec)
  def.name, def.place = name, place
  def.default = default_of(def)
  local bad = not def.secret and values.check(def, def.default)
  if bad then return name .. ": the default " .. bad end
  s.defs[name], s.order[#s.order + 1] = def, def
  local value, why, source = value_of(g, def)
  if why then s.errors[#s.errors + 1] = why end
  def.source = source
  if def.secret then
    if def.env and not host.setting_secret(name, def.env) then
      return name .. ": there are too many secrets with env"
    end
    def.is_set = value ~= nil and value ~= ""
  else
    def.value = value
    if type(value) == "table" then leaves[value] = true end
    put(g.config, name, value)
  end
end

-- Undefined settings --------------------------------------------------------------------------------------

local function is_below(names, prefix)
  for name in pairs(names) do
    if name:sub(1, #prefix + 1) == prefix .. "." then return true end
  end
  return false
end

-- Whether a name is defined, is below an object, or is an empty group.
local function is_claimed(s, name, kind)
  if s.defs[name] then return true end
  if kind == "object" or kind == "null" then
    if is_below(s.defs, name) or is_below(s.own, name) then return true end
  end
  local above = name:match "^(.*)%."
  while above do
    if s.defs[above] and s.defs[above].type == "object" then return true end
    above = above:match "^(.*)%."
  end
  return false
end

local function names_of(s)
  local list = {}
  for name in pairs(s.own) do list[#list + 1] = name end
  for name in pairs(s.defs) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function variable_of(name) return "HUMAN_" .. name:gsub("%.", "_"):upper() end

local function strange_variables(s, names)
  local known, list = {}, {}
  for i, name in ipairs(names) do list[i] = variable_of(name) known[list[i]] = true end
  for _, def in ipairs(s.order) do if def.env then known[def.env] = true end end
  local strange = {}
  for _, name in ipairs(s.given.variables) do
    if not known[name] then
      strange[#strange + 1] = ("environment: unknown setting %s%s is ignored"):format(name, nearest.suggest(name, list))
    end
  end
  return strange
end

-- Checks everything given, after all scripts have defined their settings.  Raises a text with one line per mistake.
function M.finish(g)
  local s, errors = g.settings, {}
  local names = names_of(s)
  for _, given in ipairs(s.given.given) do
    local name, kind, source = given[1], given[2], given[3]
    if not is_claimed(s, name, kind) then
      errors[#errors + 1] = ("%s: unknown setting \"%s\"%s"):format(source, name, nearest.suggest(name, names, '"'))
    end
  end
  for _, why in ipairs(s.errors) do errors[#errors + 1] = why end
  s.strange = strange_variables(s, names)
  if #errors == 0 then return end
  s.refused = table.concat(errors, "\n")
  error(s.refused, 0)
end

return M
