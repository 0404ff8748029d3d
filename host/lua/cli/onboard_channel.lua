-- host/lua/cli/onboard_channel.lua -- the part of `human onboard` about the first channel: which, and its secrets.
-- Which channels there are, and what they need, is in the server's settings (channels.NAME.SETTING).

local cli = require "human.cli.words"
local gen = require "human.scripts.generation"
local remote = require "human.cli.remote"
local values = require "human.scripts.setting_values"

local M = {}
local NONE = "none"

-- The settings as config.schema shows them: those of the server, or, while none runs, of the scripts here.
local function properties(is_running)
  if is_running then return remote.call("config.schema").schema.properties end
  local list = {}
  for name, def in pairs(gen.current().settings.defs) do
    local kind = def.type == "text" and "string" or def.type
    list[name] = { type = kind, writeOnly = def.secret, description = def.text, enum = def.enum }
  end
  return list
end

-- {[channel] = {{name, secret, text}, ..}} of those settings, and the names of the channels.
local function known(is_running)
  local channels, order = {}, {}
  for path, p in pairs(properties(is_running)) do
    local channel, name = path:match "^channels%.([%w_]+)%.([%w_]+)$"
    if channel and (p.type == "string" or p.type == nil) then
      if not channels[channel] then channels[channel], order[#order + 1] = {}, channel end
      local text = p.description or ""
      table.insert(channels[channel], { name = name, secret = p.writeOnly == true, text = text,
                                        is_asked = not text:find "^another name of " and not p.enum })
    end
  end
  table.sort(order)
  for _, list in pairs(channels) do table.sort(list, function(a, b) return a.name < b.name end) end
  return channels, order
end

-- "a=1,b=2" as {a = "1", b = "2"}.
local function pairs_of(flag, text)
  local out = {}
  for item in (text or ""):gmatch "[^,]+" do
    local name, value = item:match "^([%w_]+)=(.+)$"
    if not name then cli.misused("onboard", flag .. " is like NAME=…,NAME=…, not " .. item) end
    out[name] = value
  end
  return out
end

local function choose(asker, channels, order)
  while true do
    local name = asker:ask("channel", "First channel (" .. table.concat(order, ", ") .. ", none)", NONE)
    if name == NONE then return nil end
    if channels[name] then return name end
    asker:say("there is no channel " .. name .. cli.suggest(name, order))
  end
end

local function check_values(given, channel)
  for name, value in pairs(given) do
    local path = ("channels.%s.%s"):format(channel, name)
    local def = gen.current().settings.defs[path]
    local why = def and not def.secret and values.check(def, value)
    if why then cli.misused("onboard", ("--channel-settings: %s: %s"):format(path, why)) end
  end
end

local function check_names(given, list, secret, channel)
  for name in pairs(given) do
    local found = false
    for _, one in ipairs(list) do found = found or one.name == name and one.secret == secret end
    if not found then
      cli.misused("onboard", ("channels.%s has no %s %s"):format(channel, secret and "secret" or "setting", name))
    end
  end
end

local function take_secret(asker, plan, channel, one, from)
  if not from then
    if not asker.terminal or not one.is_asked then return end
    asker:say(one.name .. ": " .. one.text)
    if not asker:yes("Is there a " .. one.name .. "?") then return end
  end
  local kept_as = channel .. "_" .. one.name
  local done, why = asker:secret(kept_as, from)
  if not done then cli.stop(("channels.%s.%s: %s"):format(channel, one.name, why)) end
  plan.secrets[#plan.secrets + 1] = kept_as
  plan.changes["channels." .. channel .. "." .. one.name] = "${sealed:" .. kept_as .. "}"
end

local function take_setting(asker, plan, channel, one, value)
  local is_asked = not value and asker.terminal and one.is_asked
  if is_asked then value = asker:ask(nil, one.name .. " (" .. one.text .. "; Enter: none)", "") end
  if value and value ~= "" then plan.changes["channels." .. channel .. "." .. one.name] = value end
end

--- Checks what flags say of the channel, and reads the secrets that they name; is_running: there is a server to ask.
function M.check_flags(asker, is_running)
  local name = asker.o.channel
  if not name or name == NONE then return end
  local channels, order = known(is_running)
  if not channels[name] then
    cli.misused("onboard", ("there is no channel %s%s; there are %s"):format(name, cli.suggest(name, order),
      table.concat(order, ", ")))
  end
  local secrets = pairs_of("--channel-secrets", asker.o["channel-secrets"])
  local others = pairs_of("--channel-settings", asker.o["channel-settings"])
  check_names(secrets, channels[name], true, name)
  check_names(others, channels[name], false, name)
  check_values(others, name)
  for one, from in pairs(secrets) do
    local done, why = asker:secret(name .. "_" .. one, from)
    if not done then cli.stop(("--channel-secrets: channels.%s.%s: %s"):format(name, one, why)) end
  end
end

--- Adds what is to be written to the plan.
function M.plan(asker, plan)
  local channels, order = known(true)
  if not order[1] then
    if asker.o.channel and asker.o.channel ~= NONE then cli.stop "this server has no channels" end
    return
  end
  if plan.result.kept and not asker.o.channel and not asker.terminal then return end
  local name = choose(asker, channels, order)
  if not name then return end
  local secrets = pairs_of("--channel-secrets", asker.o["channel-secrets"])
  local others = pairs_of("--channel-settings", asker.o["channel-settings"])
  for _, one in ipairs(channels[name]) do
    if one.secret then take_secret(asker, plan, name, one, secrets[one.name]) end
    if not one.secret then take_setting(asker, plan, name, one, others[one.name]) end
  end
  plan.result.channel = name
end

--- What the channel that was set up still lacks, as the server says it; nil: nothing.
function M.lacks(name)
  for _, one in ipairs(remote.call("channels.status").channels) do
    if one.key == name and not one.configured then
      return remote.plain(one.missing and one.missing .. " is not set" or one.error or "it is not configured")
    end
  end
end

return M
