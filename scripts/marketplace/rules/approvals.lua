-- scripts/marketplace/rules/approvals.lua -- which purchases of an agent need the consent of a person it belongs to.
-- An agent's autonomy: 0 asks for everything, 1 (the default) and 2 for what is new or much, 3 for nothing.
--
-- The people of an agent's owner may have rules of their own.  The first that fits answers (the smallest priority; of
-- equal ones, who denies before who escalates before who approves).  A denial holds for all; what is escalated is asked
-- for by all.  What is approved needs no consent because it is new, but autonomy 0 asks for it, and so does who would
-- pass the cap of the day.
--% version: 2

local budget = require "marketplace.rules.budget"

local M = {
  day_cap_cents = 10000,           -- that an agent spends in a day (UTC) without asking
  answer_hours = 24,               -- in which a request is answered; then it is as good as denied
  remind_bp = 7500,                -- of that time, after which the person whose gateway this is hears of it again
  consent_hours = 24,              -- for which consent that was not used is good
  open_requests = 20,              -- of an agent, that nobody has answered yet
  rules = 50,                      -- of an owner's people
  patterns = 16,                   -- of categories, and providers, that one rule names
  deadline_days = 30,              -- the longest that a request in a channel may wait
  channels = 20,                   -- that one actor has opened, and not archived
}

M.returns = {
  day_cap_cents = "integer 0..100000000", answer_hours = "integer 1..720", consent_hours = "integer 1..720",
  remind_bp = "integer 1..9999",
  open_requests = "integer 1..1000",
  rules = "integer 1..200", patterns = "integer 1..100", deadline_days = "integer 1..365",
  channels = "integer 1..100",
  consent = { "none", "observed", "first_purchase", "daily_cap" }, may_set_autonomy = "verdict",
  decide = { action = { "pass", "ask", "deny" }, reason = { "none", "observed", "first_purchase", "daily_cap", "rule" },
             rule_id = "string?", notify = "boolean" },
  answer = { status = { "pending", "auto_approved", "auto_denied" }, rule_id = "string?", notify = "boolean" },
}

M.fallback = {                                   -- people decide
  decide = { action = "ask", reason = "rule", notify = true },
  answer = { status = "pending", notify = true },
}

--- Why a purchase needs consent; "none": it needs none.  purchase: {type (of the buyer), autonomy, price_cents,
--- spent_cents (today, before it), is_first (it has never bought from this provider)}.
function M.consent(purchase)
  if purchase.type == "human" or purchase.autonomy >= 3 then return "none" end
  if purchase.autonomy == 0 then return "observed" end
  if purchase.is_first then return "first_purchase" end
  if purchase.spent_cents + purchase.price_cents > M.day_cap_cents then return "daily_cap" end
  return "none"
end

--- May somebody set the autonomy of an agent of its owner?  facts: {type and state (of who sets it), before, autonomy}.
--- Who may spend nothing lets no agent spend more.
function M.may_set_autonomy(facts)
  if facts.type ~= "human" then return deny "forbidden" end
  if facts.state ~= "active" and facts.autonomy > facts.before then return deny "agent_frozen" end
  return allow()
end

-- Within a time of the day, which may go past midnight.
local function is_within(minute, from, to)
  if from <= to then return minute >= from and minute < to end
  return minute >= from or minute < to
end

local function has_category(categories, patterns)
  for _, pattern in ipairs(patterns) do
    for _, category in ipairs(categories) do
      if budget.matches { category = category, pattern = pattern } then return true end
    end
  end
  return false
end

local function has(list, value)
  for _, one in ipairs(list) do
    if one == value then return true end
  end
  return false
end

local function fits(rule, facts)
  if rule.rule_type ~= facts.kind then return false end
  if rule.max_amount_cents and facts.price_cents > rule.max_amount_cents then return false end
  if rule.min_tier and (facts.tier or -1) < rule.min_tier then return false end
  if rule.providers and not has(rule.providers, facts.provider_id) then return false end
  if rule.from_minute and not is_within(facts.minute, rule.from_minute, rule.to_minute) then return false end
  return not rule.allowed_categories or has_category(facts.categories, rule.allowed_categories)
end

local ORDER = { auto_deny = 0, escalate = 1, auto_approve = 2 }

local function is_before(a, b)
  if a.priority ~= b.priority then return a.priority < b.priority end
  return ORDER[a.action_type] < ORDER[b.action_type]
end

local function first(facts)
  local best
  for _, rule in ipairs(facts.rules) do
    if fits(rule, facts) and (not best or is_before(rule, best)) then best = rule end
  end
  return best
end

--- May an agent buy?  facts: those of consent(), and kind ("tool_request", "subcontract", "overage"), categories,
--- provider_id, tier (of the provider), minute (of the day, UTC), rules ({id, rule_type, action_type, priority,
--- notify, and conditions}).
function M.decide(facts)
  if facts.type == "human" then return { action = "pass", reason = "none", notify = false } end
  local rule = first(facts)
  local function by_rule(action)
    return { action = action, reason = "rule", rule_id = rule.id, notify = rule.notify or false }
  end
  if rule and rule.action_type == "auto_deny" then return by_rule "deny" end
  if rule and rule.action_type == "escalate" then return by_rule "ask" end
  local reason = M.consent(facts)
  if reason == "none" then return { action = "pass", reason = "none", notify = false } end
  if rule and reason == "first_purchase" then
    if facts.spent_cents + facts.price_cents <= M.day_cap_cents then return by_rule "pass" end
    reason = "daily_cap"
  end
  return { action = "ask", reason = reason, notify = true }
end

--- What becomes of a request in a channel, before people see it.  facts: as for decide(); price_cents may be missing,
--- then no rule approves it.
function M.answer(facts)
  local asked = {}
  for name, value in pairs(facts) do asked[name] = value end
  asked.price_cents = facts.price_cents or 2 ^ 53
  local rule = first(asked)
  if rule and rule.action_type == "auto_deny" then
    return { status = "auto_denied", rule_id = rule.id, notify = rule.notify or false }
  end
  if rule and rule.action_type == "auto_approve" and facts.price_cents and facts.autonomy > 0
      and facts.spent_cents + facts.price_cents <= M.day_cap_cents then
    return { status = "auto_approved", rule_id = rule.id, notify = rule.notify or false }
  end
  return { status = "pending", notify = true }
end

local function purchase(change)
  local facts = { type = "delegated_agent", autonomy = 1, price_cents = 4000, spent_cents = 6000, is_first = false }
  for name, value in pairs(change) do facts[name] = value end
  return facts
end

local NOON = 720

local function ruled(change, ...)
  local facts = purchase { is_first = true, kind = "tool_request", categories = { "data:extraction" }, minute = NOON,
                           provider_id = "p1", tier = 1, rules = {} }
  for name, value in pairs(change) do facts[name] = value end
  for i, rule in ipairs { ... } do
    facts.rules[i] = { id = "r" .. i, rule_type = "tool_request", action_type = "auto_approve", priority = 100,
                       notify = false }
    for name, value in pairs(rule) do facts.rules[i][name] = value end
  end
  return facts
end

local function is(action, reason, rule_id, notify)
  return { action = action, reason = reason, rule_id = rule_id, notify = notify or false }
end
local PASSED, ASKED = is("pass", "rule", "r1"), is("ask", "first_purchase", nil, true)
local deny, escalate = { action_type = "auto_deny" }, { action_type = "escalate" }

M.examples = {
  { "may_set_autonomy", { type = "human", state = "active", before = 1, autonomy = 3 }, expect = "allow" },
  { "may_set_autonomy", { type = "human", state = "frozen", before = 1, autonomy = 2 }, expect = "agent_frozen" },
  { "may_set_autonomy", { type = "human", state = "frozen", before = 1, autonomy = 0 }, expect = "allow" },
  { "may_set_autonomy", { type = "delegated_agent", state = "active", before = 1, autonomy = 1 },
    expect = "forbidden" },
  { "decide", ruled {}, expect = ASKED },
  { "decide", ruled { is_first = false }, expect = is("pass", "none") },
  { "decide", ruled({}, {}), expect = PASSED },
  { "decide", ruled({}, { notify = true }), expect = is("pass", "rule", "r1", true) },
  { "decide", ruled({}, { max_amount_cents = 4000, allowed_categories = { "ml:*", "data:*" }, providers = { "p1" },
                          min_tier = 1, from_minute = 719, to_minute = 721 }), expect = PASSED },
  { "decide", ruled({}, { max_amount_cents = 3999 }), expect = ASKED },
  { "decide", ruled({}, { allowed_categories = { "ml:*" } }), expect = ASKED },
  { "decide", ruled({}, { providers = { "p2" } }), expect = ASKED },
  { "decide", ruled({}, { min_tier = 2 }), expect = ASKED },
  { "decide", ruled({}, { rule_type = "overage" }), expect = ASKED },
  { "decide", ruled({}, { from_minute = 721, to_minute = 720 }), expect = ASKED },
  { "decide", ruled({ minute = 3 }, { from_minute = 1380, to_minute = 300 }), expect = PASSED },
  { "decide", ruled({}, {}, deny), expect = is("deny", "rule", "r2") },
  { "decide", ruled({}, { priority = 1 }, deny), expect = PASSED },
  { "decide", ruled({}, {}, escalate), expect = is("ask", "rule", "r2") },
  { "decide", ruled({}, escalate, deny), expect = is("deny", "rule", "r2") },
  { "decide", ruled({ autonomy = 3 }, deny), expect = is("deny", "rule", "r1") },
  { "decide", ruled({ autonomy = 3 }, escalate), expect = is("ask", "rule", "r1") },
  { "decide", ruled({ autonomy = 0 }, {}), expect = is("ask", "observed", nil, true) },
  { "decide", ruled({ spent_cents = 6001 }, {}), expect = is("ask", "daily_cap", nil, true) },
  { "decide", ruled({ type = "human" }, deny), expect = is("pass", "none") },
  { "answer", ruled {}, expect = { status = "pending", notify = true } },
  { "answer", ruled({}, {}), expect = { status = "auto_approved", rule_id = "r1", notify = false } },
  { "answer", ruled({ autonomy = 0 }, {}), expect = { status = "pending", notify = true } },
  { "answer", ruled({ spent_cents = 6001 }, {}), expect = { status = "pending", notify = true } },
  { "answer", ruled({}, {}, deny), expect = { status = "auto_denied", rule_id = "r2", notify = false } },
  { "consent", purchase {}, expect = "none" },
  { "consent", purchase { spent_cents = 6001 }, expect = "daily_cap" },
  { "consent", purchase { price_cents = 10001, spent_cents = 0 }, expect = "daily_cap" },
  { "consent", purchase { is_first = true }, expect = "first_purchase" },
  { "consent", purchase { autonomy = 0, price_cents = 1 }, expect = "observed" },
  { "consent", purchase { autonomy = 2, is_first = true }, expect = "first_purchase" },
  { "consent", purchase { autonomy = 3, is_first = true, price_cents = 1000000 }, expect = "none" },
  { "consent", purchase { type = "human", autonomy = 0 }, expect = "none" },
}

return M
