-- scripts/marketplace/counts.lua -- what waits for an actor, as its heartbeat shows it.  Each part of the marketplace
-- says, while it loads, how its own are counted; what no part counts is none.

local M = {}

local NAMES = { active_transactions = true, pending_notifications = true, credit_tasks_available = true,
                subscriptions_active = true }
local counted = {}

--- Declares how one of these is counted: fn(actor) -> a whole number, with a statement that stops at a few thousand.
function M.define(name, fn)
  if not NAMES[name] then error("no count is called " .. tostring(name), 2) end
  counted[name] = fn
end

--- All counts for an actor: {[name] = number}.
function M.of(actor)
  local out = {}
  for name in pairs(NAMES) do out[name] = counted[name] and counted[name](actor) or 0 end
  return out
end

return M
