-- host/lua/cli/tools.lua -- `human tools`: what the gateway's agent may call, and which of it is on.
-- Tools of this program are switched by the settings tools.enabled and tools.disabled; those of other servers
-- (mcp_servers) are allowed as they are described now, by tools.allow.

local cli = require "human.cli.words"
local json = require "human.json"
local remote = require "human.cli.remote"

local M = {}

local function state(tool) return tool.enabled and "on" or "off" end

local COLUMNS = {
  { "NAME", "name" }, { "RISK", "risk" }, { "STATE", state }, { "FROM", "source" },
  { "WHAT IT DOES", function(tool) return not tool.enabled and tool.reason or tool.description end },
}

local function list(o)
  local value = remote.call "tools.catalog"
  remote.list(value, "tools", o, COLUMNS, "The agent has no tools.")
  for _, source in ipairs(o.json and {} or value.sources) do
    if source.error then remote.say(("%s: %s"):format(source.name, source.error)) end
  end
  return 0
end

-- The tool of this name, or the command ends.
local function find(name)
  local names = {}
  for i, tool in ipairs(remote.call("tools.catalog").tools) do
    if tool.name == name then return tool end
    names[i] = tool.name
  end
  cli.stop(("there is no tool %s%s; `human tools` lists those there are"):format(name, cli.suggest(name, names)))
end

local function show(o, name)
  local tool = find(name)
  return remote.show(tool, o, function()
    local out = { ("%s  %s, risk %s, from %s"):format(tool.name, state(tool), tool.risk, tool.source) }
    if tool.reason then out[2] = "  it is off because " .. tool.reason end
    out[#out + 1] = "  " .. tool.description
    out[#out + 1] = "  arguments " .. remote.visible(json.encode_sorted(tool.parameters))
    if tool.hash then out[#out + 1] = "  hash " .. tool.hash end
    return out
  end)
end

-- ---- those of this program ----------------------------------------------------------------------------------

local function without(names, name)
  local out, had = json.array {}, false
  for _, one in ipairs(names) do
    if one == name then had = true else out[#out + 1] = one end
  end
  return out, had
end

local function with(names, name)
  local out = without(names, name)
  out[#out + 1] = name
  return out
end

-- Changes the lists by change(tools) -> {[setting] = list}, unless the file was changed since it was read.
local function set(change)
  local now = remote.call "config.get"
  local changes = change(now.config.tools)
  if not next(changes) then return end
  changes.baseHash = now.hash
  remote.call("config.set", changes)
end

local function take_out(setting, name)
  set(function(tools)
    local names, had = without(tools[setting], name)
    return had and { ["tools." .. setting] = names } or {}
  end)
end

local function put_in(setting, name)
  set(function(tools) return { ["tools." .. setting] = with(tools[setting], name) } end)
end

-- A tool is on unless it is in `disabled`; some only when they are in `enabled`.
local function switch(name, on)
  local from, to = on and "disabled" or "enabled", on and "enabled" or "disabled"
  take_out(from, name)
  if find(name).enabled ~= on then put_in(to, name) end
  if find(name).enabled == on then return end
  cli.stop(("tools.%s says otherwise: it holds *, or comes from the environment; see `human config`"):format(from))
end

-- ---- all of them --------------------------------------------------------------------------------------------

local function say(o, name, on)
  local text = on and " is on: security.autonomy_level says whether a call asks first." or " is off."
  return remote.show({ name = name, enabled = on }, o, name .. text)
end

local function allow(o, name)
  local tool = find(name)
  if tool.hash then
    remote.call("tools.allow", { name = name, hash = o.hash or tool.hash })
  else
    if o.hash then cli.misused("tools", "--hash goes with a tool of mcp_servers") end
    if not tool.enabled then switch(name, true) end
  end
  return say(o, name, true)
end

local function forbid(o, name)
  local tool = find(name)
  if tool.hash then
    take_out("enabled", name)
    remote.call("tools.forbid", { name = name })
  elseif tool.enabled then
    switch(name, false)
  end
  return say(o, name, false)
end

local SOURCES = {
  { "SERVER", "name" }, { "KIND", "kind" }, { "STATE", "state" }, { "WHAT IS WRONG", "error" },
}

local function refresh(o, source)
  local value = remote.call("tools.refresh", { source = source })
  return remote.list(value, "sources", o, SOURCES, "mcp_servers names no server.")
end

local run = remote.command("tools", { ["--hash"] = "HASH" }, {
  list = { run = list }, show = { words = { "NAME" }, run = show }, allow = { words = { "NAME" }, run = allow },
  forbid = { words = { "NAME" }, run = forbid }, refresh = { words = { "SERVER" }, least = 0, run = refresh },
}, "list", { see = "tools", says = { name = "NAME", source = "SERVER", hash = "--hash" } })

--- `human tools`.  Returns the exit status.
function M.run(args) return run(args) end

return M
