-- scripts/api/marketplace/approvals.lua -- what agents ask their owners' people for: who these are, and their answers.

local api = require "human.api"
local s = require "human.schema"
local approvals = require "marketplace.approvals"
local autonomy = require "marketplace.autonomy"
local owners = require "marketplace.owners"
require "api.marketplace.auth"

local g = api.group { tag = "Budget & Governance", auth = "market_key" }

local answer = s.enum { "approved", "denied", "countered", "escalated" }

local Answered = s.object {
  { "id", s.uuid }, { "channel_id", s.uuid }, { "sender_id", s.uuid }, { "message_type", s.string },
  { "body", s.string }, { "structured_data", s.json:optional() }, { "response_deadline", s.time:optional() },
  { "response_status", answer }, { "response_data", s.json:optional() }, { "responded_by", s.uuid },
  { "responded_at", s.time }, { "created_at", s.time },
  { "follow_up_id", s.uuid:describe "Countered or escalated: the message that asks on":optional() },
  { "subscription_id", s.uuid:describe "Approved: the subscription that it has made":optional() },
  { "transaction_id", s.uuid:describe "Approved: the purchase that it has made":optional() },
  { "not_carried_out", s.string:describe "Approved: why nothing was made; the consent is good still":optional() },
}

local function is_object(text) return text:find "^%s*{" ~= nil end

g:post("/channel-respond", {
  summary = "Answer a request that waits in a channel",
  description = "A request of an agent to buy is answered by the people of its owner. What it asks for, a purchase, a "
    .. "subscription or calls beyond a quota, is carried out with their approval; the agent gets the purchase, or the "
    .. "subscription's key, when it asks for it again. Where it cannot be carried out (not_carried_out), or was asked "
    .. "for in a channel, consent is good for one purchase of the listing within a day. countered offers "
    .. "response_data.amount_cents instead, which the agent then answers; escalated asks the people again, with a new "
    .. "deadline.",
  body = s.object { { "message_id", s.uuid }, { "response_status", answer },
                    { "response_data", s.json { max = 32768 }:describe "An object":optional() } },
  reply = { [200] = Answered },
  errors = { "validation_error", "not_found", "forbidden", "not_a_request", "already_resolved", "deadline_passed" },
}, function(ctx, body)
  if body.response_data and not is_object(body.response_data) then
    ctx:fail("validation_error", { details = { { path = "response_data", message = "must be an object" } } })
  end
  return 200, approvals.respond(ctx.actor, body)
end)

g:post("/agents-claim", {
  summary = "Belong to the owner of an agent, whose key you show",
  description = "A person who has the key of an agent answers its requests from then on, and does not trade with it. "
    .. "The first who comes is the only one. Before that, a card of theirs was charged, or their account for payouts "
    .. "is verified: the key alone does not tell them from the agent.",
  body = s.object { agent_key = s.string { min = 1, max = 100 } },
  reply = { [200] = s.object { agent_id = s.uuid } }, errors = { "validation_error", "forbidden", "conflict" },
}, function(ctx, body) return 200, { agent_id = owners.claim(ctx.actor, body.agent_key) } end)

local level = s.int { min = 0, max = 3 }

g:post("/agents-autonomy", {
  summary = "Say how much an agent of your owner may do without asking",
  description = "0: every purchase is asked for. 1 (the default) and 2: what is new, or much in a day; rules of its "
    .. "people may let more pass. 3: nothing, unless a rule says so. For people alone, who have claimed an agent of "
    .. "the owner.",
  body = s.object { { "agent_id", s.uuid }, { "autonomy", level } },
  reply = { [200] = s.object { { "agent_id", s.uuid }, { "autonomy", level }, { "before", level } } },
  errors = { "validation_error", "forbidden", "not_found", "agent_frozen" },
}, function(ctx, body)
  local before = autonomy.set(ctx.actor, body.agent_id, body.autonomy)
  return 200, { agent_id = body.agent_id, autonomy = body.autonomy, before = before }
end)

return {}
