-- host/lua/cli/config.lua -- `human config`: every setting with its value and its source, as this process reads them;
-- and get, set and unset, which ask the running server, and change its file as a reload does.
-- Without get and the like C prints the host's own settings, this file those of scripts; for a secret only whether it
-- is set.

local cli = require "human.cli.words"
local config = require "human.config"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local json = require "human.json"
local remote = require "human.cli.remote"
local trim_end = require("human.text").trim_end

local M = {}
local HIDDEN, VALUE_MAX = "***", 65536

local function shown(def)
  if def.secret then return def.is_set and "(set, not shown)" or "(not set)" end
  local value = config.shown(def)
  if def.type == "text" then return def.enum and value or ('"%s"'):format(value) end
  if def.type == "list" or def.type == "object" then return json.encode(value) end
  if def.type == "bool" then return tostring(def.value) end
  local number = ("%.15g"):format(def.value)
  return def.written and def.written:find "%a" and def.written .. " (" .. number .. ")" or number
end

-- `human config`.  2 when settings are wrong.
local function print_all()
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

-- ---- asking the server ----------------------------------------------------------------------------------

local function property(name)
  local all = remote.call("config.schema").schema.properties
  if all[name] then return all[name] end
  local names = {}
  for known in pairs(all) do names[#names + 1] = known end
  cli.stop("there is no setting " .. name .. cli.suggest(name, names))
end

local function at(tree, name)
  for part in name:gmatch "[^.]+" do
    if type(tree) ~= "table" then return nil end
    tree = tree[part]
  end
  return tree
end

local function text_of(value)
  if value == nil or value == json.null then return "(not set)" end
  return type(value) == "table" and json.encode_sorted(value) or tostring(value)
end

local function get(o, name)
  local answer = remote.call "config.get"
  if not name then return remote.show(answer.config, o, function() return json.encode_sorted(answer.config) end) end
  local value = at(answer.config, name)
  if value == nil then property(name) end
  local told = { name = name, value = value == nil and json.null or value }
  return remote.show(told, o, function() return text_of(value) end)
end

local function say_saved(o, name, done)
  return remote.show(done, o, function()
    local later = done.restart_required[1]
    return name .. (later and " is saved, and counts when the server starts again." or " is set.")
  end)
end

-- What the word means for a setting of that type: a text is itself, all else is JSON, or a number with its unit.
local function value_of(word, kind)
  if kind == "string" then return word end
  local value, why = json.decode(word)
  return why and word or value
end

local function from_input(name)
  local text = io.stdin:read(VALUE_MAX + 1) or ""
  if #text > VALUE_MAX then cli.stop "the value is too long" end
  text = trim_end(text)
  if text == "" or text == HIDDEN then cli.stop("no value of " .. name .. " was given on standard input") end
  return text
end

local function set(o, name, word)
  local known = property(name)
  if known.writeOnly and word ~= "-" then
    cli.misused("config", name .. " is a secret: give - for its value, and the secret on standard input")
  end
  local value = word == "-" and from_input(name) or word
  return say_saved(o, name, remote.call("config.set", { key = name, value = value_of(value, known.type) }))
end

local function unset(o, name)
  property(name)
  return say_saved(o, name, remote.call("config.set", { [name] = json.null }))
end

local ask = remote.command("config", {}, {
  get = { words = { "NAME" }, least = 0, run = get }, set = { words = { "NAME", "VALUE" }, run = set },
  unset = { words = { "NAME" }, run = unset },
})

--- `human config`.  Returns the exit status.
function M.run(args)
  if #args == 0 then return print_all() end
  return ask(args)
end

return M
