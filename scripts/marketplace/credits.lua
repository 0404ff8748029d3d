-- scripts/marketplace/credits.lua -- credits of actors, in the lots in which they came.  What is spent comes from the
-- newest lot of the marketplace pool first, then from the newest withdrawable one; what is withdrawn from these alone.
-- A lot keeps its pool whoever gets it: credits given away for nothing can be spent and earned, but never become cash.
--
-- Lots of an actor change only under the lock of his wallet, which lock() takes for all wallets that a transaction is
-- going to touch, in one order.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local ledger = require "marketplace.ledger"
local money = require "marketplace.money"

local M = {}

local LOTS_AT_ONCE = 64

M.sql = {
  lock = [[select id from ledger_accounts where code = 6000 and owner in (select json_array_elements_text($1::json))
    order by id for update]],
  grant = [[insert into credit_lots (actor, pool, amount, remaining, reason, event, cause, expires_at)
    values ($1, $2, $3, $3, $4, $5, $6, $7::timestamptz) returning id]],
  take = [[with live as (
      select id, pool, remaining from credit_lots
      where actor = $1 and remaining > 0 and ($6::text is null or pool = $6)
        and (expires_at is null or expires_at > human_now())
        and ($8::json is null or reason in (select json_array_elements_text($8::json)))
      order by pool, id desc limit $7
    ), run as (
      select id, pool, remaining, sum(remaining) over (order by pool, id desc) - remaining as before from live
    ), taken as (
      select id, pool, least(remaining, $2 - before)::bigint as amount from run where before < $2
    ), all_of_it as (
      select coalesce(sum(amount), 0)::bigint as found, coalesce(sum(amount) filter (where pool = 'M'), 0)::bigint as m,
             coalesce(sum(amount) filter (where pool = 'W'), 0)::bigint as w from taken
    ), debit as (
      insert into credit_debits (actor, amount, reason, event, cause)
      select $1, $2, $3, $4, $5 from all_of_it where found = $2 returning id
    ), used as (
      update credit_lots l set remaining = l.remaining - t.amount from taken t, debit where l.id = t.id
    ), kept as (
      insert into credit_debit_lots (debit, lot, amount) select debit.id, t.id, t.amount from taken t, debit
    ) select (select id from debit) as id, found, m, w, (select count(*) from live)::int as lots from all_of_it]],
  give_back = [[with run as (
      select dl.lot, l.pool, dl.amount - dl.returned as rest,
        sum(dl.amount - dl.returned) over (order by l.pool desc, dl.lot) - (dl.amount - dl.returned) as before
      from credit_debits d join credit_debit_lots dl on dl.debit = d.id join credit_lots l on l.id = dl.lot
      where d.actor = $1 and d.cause = $2 and d.event = $3
    ), given as (
      select lot, pool, least(rest, $4 - before)::bigint as amount from run where before < $4 and rest > 0
    ), lots as (
      update credit_lots l set remaining = l.remaining + g.amount from given g where l.id = g.lot
    ), marked as (
      update credit_debit_lots dl set returned = dl.returned + g.amount from given g, credit_debits d
      where dl.lot = g.lot and dl.debit = d.id and d.actor = $1 and d.cause = $2 and d.event = $3
    ) select coalesce(sum(amount), 0)::bigint as found, coalesce(sum(amount) filter (where pool = 'M'), 0)::bigint as m,
        coalesce(sum(amount) filter (where pool = 'W'), 0)::bigint as w from given]],
  expired = [[select id, pool, remaining from credit_lots
    where actor = $1 and remaining > 0 and expires_at <= human_now() order by id limit 1000]],
  expire = [[with debit as (
      insert into credit_debits (actor, amount, reason, event, cause)
      values ($1, $2, 'credit_expired', 'credit.expired', $3) returning id
    ), used as (
      update credit_lots set remaining = 0 where id = $4
    ) insert into credit_debit_lots (debit, lot, amount) select id, $4, $2 from debit]],
  live = [[select coalesce(sum(remaining) filter (where pool = 'M'), 0)::bigint as m,
      coalesce(sum(remaining) filter (where pool = 'W'), 0)::bigint as w
    from credit_lots where actor = $1 and remaining > 0 and (expires_at is null or expires_at > human_now())]],
}

local function wallet(pool, actor) return { "wallet_" .. pool, actor } end

--- Opens the wallets of a new actor.
function M.open(tx, actor)
  ledger.open(tx, { wallet("M", actor), wallet("W", actor), { "in_flight", actor }, { "payable", actor } })
end

--- Locks the wallets of all actors whose credits this transaction is going to change.  Before anything else is locked.
function M.lock(tx, ...) tx:ask(M.sql.lock, json.encode(json.array { ... })) end

--- Notes a new lot, whose transfer into the wallet the caller posts.  lot: {actor, pool, amount, reason, expires_at}.
--- Returns a function that waits for its id.
function M.note_lot(tx, event, cause, lot)
  local made = tx:ask(M.sql.grant, lot.actor, lot.pool, lot.amount, lot.reason, event, cause, lot.expires_at)
  return function() return made()[1].id end
end

--- Gives marketplace credits (halvening, referral, credit task): {actor, amount, reason, expires_at, from = account
--- (the platform's; without it they are issued)}.  Returns the id of the lot.
function M.grant(tx, event, cause, gift)
  M.lock(tx, gift.actor)
  ledger.post(tx, event, cause, {
    { debit = gift.from or "issued_promo", credit = wallet("M", gift.actor), amount = gift.amount },
  })
  return M.note_lot(tx, event, cause, { actor = gift.actor, pool = "M", amount = gift.amount, reason = gift.reason,
                                        expires_at = gift.expires_at })()
end

--- Takes credits out of an actor's lots, under the lock of his wallet; the caller posts where they go.
--- want: {actor, amount, reason, pool = "W": from withdrawable lots alone, of = reasons: from lots that came for one of
--- these alone}.  Returns {id, m, w}: how much of each pool.
--- Fails with insufficient_balance, which says how much there is.
function M.take(tx, event, cause, want)
  local at_once, of = LOTS_AT_ONCE, want.of and json.encode(json.array(want.of))
  while true do
    local got = tx:row(M.sql.take, want.actor, want.amount, want.reason, event, cause, want.pool, at_once, of)
    if got.id then return got end
    if got.lots < at_once then
      error(fail.new("insufficient_balance", { message = ("The balance is too low: %s of %s credits are there")
        :format(money.credits(got.found), money.credits(want.amount)) }), 0)
    end
    at_once = at_once * 8
  end
end

--- Puts a part of what an event took back into the same lots, the last taken first.  Returns {found, m, w}: found is
--- less than the amount when less than that was taken and not given back.  The caller posts where it comes from.
function M.give_back(tx, event, cause, actor, amount) return tx:row(M.sql.give_back, actor, cause, event, amount) end

--- Ends the lots of an actor that have expired.  Returns how many there were, at most a thousand at a time.
function M.expire(tx, actor)
  M.lock(tx, actor)
  local lots = tx:query(M.sql.expired, actor)
  for _, lot in ipairs(lots) do
    local cause = "lot:" .. lot.id
    tx:exec(M.sql.expire, actor, lot.remaining, cause, lot.id)
    ledger.post(tx, "credit.expired", cause, {
      { debit = wallet(lot.pool, actor), credit = "expired", amount = lot.remaining },
    })
  end
  return #lots
end

--- What an actor has, in thousandths: {m, w}, of lots that have not expired.
function M.balance(actor) return db.row(M.sql.live, actor) end

return M
