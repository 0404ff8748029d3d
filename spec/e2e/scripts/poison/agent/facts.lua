-- spec/e2e/scripts/poison/agent/facts.lua -- facts that nobody survives to read, before a run has begun.

local shipped = require "shipped:agent.facts"

local M = {}
for name, value in pairs(shipped) do M[name] = value end

function M.load(agent_id)
  local snap = shipped.load(agent_id)
  for _, line in ipairs(snap and snap.lines or {}) do
    if line.text and line.text:find("venom", 1, true) then ("a"):rep(40):find((".-"):rep(20) .. "b") end
  end
  return snap
end

return M
