-- scripts/gateway/capabilities.lua -- what this server can do, by name.

local json = require "human.json"
local llm = require "human.llm"
local system = require "human.system"
local channels = require "gateway.channel"
local numbers = require "gateway.numbers"
local tools = require "gateway.tools"

local M = {}

-- The names of those that `is` admits.
local function names(list, is)
  local out = json.array {}
  for _, one in ipairs(list) do
    if is(one) then out[#out + 1] = one.name end
  end
  return out
end

-- Whether one of its accounts may work.
local function is_set_up(c)
  for _, account in ipairs(channels.accounts(c)) do
    if not channels.missing(c, account) then return true end
  end
  return false
end

--- Counts and names, as the method `capabilities` shows them.
function M.now()
  local tool_names = names(tools.catalog(), function(tool) return tool.enabled end)
  local provider_names = names(llm.providers(), function(provider) return provider.configured end)
  local channel_names = names(channels.list(), is_set_up)
  return {
    version = system.health().version, peak_rss_mb = numbers.now().peak_mb,
    tools = #tool_names, channels = #channel_names, providers = #provider_names,
    tool_names = tool_names, channel_names = channel_names, provider_names = provider_names,
  }
end

return M
