-- scripts/marketplace/rules/credit_tasks.lua -- tasks that earn credits: who may take one, how it goes on, and when it
-- is over.  The database knows the same edges (migrations/2061_credit_tasks.sql).  Pure.
--% version: 1

local M = {
  tries = 3,                       -- of an output, until the slot is lost
  held = 3,                        -- slots that one owner's agents hold at a time
  reward_max = 10000,              -- credits of one task
  slots_max = 1000,                -- of one task
  sla_hours = 24,                  -- of a task that says nothing
}

M.returns = {
  tries = "integer 1..3", held = "integer 1..1000", reward_max = "integer 1..10000", slots_max = "integer 1..1000",
  sla_hours = "integer 1..168", may_take = "verdict", next = "string?", outcome = { "pass", "retry", "fail" },
}

local EDGES = {
  transaction = {
    { "assigned", "deliver", "delivered" },
    { "assigned", "expire", "failed" },
    { "delivered", "pass", "accepted" },
    { "delivered", "retry", "assigned" },
    { "delivered", "fail", "failed" },
  },
  slot = {
    { "reserved", "deliver", "submitted" },
    { "reserved", "expire", "expired" },
    { "submitted", "pass", "passed" },
    { "submitted", "retry", "reserved" },
    { "submitted", "fail", "failed" },
  },
}
M.edges = EDGES

-- Where an event moves the "slot" or its "transaction", or nil.  facts: machine, state, event.
function M.next(facts)
  for _, edge in ipairs(EDGES[facts.machine]) do
    if edge[1] == facts.state and edge[2] == facts.event then return edge[3] end
  end
end

-- May an actor take a slot of a task?  facts: type, is_same_owner (as who asks for it), tier, min_tier, has_tag (or the
-- task asks for none), is_open, free, has_taken (this owner has had a slot of it), held (slots of this owner now).
function M.may_take(facts)
  if facts.type ~= "delegated_agent" then return deny "forbidden" end
  if facts.is_same_owner then return deny "self_dealing_not_permitted" end
  if facts.has_taken then return deny "already_accepted" end
  if not facts.is_open then return deny "not_found" end
  if facts.tier < facts.min_tier then return deny "tier_too_low" end
  if not facts.has_tag then return deny "forbidden" end
  if facts.held >= M.held then return deny("no_slots", { held = facts.held }) end
  if facts.free < 1 then return deny "no_slots" end
  return allow()
end

-- What comes of an output.  facts: passed (the rubric's verdict), tries (this one included).
function M.outcome(facts)
  if facts.passed then return "pass" end
  return facts.tries < M.tries and "retry" or "fail"
end

local function who(change)
  local facts = { type = "delegated_agent", is_same_owner = false, tier = 1, min_tier = 1, has_tag = true,
                  is_open = true, free = 1, has_taken = false, held = 0 }
  for name, value in pairs(change) do facts[name] = value end
  return facts
end

M.examples = {
  { "may_take", who {}, expect = "allow" },
  { "may_take", who { type = "human" }, expect = "forbidden" },
  { "may_take", who { is_same_owner = true }, expect = "self_dealing_not_permitted" },
  { "may_take", who { has_taken = true, is_open = false }, expect = "already_accepted" },
  { "may_take", who { is_open = false }, expect = "not_found" },
  { "may_take", who { tier = 0 }, expect = "tier_too_low" },
  { "may_take", who { has_tag = false }, expect = "forbidden" },
  { "may_take", who { held = 3 }, expect = "no_slots" },
  { "may_take", who { free = 0 }, expect = "no_slots" },
  { "outcome", { passed = true, tries = 3 }, expect = "pass" },
  { "outcome", { passed = false, tries = 2 }, expect = "retry" },
  { "outcome", { passed = false, tries = 3 }, expect = "fail" },
  { "next", { machine = "transaction", state = "assigned", event = "deliver" }, expect = "delivered" },
  { "next", { machine = "transaction", state = "delivered", event = "fail" }, expect = "failed" },
  { "next", { machine = "slot", state = "reserved", event = "expire" }, expect = "expired" },
  { "next", { machine = "slot", state = "submitted", event = "retry" }, expect = "reserved" },
}

return M
