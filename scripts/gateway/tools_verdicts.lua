-- scripts/gateway/tools_verdicts.lua -- what the rule about tools (gateway/rules/tools.lua) says of each, by who asks
-- for it, as the settings are: for the operator to see. What was allowed for good is not looked at, nor what waits.

local config = require "human.config"
local json = require "human.json"
local rules = require "gateway.rules.tools"
local tools = require "gateway.tools"

local M = {}

M.ASKERS = { "operator", "owner", "guest", "market" }

local function verdict_of(tool, asker, level)
  local verdict = rules.decide { tool = tool.name, risk = tool.risk, arguments = "{}", level = level, always = false,
                                 open = 0, asker = asker }
  return { asker = asker, action = verdict.action, reason = verdict.reason }
end

--- {level, askers, rule, tools = {{name, verdicts = {{asker, action, reason}, ..}}, ..}}.
function M.all()
  local level, list = config.security.autonomy_level, json.array {}
  for i, tool in ipairs(tools.catalog()) do
    local verdicts = json.array {}
    for n, asker in ipairs(M.ASKERS) do verdicts[n] = verdict_of(tool, asker, level) end
    list[i] = { name = tool.name, verdicts = verdicts }
  end
  return { level = level, askers = json.array(M.ASKERS), rule = "gateway/rules/tools.lua", tools = list }
end

return M
