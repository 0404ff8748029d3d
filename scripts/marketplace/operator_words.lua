-- scripts/marketplace/operator_words.lua -- requests of agents on the marketplace in words: what clients, chats and
-- devices are shown of one, what answers mean, and what is said to them.  Pure.  Titles, names and messages are others'
-- texts: they stand in the arguments, as data.

local json = require "human.json"
local texts = require "human.text"
local time = require "human.time"
local money = require "marketplace.money"

local M = {}

local TOOL, SESSION = "marketplace", "market"
local NAME_BYTES = 60

-- Of a decision; others are refused.
M.STATUS = { ["allow-once"] = "approved", ["allow-always"] = "approved", deny = "denied" }
local DECISIONS = { approved = "allow-once", denied = "deny" }

local WHY = {
  first_purchase = "an agent of yours has never bought from this provider",
  daily_cap = "an agent of yours would spend more in a day than it may without asking",
  observed = "an agent of yours asks for every purchase (its autonomy is 0)",
  rule = "an approval rule of yours has such purchases asked for",
  asked = "an agent of yours asks you by itself",
}

--- Why somebody is asked, in words; reason: of the rule (marketplace.rules.approvals), or nil.
function M.why(reason) return WHY[reason or "asked"] end

--- What a request is about, from its row, as JSON with sorted names: what is shown, and what an answer is for.
function M.arguments(r)
  local data = r.structured_data and json.decode(r.structured_data) or {}
  local cents = r.amount_cents or type(data.amount_cents) == "number" and data.amount_cents or nil
  local function text_of(name) return type(data[name]) == "string" and texts.cut(data[name], 200) or nil end
  return json.encode_sorted {
    kind = r.kind or r.message_type, agent = r.agent, agent_id = r.agent_id, message = r.body,
    amount_usd = cents and money.dollars(cents) or nil, plan_id = text_of "plan_id",
    listing = r.title, listing_id = r.listing_id or text_of "tool_listing_id" or text_of "listing_id",
    provider = r.provider, provider_id = r.provider_id,
  }
end

--- The approval rule that "always" makes of a request, from its row; nil: none would have it pass from then on.  What
--- is asked for because of the day's cap, of autonomy 0 or of a rule is asked for whatever other rules say.
function M.rule(r)
  local is_lifted = r.reason == "first_purchase" or r.reason == "asked"
  if not (is_lifted and r.kind and r.provider_id and r.amount_cents) then return nil end
  return { rule_type = r.kind, action_type = "auto_approve", max_amount_cents = r.amount_cents,
           providers = { r.provider_id } }
end

--- A request as the event exec.approval.requested has it.  r: its row, with arguments (M.arguments) and hash.
function M.shown(r)
  local rule = M.rule(r)
  return {
    id = r.id, tool = TOOL, arguments = r.arguments, argumentsHash = r.hash,
    risk = r.amount_cents and "high" or "medium",
    reason = r.reason or "asked", why = M.why(r.reason), allowsAlways = rule ~= nil,
    alwaysCovers = rule and ("what any of your agents asks of this provider, up to $%s at a time, as an approval rule")
      :format(money.dollars(rule.max_amount_cents)) or nil,
    sessionKey = SESSION, session_key = SESSION, createdAtMs = time.parse(r.created_at),
    expiresAtMs = time.parse(r.response_deadline),
    request = { command = r.body, tool = TOOL, sessionKey = SESSION, ask = "on-miss" },
  }
end

--- The same as gateway.approve_words.question wants it.
function M.asked(shown)
  return { id = shown.id, tool = TOOL, heading = "An agent of yours asks on the marketplace", risk = shown.risk,
           arguments = shown.arguments, always_ok = shown.allowsAlways, always = shown.alwaysCovers,
           expires_ms = shown.expiresAtMs }
end

--- What a state of a request is called as a decision.
function M.decision(status) return DECISIONS[status] or status end

local function name(text) return texts.cut(texts.visible(text):gsub("[`%c]", "'"), NAME_BYTES) end

--- That a request waits still.
function M.reminder(r)
  local date, clock = r.response_deadline:match "^(%S+)T(%d+:%d+)"
  return ("The request of `%s` waits for an answer still, until %s %s UTC: /approve %s allow-once, or deny."):format(
    name(r.agent), date, clock, r.id)
end

local DONE = { ["allow-once"] = "allowed once", ["allow-always"] = "allowed, now and for good", deny = "denied",
               expired = "denied, since nobody answered in time", countered = "answered with another amount",
               escalated = "asked for again, with a new deadline" }

--- What has become of a request, as a sentence.  r: its row; done: {decision, by (a name, or nil), not_carried_out}.
function M.answered(r, done)
  local text = ("The request of `%s` was %s%s."):format(name(r.agent), DONE[done.decision] or done.decision,
    done.by and " by " .. done.by or "")
  if not done.decision:find "^allow" then return text end
  if done.not_carried_out then
    return ("%s It could not be carried out (%s); the consent is good for a day."):format(text, done.not_carried_out)
  end
  return text .. (r.carries and " It has been carried out." or " The agent may buy it within a day.")
end

return M
