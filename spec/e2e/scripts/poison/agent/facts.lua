-- spec/e2e/scripts/poison/agent/facts.lua -- facts that nobody survives to read, before a run has begun.

local shipped = require "shipped:agent.facts"

local function count() for _ = 1, 1e7 do end end -- luacheck: ignore 542
local function stay_for_ever() while true do pcall(count) end end -- what interrupts it is caught

local M = {}
for name, value in pairs(shipped) do M[name] = value end

function M.load(agent_id)
  local snap = shipped.load(agent_id)
  for _, line in ipairs(snap and snap.lines or {}) do
    if line.text and line.text:find("venom", 1, true) then stay_for_ever() end
  end
  return snap
end

return M
