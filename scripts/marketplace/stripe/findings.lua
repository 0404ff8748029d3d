-- scripts/marketplace/stripe/findings.lua -- where Stripe's books and ours differ, and what waits for an operator: in
-- `human ledger check`, the log and the metrics.  `human ledger findings` lists them, `human ledger settle` ends one.

local db = require "human.db"
local log = require "human.log"
local metrics = require "human.metrics"
local audit = require "marketplace.audit"
local records = require "marketplace.trail"

local M = {}

M.sql = {
  add = [[insert into market_stripe_findings (kind, subject, says) values ($1, $2, $3)
    on conflict (kind, subject) do update set says = excluded.says, ended_at = null, because = null,
      found_at = case when market_stripe_findings.ended_at is null then market_stripe_findings.found_at
        else human_now() end
    returning xmax = 0 as is_new]],
  finish = [[update market_stripe_findings set ended_at = human_now()
    where kind = $1 and subject = $2 and ended_at is null]],
  open = [[select n as id, kind, subject, says, found_at from market_stripe_findings
    where ended_at is null order by found_at, n limit $1::int]],
  lock = "select n, kind, subject, says, ended_at from market_stripe_findings where n = $1 for update",
  settle = "update market_stripe_findings set ended_at = human_now(), because = $2 where n = $1",
}

metrics.describe("human_market_stripe_findings_total", "Differences between Stripe's books and ours that were found")

local OPEN = [[select kind || ' of ' || subject || ': ' || says as what, 0 as off from market_stripe_findings
  where ended_at is null and kind %s 'balance']]

-- A difference of balances stops payouts until it is gone; one payment that somebody is to look at, such as a
-- chargeback, stops nobody else's.
audit.CHECKS[#audit.CHECKS + 1] = { name = "balances", says = "Stripe's balance is not what our books say",
                                    sql = OPEN:format "=" }
audit.CHECKS[#audit.CHECKS + 1] = { name = "stripe", says = "at Stripe an operator is to look", is_notice = true,
                                    sql = OPEN:format "<>" }

--- Notes in q, a transaction or human.db, what is wrong with something: "lost", a payment's id, and in words.
function M.add(q, kind, subject, says)
  local is_new
  if q == db then is_new = db.value(M.sql.add, kind, subject, says)
  else is_new = q:value(M.sql.add, kind, subject, says) end
  if not is_new then return end
  metrics.add("human_market_stripe_findings_total", 1, { kind = kind })
  log.error("stripe: an operator is to look", { kind = kind, subject = subject, says = says })
end

--- It is right now.
function M.finish(kind, subject) db.exec(M.sql.finish, kind, subject) end

--- The open ones, the oldest first, at most `limit`: {{id, kind, subject, says, found_at}, ..}.
function M.open(limit) return db.query(M.sql.open, limit) end

--- An operator (by: his name) has looked at one, and says why it is none any more.  Returns it; nil and "unknown",
--- "ended", or "balance": this one ends once the balances are the same, and not before.
function M.settle(id, because, by)
  return db.tx(function(tx)
    local finding = tx:row(M.sql.lock, id)
    if not finding then return nil, "unknown" end
    if finding.ended_at then return nil, "ended" end
    if finding.kind == "balance" then return nil, "balance" end
    tx:exec(M.sql.settle, id, because)
    records.put(tx, { action = "finding settle", resource_type = "finding", resource_id = tostring(id), facts = {
      kind = finding.kind, subject = finding.subject, says = finding.says, because = because, by = by } })
    return finding
  end)
end

return M
