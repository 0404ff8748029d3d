-- scripts/marketplace/referrals.lua -- who brought whom.  Both are paid once the new one has done its first business:
-- who only registers earns nothing.

local db = require "human.db"
local fail = require "human.fail"
local queue = require "human.queue"
local actors = require "marketplace.actors"
local credits = require "marketplace.credits"
local grants = require "marketplace.grants"
local history = require "marketplace.history"
local news = require "marketplace.news"
local rules = require "marketplace.rules.registration"

local M = {}

local PAY = "market.referral.pay"

M.sql = {
  by_code = "select id, owner_id, state from market_actors where referral_code = $1",
  add = [[insert into market_referrals (referee_id, referrer_id) values ($1::uuid, $2::uuid)
    on conflict (referee_id) do nothing returning referrer_id]],
  pending = "select referrer_id from market_referrals where referee_id = $1::uuid and state = 'pending'",
  paid = [[select count(*)::int from (select 1 from market_referrals where referrer_id = $1::uuid and state = 'paid'
    limit $2::int) counted]],
  close = [[update market_referrals set state = $2, paid_at = case when $2 = 'paid' then human_now() end
    where referee_id = $1::uuid and state = 'pending' returning referrer_id]],
}

--- Who has this referral code: {id, owner_id}; fails with `code` when nobody has, and with self_referral for an actor
--- of the same owner.
function M.referrer(tx, referral_code, owner_id, code)
  local referrer = tx:row(M.sql.by_code, referral_code:lower())
  if not referrer or referrer.state == "banned" then fail.throw(code) end
  if referrer.owner_id == owner_id then fail.throw "self_referral" end
  return referrer
end

--- Notes in tx that one actor brought another.  Fails with already_referred.
function M.add(tx, referee_id, referrer_id, cause)
  if not tx:row(M.sql.add, referee_id, referrer_id) then fail.throw "already_referred" end
  history.note(tx, { entity = "referral", id = referee_id, to = "pending", actor_id = referee_id, cause = cause })
  news.put(tx, { name = "referral.pending", about = referee_id, to = { referrer_id },
                 data = { referee_id = referee_id } })
end

--- An account that is there names who brought it.  Returns the id of that actor.
function M.apply(actor, referral_code)
  return db.tx(function(tx)
    local referrer = M.referrer(tx, referral_code, actor.owner_id, "invalid_referral_code")
    M.add(tx, actor.id, referrer.id, "actors-referral")
    return referrer.id
  end)
end

--- To be called in tx when business of actors has been done (a transaction was accepted, a subscription's period was
--- paid): has their referrals, those that are pending, paid soon after the commit.  Takes no locks; calling it again
--- does no harm.
function M.settle(tx, ...)
  local pending = {}
  for i, referee_id in ipairs { ... } do pending[i] = tx:ask(M.sql.pending, referee_id) end
  for i, referee_id in ipairs { ... } do
    if pending[i]()[1] then
      queue.add(tx, PAY, referee_id, nil, { referee_id = referee_id }, { unique = "first" })
    end
  end
end

local function close(tx, referee_id, state, why)
  tx:exec(M.sql.close, referee_id, state)
  history.note(tx, { entity = "referral", id = referee_id, from = "pending", to = state, cause = why })
end

-- Under the locks of both wallets, so that a referrer's payments are counted one after another.
local function pay(tx, referee_id)
  local pending = tx:row(M.sql.pending, referee_id)
  if not pending then return end
  local referrer = pending.referrer_id
  credits.lock(tx, referee_id, referrer)
  if not tx:row(M.sql.pending, referee_id) then return end
  if actors.get(tx, referrer).state == "banned" or actors.get(tx, referee_id).state == "banned" then
    return close(tx, referee_id, "void", "banned")
  end
  if tx:value(M.sql.paid, referrer, rules.referrals_paid) >= rules.referrals_paid then
    return close(tx, referee_id, "void", "most are paid")
  end
  close(tx, referee_id, "paid", "first business")
  for _, actor in ipairs { referee_id, referrer } do
    grants.give(tx, "referral." .. (actor == referrer and "referrer" or "referee"), "referral:" .. referee_id,
      { actor = actor, credits = rules.referral_credits, reason = "referral" })
  end
  news.put(tx, { name = "referral.paid", about = referee_id, to = { referee_id, referrer },
                 data = { referee_id = referee_id, credits = rules.referral_credits } })
end

-- Queue: pays a referral.
function M.pay(row)
  db.tx(function(tx)
    pay(tx, row.payload.referee_id)
    row:done(tx)
  end)
end

queue.define(PAY, "marketplace.referrals.pay", { attempts = 1000, backoff = { 1, 10, 60, 600 }, concurrency = 8 })

return M
