-- spec/e2e/scripts/poison/agent/providers/offline.lua -- a provider that never comes back from some messages.

local shipped = require "shipped:agent.providers.offline"

local M = {}
for name, value in pairs(shipped) do M[name] = value end

-- In C, where nothing can interrupt it.
local function match_for_ever() return (("a"):rep(40):find((".-"):rep(20) .. "b")) end

function M.answer(req, choice, out)
  if req.messages[#req.messages].content:find("poison", 1, true) then match_for_ever() end
  return shipped.answer(req, choice, out)
end

return M
