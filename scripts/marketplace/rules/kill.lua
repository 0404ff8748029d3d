-- scripts/marketplace/rules/kill.lua -- the platform's kill switch: from which states each action moves an actor, and
-- who may not use it on whom.  Tools and subscriptions move along rules/subscriptions.lua.  Pure.
--% version: 1

local M = {
  told = 1000,                     -- subscribers who are told of one action
  told_bids = 500,                 -- bids whose owners are told that they have ended
}

-- Of actors; unban_provider leads back to where a ban has found it.
local MOVES = {
  freeze_agent = { active = "frozen" },
  unfreeze_agent = { frozen = "active" },
  ban_provider = { active = "banned", frozen = "banned" },
  unban_provider = { banned = "active" },
}

M.returns = {
  told = "integer 1..10000", told_bids = "integer 1..10000",
  next = { to = "string?" }, may_use = "verdict",
}

--- Where an action moves an actor: {to}; without it, nowhere.  ask: {action, from, before (a ban: its state then)}.
function M.next(ask)
  local to = MOVES[ask.action][ask.from]
  if to and ask.action == "unban_provider" then return { to = ask.before or to } end
  return { to = to }
end

--- May an admin do this?  facts: {is_self (it is about the admin itself, or about something of its own)}.
function M.may_use(facts)
  if facts.is_self then return deny("forbidden", { message = "Another admin decides about you" }) end
  return allow()
end

M.examples = {
  { "next", { action = "freeze_agent", from = "active" }, expect = { to = "frozen" } },
  { "next", { action = "freeze_agent", from = "frozen" }, expect = {} },
  { "next", { action = "freeze_agent", from = "banned" }, expect = {} },
  { "next", { action = "unfreeze_agent", from = "banned" }, expect = {} },
  { "next", { action = "ban_provider", from = "frozen" }, expect = { to = "banned" } },
  { "next", { action = "unban_provider", from = "banned", before = "frozen" }, expect = { to = "frozen" } },
  { "next", { action = "unban_provider", from = "banned" }, expect = { to = "active" } },
  { "next", { action = "unban_provider", from = "active" }, expect = {} },
  { "may_use", { is_self = false }, expect = "allow" },
  { "may_use", { is_self = true }, expect = "forbidden" },
}

return M
