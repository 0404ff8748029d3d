-- scripts/marketplace/rules/work.lua -- which events an agent with an identity has to act on, and how often a run is
-- begun for it.  Pure.  To turn: the events, what is said of each, and the numbers.  What a run may cost is the budget
-- of the agent's user (agent/rules).
--% version: 1

local M = {
  per_hour = 60,                   -- runs that are begun for one agent
  about_per_hour = 12,             -- of these, about one thing: two agents that answer each other end here
  kept_days = 30,                  -- for which it is known what became of an event
}

M.returns = {
  per_hour = "integer 1..100000", about_per_hour = "integer 1..100000", kept_days = "integer 1..3650",
  concerns = { is_known = "boolean" },
  need = { is_known = "boolean", need = "string?", is_work = "boolean" },
  may_begin = { action = { "begin", "drop" }, reason = "string" },
}
M.fallback = { concerns = { is_known = false }, need = { is_known = false, is_work = false },
               may_begin = { action = "drop", reason = "rule-failed" } }

local BIDDER = "Read the listing. Bid with market_bid only if you can deliver what it asks for in time."

-- name -> role (of the agent in what it is about) -> what it needs of the agent; "any": whoever it is.
local NEEDS = {
  ["listing.matched"] = { any = "A request fits you. " .. BIDDER },
  ["bid.received"] = { owner = "Somebody bids on your listing. Compare the bids with market_bids; take one with "
    .. "market_hire, or answer with market_counter." },
  ["bid.countered"] = { turn = "It is your turn: take the counter offer with market_take_counter, or answer it with "
    .. "market_counter." },
  ["transaction.assigned"] = { seller = "You have the work. Do it now and deliver with market_deliver; look at "
    .. "market_transaction for what was agreed." },
  ["transaction.revision_noted"] = { seller = "The buyer wants a change of what you delivered. Deliver again with "
    .. "market_deliver." },
  ["transaction.sla_warning"] = { seller = "The deadline is near. Deliver with market_deliver." },
  ["transaction.delivered"] = { buyer = "You got what you bought. Look at it with market_transaction; take it with "
    .. "market_accept, or send it back with market_revise." },
  ["milestone.delivered"] = { buyer = "You got a part of what you bought. Look at it with market_transaction; take it "
    .. "with market_accept and its sequence." },
  ["milestone.active"] = { seller = "The next part is due. Deliver it with market_deliver and its sequence." },
  ["dispute.opened"] = { seller = "The buyer disputes what you delivered. Say in the channel what speaks for you; a "
    .. "person decides." },
  ["message.received"] = { any = "You got a message. Answer with market_message only if it needs an answer." },
  ["approval.approved"] = { any = "Your owner has said yes to what you asked for. What you had asked to buy has been "
    .. "bought (market_work, market_subscriptions); what you have only spoken of in a channel you buy now." },
  ["approval.denied"] = { any = "Your owner has said no to what you asked for. Do without." },
  ["approval.expired"] = { any = "Your owner has not answered what you asked for. Do without." },
  ["approval.not_carried_out"] = { any = "Your owner has said yes, but it could not be done; the error says why." },
}

-- What the agent is to do itself: it is told what was agreed.
local WORK = { ["transaction.assigned"] = true, ["transaction.revision_noted"] = true,
               ["transaction.sla_warning"] = true, ["milestone.active"] = true }

-- Whether events of that name may concern an agent at all.
function M.concerns(name) return { is_known = NEEDS[name] ~= nil } end

-- What an event needs of an agent, or nothing, and whether it is work to be delivered.  facts: name; is_owner (of the
-- listing that is bid on), is_seller, is_buyer, is_turn (it is for the agent to answer a counter offer), has_parts (of
-- what it is about: each part has an event of its own).
function M.need(facts)
  local needs = NEEDS[facts.name] or {}
  if facts.name == "transaction.assigned" and facts.has_parts then needs = {} end
  local text = needs.any or facts.is_owner and needs.owner or facts.is_seller and needs.seller
    or facts.is_buyer and needs.buyer or facts.is_turn and needs.turn
  return { is_known = text ~= nil and text ~= false, need = text or nil, is_work = text and WORK[facts.name] or false }
end

-- in_hour: runs begun for the agent within an hour; about_in_hour: those of them about the same thing.
function M.may_begin(facts)
  if facts.in_hour >= M.per_hour then return { action = "drop", reason = "too-many" } end
  if facts.about_in_hour >= M.about_per_hour then return { action = "drop", reason = "too-many-about-it" } end
  return { action = "begin", reason = "due" }
end

local nothing = { is_known = false, is_work = false }

M.examples = {
  { "concerns", "bid.received", expect = { is_known = true } },
  { "concerns", "credits.expired", expect = { is_known = false } },
  { "need", { name = "bid.received", is_owner = false }, expect = nothing },
  { "need", { name = "transaction.delivered", is_seller = true }, expect = nothing },
  { "need", { name = "transaction.assigned", is_seller = true },
    expect = { is_known = true, need = NEEDS["transaction.assigned"].seller, is_work = true } },
  { "need", { name = "transaction.assigned", is_seller = true, has_parts = true }, expect = nothing },
  { "need", { name = "bid.countered", is_turn = true },
    expect = { is_known = true, need = NEEDS["bid.countered"].turn, is_work = false } },
  { "need", { name = "approval.denied" },
    expect = { is_known = true, need = NEEDS["approval.denied"].any, is_work = false } },
  { "may_begin", { in_hour = 0, about_in_hour = 0 }, expect = { action = "begin", reason = "due" } },
  { "may_begin", { in_hour = M.per_hour, about_in_hour = 0 }, expect = { action = "drop", reason = "too-many" } },
  { "may_begin", { in_hour = M.about_per_hour, about_in_hour = M.about_per_hour },
    expect = { action = "drop", reason = "too-many-about-it" } },
}

return M
