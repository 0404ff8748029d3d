-- scripts/marketplace/pay_per_call.lua -- calls of tools by who has not subscribed, paid for one by one in credits.
-- Where the provider has set a price (tool_meta.pay_per_call_cents), a call is answered with what it costs, in the
-- forms of two protocols (marketplace.x402, marketplace.mpp); sent again with a payment, it is made.  Who pays is whose
-- key it is.
--
-- A payment is noted in the transaction that takes the credits, once; they are the provider's when the tool has
-- answered, and go back when it has not, also when the host dies (marketplace.quotas).

local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local jobs = require "human.jobs"
local json = require "human.json"
local text = require "human.text"
local time = require "human.time"
local actors = require "marketplace.actors"
local mpp = require "marketplace.mpp"
local proxy = require "marketplace.proxy"
local rules = require "marketplace.rules.pay_per_call"
local subscriptions = require "marketplace.rules.subscriptions"
local tabs = require "marketplace.pay_per_call_tabs"
local x402 = require "marketplace.x402"

local M = {}

local SWEEP_S, SWEEP_MOST, SWEEP_ROUNDS, TITLE = 600, 500, 20, 200

M.sql = {
  offer = [[select l.id as listing_id, l.title, l.actor_id as provider_id, l.is_active, l.tool_meta, l.tool_secret,
      l.input_schema, to_json(l.category_tags) as category_tags, t.state as tool_state, v.state as provider_state,
      v.owner_id as provider_owner_id, (select secret from market_call_secret where is_only) as secret,
      (select s.id from market_subscriptions s where s.subscriber_id = $2::uuid and s.listing_id = l.id
        and s.state not in ('canceled', 'revoked', 'per_call')) as subscription_id
    from market_listings l join market_tools t on t.listing_id = l.id join market_actors v on v.id = l.actor_id
    where l.id = $1::uuid]],
  lapsed = [[select listing_id from market_subscriptions where id = $1::uuid and subscriber_id = $2::uuid
    and (state in ('canceled', 'revoked')
      or state = 'cancel_at_period_end' and ends_at <= human_now())]],
  note = [[insert into market_call_payments (id, call_id, payer_id, protocol, amount_mrc)
    values ($1, $2::uuid, $3::uuid, $4, $5::bigint) on conflict (id) do nothing]],
  used = [[select p.call_id, p.answer, c.state, c.ended_at from market_call_payments p
    join market_tool_calls c on c.id = p.call_id where p.id = $1 and p.payer_id = $2::uuid]],
  answered = "update market_call_payments set answer = $2 where id = $1",
  forget = [[delete from market_call_payments where id = any (array(select id from market_call_payments
    where created_at < human_now() - $1::int * interval '1 hour' order by created_at limit $2::int))]],
}

-- ---- what is offered ------------------------------------------------------------------------------------------

local function price_of(offer)
  local cents = json.decode(offer.tool_meta).pay_per_call_cents
  local price = type(cents) == "number" and subscriptions.overage(cents) or 0
  return price > 0 and price or nil
end

-- A tool that this actor may call and pay for.
local function offered(actor, listing_id)
  local offer = db.must("not_found", M.sql.offer, listing_id, actor.id)
  offer.price_mrc = price_of(offer)
  local verdict = rules.may_pay {
    actor_state = actor.state, provider_state = offer.provider_state, tool_state = offer.tool_state,
    is_active = offer.is_active, price_mrc = offer.price_mrc, is_own_key = not actor.subscription_id }
  if verdict.code then fail.throw(verdict.code) end
  actors.must_be_strangers(actor, { owner_id = offer.provider_owner_id })
  return offer
end

-- What all of a call is bound by, whichever form its JSON has.
local function digest_of(asked)
  return mpp.digest(json.encode_sorted { listing_id = asked.listing_id, budget = asked.delegation_id,
                                         input = json.decode(asked.input) })
end

-- ---- what is asked for ----------------------------------------------------------------------------------------

local function challenge(actor, offer, asked)
  local now = time.now_ms()
  return { nonce = crypto.random_hex(16), payer = actor.id, pay_to = offer.provider_id,
           amount = ("%d"):format(offer.price_mrc), expires = time.format(now + rules.challenge_s * 1000),
           timeout_s = rules.challenge_s, call_digest = digest_of(asked),
           body_digest = asked.body and mpp.digest(asked.body),
           resource = { url = asked.url, description = text.cut(offer.title, TITLE) } }
end

-- The answer to who has not paid, or not so that it can be taken.
local function demand(actor, offer, asked, why)
  local c = challenge(actor, offer, asked)
  local body = x402.required(offer.secret, c, why)
  local headers = { ["PAYMENT-REQUIRED"] = x402.header(body), ["Cache-Control"] = "no-store" }
  if c.body_digest then headers["WWW-Authenticate"] = mpp.challenge(offer.secret, c) end
  body.code = "payment_required"
  return { status = 402, body = body, headers = headers }
end

-- ---- a payment ------------------------------------------------------------------------------------------------

local function wrong(path, message)
  fail.throw("validation_error", { details = { { path = path, message = message } } })
end

local function read(offer, asked)
  local given = asked.payment
  if #given.text > rules.payment_bytes then
    wrong(given.path, ("must have at most %d bytes"):format(rules.payment_bytes))
  end
  local paid, why
  if given.protocol == "mpp" then
    paid, why = mpp.read(offer.secret, given.text)
  else
    local value = given.is_json and json.decode(given.text) or not given.is_json and x402.decoded(given.text)
    paid, why = x402.read(offer.secret, value, asked.url)
  end
  return paid or wrong(given.path, why)
end

local function judged(actor, offer, asked, paid)
  local before = paid.is_ours and db.row(M.sql.used, paid.nonce, actor.id)
  local expires = paid.is_ours and time.parse(paid.expires)
  local is_same_call = paid.call_digest == digest_of(asked)
  if paid.protocol == "mpp" then is_same_call = asked.body ~= nil and paid.body_digest == mpp.digest(asked.body) end
  local verdict = rules.judge { is_ours = paid.is_ours, is_payers = paid.payer == actor.id and paid.source == actor.id,
    is_same_call = is_same_call, is_same_price = paid.amount == ("%d"):format(offer.price_mrc),
    is_fresh = expires and time.now_ms() < expires or false, state = before and before.state or nil }
  return verdict, before
end

-- ---- the call -------------------------------------------------------------------------------------------------

local function served(actor, paid, call_id, at, answer)
  local settled = x402.settled { call_id = call_id, payer = actor.id, amount = paid.amount }
  return { status = 200, body = { output = answer.output, usage = answer.usage, payment = settled },
           headers = { ["PAYMENT-RESPONSE"] = x402.header(settled),
                       ["Payment-Receipt"] = mpp.receipt { call_id = call_id, at = at } } }
end

local function again(actor, paid, before)
  local kept = json.decode(before.answer)
  return served(actor, paid, before.call_id, before.ended_at, { output = kept.output_text, usage = kept.usage })
end

local function under_way()
  fail.throw("idempotency_in_progress", { retry_after_s = 1, message = "The call of this payment is under way" })
end

local function make(actor, offer, asked, paid, request, timeout_ms)
  local tab = tabs.open(actor, offer, asked.delegation_id)
  local output, usage, call = proxy.carry_out(tab, request, timeout_ms, {
    reserved = function(tx, call)
      local is_first = tx:exec(M.sql.note, paid.nonce, call.id, actor.id, paid.protocol, offer.price_mrc) == 1
      if not is_first then under_way() end
    end,
    succeeded = function(tx, output, usage)
      tx:exec(M.sql.answered, paid.nonce, json.encode { output_text = output, usage = usage })
    end })
  return served(actor, paid, call.id, time.now(), { output = output, usage = usage })
end

--- A call of a tool by who has not subscribed to it.  asked: {listing_id, input (JSON of an object), delegation_id
--- (of a budget, or nil), payment (nil, or {protocol = "x402" or "mpp", text, is_json, path}), body (as it was sent, or
--- nil: there is no challenge of MPP then), url (of the resource)}.  Returns {status = 200 or 402, body, headers}.
function M.call(actor, asked)
  local offer = offered(actor, asked.listing_id)
  local timeout_ms = proxy.timeout_ms(offer)
  local request = proxy.request(offer, asked.input, timeout_ms)
  if not asked.payment then return demand(actor, offer, asked) end
  local paid = read(offer, asked)
  local verdict, before = judged(actor, offer, asked, paid)
  if verdict.act == "take" then return make(actor, offer, asked, paid, request, timeout_ms) end
  if verdict.act == "answer" then return again(actor, paid, before) end
  if verdict.act == "wait" then under_way() end
  return demand(actor, offer, asked, verdict.why)
end

--- How somebody calls a listing: the id of its own subscription, or nil.
function M.subscription_of(actor, listing_id)
  return db.must("not_found", M.sql.offer, listing_id, actor.id).subscription_id
end

--- The listing of a subscription of this actor that has ended, if its tool can be paid by the call; or nil.
function M.after(actor, subscription_id)
  if actor.subscription_id then return nil end
  local listing_id = db.value(M.sql.lapsed, subscription_id, actor.id)
  return listing_id and price_of(db.row(M.sql.offer, listing_id, actor.id)) and listing_id or nil
end

--- Work by the clock: payments that nobody asks about any more are forgotten.  Their challenges have expired long ago.
function M.sweep()
  for _ = 1, SWEEP_ROUNDS do
    if db.exec(M.sql.forget, rules.kept_hours, SWEEP_MOST) < SWEEP_MOST then return end
  end
end

jobs.every("market.call_payments", SWEEP_S, "marketplace.pay_per_call.sweep")

return M
