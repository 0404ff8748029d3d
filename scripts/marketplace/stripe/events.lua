-- scripts/marketplace/stripe/events.lua -- events that Stripe sends: signed, stored once, and read by the queue.  An
-- event says that something is to be looked at, and nothing else: what it is about is asked for as it is then, so that
-- it does not matter when an event comes, in which order, or how often.

local config = require "human.config"
local crypto = require "human.crypto"
local db = require "human.db"
local jobs = require "human.jobs"
local queue = require "human.queue"
local time = require "human.time"
local accounts = require "marketplace.stripe.accounts"
local findings = require "marketplace.stripe.findings"
local observe = require "marketplace.stripe.observe"

local M = { TOLERANCE_S = 300 }

local HEADER_MAX, SIGNATURES_MAX = 2000, 10
local SECRETS = { "marketplace.stripe.webhook_secret", "marketplace.stripe.connect_webhook_secret" }
local KEPT_DAYS, AT_ONCE, ROUNDS = 90, 1000, 100

M.sql = {
  keep = [[insert into market_stripe_events (id, type, object, account) values ($1, $2, $3, $4)
    on conflict (id) do nothing]],
  get = "select id, type, object, account, processed_at from market_stripe_events where id = $1",
  done = "update market_stripe_events set processed_at = human_now() where id = $1 and processed_at is null",
  forget = [[delete from market_stripe_events where ctid = any (array(select ctid from market_stripe_events
    where received_at < human_now() - $1::int * interval '1 day' limit $2::int))]],
}

-- The time and the signatures of a header "t=1,v1=..,v1=..,v0=..".
local function parts(header)
  local at, given = nil, {}
  for part in header:sub(1, HEADER_MAX):gmatch "[^,]+" do
    local name, value = part:match "^(%w+)=(.*)$"
    if name == "t" then at = value:match "^%d+$" end
    if name == "v1" and #given < SIGNATURES_MAX then given[#given + 1] = value end
  end
  return at and #at <= 12 and at, given
end

--- Whether a body is Stripe's: header is Stripe-Signature.  While a secret is rolled it has a signature by each.
function M.is_genuine(header, body)
  local at, given = parts(header or "")
  if not at or math.abs(time.now_ms() / 1000 - tonumber(at)) > M.TOLERANCE_S then return false end
  local is_genuine = false
  for _, secret in ipairs(SECRETS) do
    local want = crypto.secret_hmac_hex(secret, at .. "." .. body)
    for _, signature in ipairs(given) do
      if want and crypto.equal(want, signature) then is_genuine = true end
    end
  end
  return is_genuine
end

--- Keeps an event, for the queue: {id, type, object (the id of what it is about), account}.  The same again is nothing.
function M.keep(event)
  db.tx(function(tx)
    if tx:exec(M.sql.keep, event.id, event.type, event.object, event.account) == 1 then
      queue.add(tx, "market.stripe_event", event.id)
    end
  end)
end

-- By how an event's type begins: fn(event) -> true, or nil and why (as client.ask).
local READ = {}

function READ.payment_intent(e) return observe.again("intent", e.object) end
function READ.refund(e) return observe.again("refund", e.object) end
function READ.payout(e) return observe.again("payout", e.object, e.account) end
function READ.account(e) return e.object:find "^acct_" == nil or accounts.check(e.object) end

-- A charge is looked at with its payment; what the buyer's bank has taken back is booked, and waits for an operator.
function READ.charge(e)
  if not e.type:find "^charge%.dispute" then return true end
  findings.add(db, "chargeback", e.object, e.type .. ": see the dispute at Stripe")
  return observe.again("dispute", e.object)
end

local NAMED = "^%w+_[%w_]+$"                     -- what may stand in a path

--- Work of the queue.
function M.read(row)
  local event = db.row(M.sql.get, row.key)
  local read = event and not event.processed_at and READ[event.type:match "^[%w_]+"]
  if read and event.object:find(NAMED) then
    local ok, err = read(event)
    if not ok and err.is_passing then row:retry_in(math.min(3600, 2 ^ row.attempt), err.code) end
  end
  db.tx(function(tx)
    tx:exec(M.sql.done, row.key)
    row:done(tx)
  end)
end

--- Forgets old ones.
function M.forget()
  if config.marketplace.payments == "stripe" then db.sweep(M.sql.forget, AT_ONCE, ROUNDS, KEPT_DAYS, AT_ONCE) end
end

queue.define("market.stripe_event", "marketplace.stripe.events.read", { per_key = true, attempts = 100 })
jobs.every("market_stripe_events", 86400, "marketplace.stripe.events.forget")

return M
