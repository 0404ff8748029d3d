-- host/lua/cli/new.lua -- `human new rule|route|channel NAME`: a small script to start from, and its spec.

local cli = require "human.cli.words"
local cli_override = require "human.cli.override"
local host = require "human.core.host"
local json = require "human.json"
local own_server = require "human.cli.own_server"
local templates = require "human.cli.new_templates"

local M = {}
local PLACES = { route = "api/local/", channel = "gateway/channels/" }
local NAME_MAX = 24                              -- so that no line of a template becomes too long

local function refuse(...)
  io.stderr:write("human new: ", table.concat { ... }, "\n")
  return 1
end

local function is_name(text) return #text <= NAME_MAX and text:find "^[a-z][a-z0-9_]*$" ~= nil end

-- {kind, name, area}
local function parse(args)
  local kinds = { "rule", "route", "channel" }
  local words, o = cli.parse("new", args, { ["--area"] = "AREA", ["--json"] = true })
  cli.count("new", words, { "what (rule, route or channel)", "NAME" }, 2, 2)
  o.kind, o.name = words[1], words[2]
  if not templates[o.kind .. "_spec"] then
    cli.misused("new", "not one of rule, route, channel: " .. o.kind .. cli.suggest(o.kind, kinds))
  end
  if o.area and o.kind ~= "rule" then cli.misused("new", "--area goes with a rule") end
  o.area = o.area or "agent"
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

local function write(o, dir, path, text)
  local ok, why = host.native.write_new(dir, path, text)
  if not ok then return refuse(why) end
  o.files[#o.files + 1] = dir .. "/" .. path
  if not o.json then io.stdout:write(dir, "/", path, "\n") end
  return 0
end

-- The address of the server by these settings, if none runs to report it.
local function configured()
  local conf = host.conf()
  local name = conf.host
  if name == "0.0.0.0" or name == "" then name = "127.0.0.1" elseif name == "::" then name = "::1" end
  if name:find(":", 1, true) then name = "[" .. name .. "]" end
  local secure = conf.tls.certificate ~= "" or conf.tls.directory ~= ""
  return { url = ("%s://%s:%d"):format(secure and "https" or "http", name, conf.port), pin = "" }
end

-- A line for a shell.  The certificate is for the public name, so here curl verifies the key instead.
local function curl(path)
  local server = own_server.status() or configured()
  local trust = server.pin ~= "" and ("-k --pinnedpubkey '%s' "):format(server.pin) or ""
  return ("curl -sS %s'%s%s'"):format(trust, server.url, path)
end

local function make(o)
  local dir, why = cli_override.own_directory()
  if not dir then return refuse(why) end
  local stem = (o.kind == "rule" and o.area .. "/rules/" or PLACES[o.kind]) .. o.name
  for _, path in ipairs { stem .. ".lua", stem .. "_spec.lua" } do
    why = obstacle(path)
    if why then return refuse(why) end
  end
  o.files = json.array {}
  local code = write(o, dir, stem .. ".lua", fill(templates[o.kind], o))
  if code == 0 then code = write(o, dir, stem .. "_spec.lua", fill(templates[o.kind .. "_spec"], o)) end
  if code ~= 0 then return code end
  if o.json then
    io.stdout:write(json.encode_sorted { files = o.files }, "\n")
    return 0
  end
  io.stdout:write("Next: human test ", dir, "/", stem, "_spec.lua; human check; and human reload puts it in force.\n")
  if o.kind == "route" then io.stdout:write("Then: ", curl("/api/local/" .. o.name .. "?name=Ann"), "\n") end
  return 0
end

--- Returns the exit code: 0 written, 1 refused, 2 wrong usage.
function M.run(args)
  local o = parse(args)
  if not is_name(o.name) then
    return refuse(o.name, ": a name has small letters, digits and _, at most ", tostring(NAME_MAX), " of them")
  end
  if not is_name(o.area) then return refuse(o.area, ": an area is the name of a folder, as agent") end
  if o.name:find "_spec$" then return refuse(o.name, ": names that end in _spec are those of specs") end
  return make(o)
end

return M
