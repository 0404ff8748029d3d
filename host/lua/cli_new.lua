-- host/lua/cli_new.lua -- `human new rule|route|channel NAME`: a small script to start from, and its spec.

local cli_override = require "human.cli_override"
local host = require "human.host"
local templates = require "human.new_templates"

local M = {}
local USAGE = [[
usage: human new rule NAME [--area AREA]    AREA/rules/NAME.lua: a decision (area: agent)
       human new route NAME                 api/local/NAME.lua: GET /api/local/NAME
       human new channel NAME               api/local/NAME.lua: a webhook whose messages go to an agent
Each comes with its spec, NAME_spec.lua beside it.  NAME: small letters, digits and _.
]]
local NAME_MAX = 24                              -- so that no line of a template grows too long

local function refuse(...)
  io.stderr:write("human new: ", table.concat { ... }, "\n")
  return 1
end

local function is_name(text) return #text <= NAME_MAX and text:find "^[a-z][a-z0-9_]*$" ~= nil end

-- {kind, name, area}, or nil when that is no usage of ours.
local function parse(args)
  local o, words, i = { area = "agent" }, {}, 1
  while i <= #args do
    if args[i] == "--area" and args[i + 1] then
      o.area, o.has_area, i = args[i + 1], true, i + 1
    elseif args[i]:sub(1, 1) == "-" then
      return nil
    else
      words[#words + 1] = args[i]
    end
    i = i + 1
  end
  o.kind, o.name = words[1], words[2]
  if #words ~= 2 or not templates[o.kind .. "_spec"] or (o.has_area and o.kind ~= "rule") then return nil end
  return o
end

local function exists(path)
  local f = io.open(path, "rb")
  if f then f:close() end
  return f ~= nil
end

-- Why nothing can be written at path, or nil.
local function obstacle(path)
  for _, dir in ipairs(cli_override.directories()) do
    if exists(dir .. "/" .. path) then
      return dir .. "/" .. path .. ": exists already; to change a shipped script: human override " .. path
    end
  end
  if not host.native.overridable(path) then
    return path .. ": the setting `overrides` does not allow it (it allows: " .. host.conf().overrides .. ")"
  end
end

local function fill(template, o)
  local values = { NAME = o.name, UPPER = o.name:upper(), AREA = o.area }
  return (template:gsub("%f[%u]%u+%f[%U]", values))
end

local function write(dir, path, text)
  local ok, why = host.native.write_new(dir, path, text)
  if not ok then return refuse(why) end
  io.stdout:write(dir, "/", path, "\n")
  return 0
end

local function make(o)
  local dir, why = cli_override.own_directory()
  if not dir then return refuse(why) end
  local stem = o.kind == "rule" and o.area .. "/rules/" .. o.name or "api/local/" .. o.name
  for _, path in ipairs { stem .. ".lua", stem .. "_spec.lua" } do
    why = obstacle(path)
    if why then return refuse(why) end
  end
  local code = write(dir, stem .. ".lua", fill(templates[o.kind], o))
  if code == 0 then code = write(dir, stem .. "_spec.lua", fill(templates[o.kind .. "_spec"], o)) end
  if code ~= 0 then return code end
  io.stdout:write("Next: human test ", dir, "/", stem, "_spec.lua; human check; and human reload puts it in force.\n")
  return 0
end

--- Returns the exit code: 0 written, 1 refused, 2 wrong usage.
function M.run(args)
  local o = parse(args)
  if not o then
    io.stderr:write(USAGE)
    return 2
  end
  if not is_name(o.name) then
    return refuse(o.name, ": a name has small letters, digits and _, at most ", tostring(NAME_MAX), " of them")
  end
  if not is_name(o.area) then return refuse(o.area, ": an area is the name of a folder, as agent") end
  if o.name:find "_spec$" then return refuse(o.name, ": names that end in _spec are those of specs") end
  return make(o)
end

return M
