-- spec/e2e/scripts/poison/agent/providers/offline.lua -- a provider that never comes back from some messages.

local shipped = require "shipped:agent.providers.offline"

local M = {}
for name, value in pairs(shipped) do M[name] = value end

-- What interrupts it is caught.
local function count() for _ = 1, 1e7 do end end -- luacheck: ignore 542
local function stay_for_ever() while true do pcall(count) end end

function M.answer(req, choice, out)
  if req.messages[#req.messages].content:find("poison", 1, true) then stay_for_ever() end
  return shipped.answer(req, choice, out)
end

return M
