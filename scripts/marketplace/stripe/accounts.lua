-- scripts/marketplace/stripe/accounts.lua -- whom Stripe knows actors as: customers, who pay, and connected
-- accounts, to which is paid out.

local crypto = require "human.crypto"
local db = require "human.db"
local client = require "marketplace.stripe.client"

local M = {}

M.sql = {
  get = "select customer, account, can_be_paid from market_stripe_actors where actor_id = $1::uuid",
  is_ready = "select can_be_paid from market_stripe_actors where account = $1",
  set_customer = [[insert into market_stripe_actors (actor_id, customer) values ($1::uuid, $2)
    on conflict (actor_id) do update set customer = coalesce(market_stripe_actors.customer, excluded.customer)
    returning customer]],
  set_account = [[insert into market_stripe_actors (actor_id, account) values ($1::uuid, $2)
    on conflict (actor_id) do update set account = coalesce(market_stripe_actors.account, excluded.account)
    returning account]],
  walk = "insert into market_stripe_walks (account) values ($1) on conflict (account) do nothing",
  connect = "update market_actors set connect_account = $2 where id = $1::uuid and connect_account is null",
  seen = "update market_stripe_actors set can_be_paid = $2, checked_at = human_now() where account = $1",
}

--- The customer that an actor is, made when there is none; or nil and why (as client.ask).  Not in a transaction.
function M.customer(actor_id)
  local row = db.row(M.sql.get, actor_id)
  if row and row.customer then return row.customer end
  local made, err = client.ask { method = "POST", path = "/v1/customers", key = actor_id .. ":customer:1",
                                 params = { metadata = { actor_id = actor_id } } }
  if not made then return nil, err end
  return db.value(M.sql.set_customer, actor_id, made.id)
end

--- Keeps a card for a customer, so that it can be used again; or nil and why.
function M.attach(key, method, customer)
  return client.ask { method = "POST", path = ("/v1/payment_methods/%s/attach"):format(method), key = key .. ":attach",
                      params = { customer = customer } }
end

--- A connected account, as it is now.
function M.seen(tx, account)
  local transfers = type(account.capabilities) == "table" and account.capabilities.transfers == "active"
  tx:exec(M.sql.seen, account.id, account.payouts_enabled == true and transfers)
end

--- Stripe has opened an actor's account.
function M.opened(tx, actor_id, account)
  local name = tx:value(M.sql.set_account, actor_id, account.id)
  tx:exec(M.sql.connect, actor_id, name)
  tx:exec(M.sql.walk, name)
  M.seen(tx, account)
end

--- Whether an account can be paid out to, as far as Stripe has said.
function M.is_ready(q, account) return q:value(M.sql.is_ready, account) == true end

--- An actor's account; nil when he has none.
function M.of(actor_id)
  local row = db.row(M.sql.get, actor_id)
  return row and row.account
end

--- Asks Stripe how an account is.  True; or nil and why.
function M.check(account)
  local object, err = client.get("/v1/accounts/" .. account)
  if not object then return nil, err end
  db.tx(function(tx) M.seen(tx, object) end)
  return true
end

--- A new address at which an account is set up; it is good for one visit.  Or nil and why.
function M.link(account, urls)
  local made, err = client.ask { method = "POST", path = "/v1/account_links", key = crypto.random_hex(16), params = {
    account = account, refresh_url = urls.refresh_url, return_url = urls.return_url, type = "account_onboarding" } }
  return made and made.url, err
end

return M
