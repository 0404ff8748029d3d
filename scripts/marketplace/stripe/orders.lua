-- scripts/marketplace/stripe/orders.lua -- what Stripe is to do: rows that are written in the transaction of their
-- cause, and carried out after its commit, one by one for each payment, withdrawal or actor.  A row's key is sent with
-- it, so that Stripe does once what is asked twice; what is asked first is kept, since the same key must come with the
-- same request.  Stripe forgets keys after a day, and repeats failures of its own until then: in both cases it is
-- asked first whether it has done it, and gets a new key only when it has not.

local db = require "human.db"
local json = require "human.json"
local log = require "human.log"
local queue = require "human.queue"
local client = require "marketplace.stripe.client"
local findings = require "marketplace.stripe.findings"

local M = {}

local AT_ONCE, WAIT_MAX_S = 20, 3600

local COLUMNS = [[key, subject, about, kind, facts, request, state, made, asked_at,
  extract(epoch from created_at)::bigint as created_s]]

M.sql = {
  add = [[insert into market_orders (key, subject, kind, about, facts) values ($1, $2::uuid, $3, $4::uuid, $5::jsonb)
    on conflict (key) do nothing]],
  next = "select " .. COLUMNS .. " from market_orders where subject = $1::uuid and state = 'open' order by n limit 1",
  lock = "select " .. COLUMNS .. " from market_orders where key = $1 and ended_at is null for update",
  begin = [[update market_orders set asked_at = coalesce(asked_at, human_now()), request = coalesce(request, $2::jsonb)
    where key = $1 and ended_at is null
    returning request, tries, asked_at < human_now() - interval '23 hours' as is_old,
      asked_at < human_now() - interval '1 hour' as is_settled]],
  give_up_key = [[update market_orders set tries = tries + 1, asked_at = human_now()
    where key = $1 and ended_at is null]],
  finish = [[update market_orders set state = $2, made = $3, refusal = $4, ended_at = human_now() where key = $1]],
  made = "select made from market_orders where key = $1",
  is_known = "select exists (select from market_orders where key = $1)",
}

local function kinds() return require "marketplace.stripe.kinds" end

--- Writes down, in tx, what is to be done: o = {key, subject, kind, about, facts}; once for each key.
function M.add(tx, o)
  if tx:exec(M.sql.add, o.key, o.subject, o.kind, o.about, json.encode(o.facts or {})) == 0 then return end
  queue.add(tx, "market.stripe", o.subject)
end

--- What came of the one with a key, in tx: Stripe's id; nil when there is none yet.
function M.made(tx, key) return tx:value(M.sql.made, key) end

--- Whether there is one with that key.
function M.is_known(tx, key) return tx:value(M.sql.is_known, key) end

-- What Stripe has made for it, or has done with what it is about; or nil and why, if that cannot be told.
local function found(order, kind, request)
  if kind.find then
    local object, err = kind.find(order, request)
    if not err then findings.finish("unfound", order.key)
    elseif err.code == "too_many" then
      findings.add(db, "unfound", order.key, "too much was made since to tell whether Stripe has done it")
    end
    return object, err
  end
  if not kind.look then return nil end
  local now, err = kind.look(order)
  if now and kind.has_happened(now) then return now end
  return nil, err
end

-- Stripe fails to say what it has done.  What a state of its own guards may be asked for anew at once; anything
-- else once it would have been found.
local function again(order, kind, begun)
  local object, err = found(order, kind, begun.request)
  if object or err then return object, err end
  if kind.look or begun.is_settled then db.exec(M.sql.give_up_key, order.key) end
  return nil, { is_passing = true, code = "failed_there" }
end

-- Asks for it, or finds what was asked for a day ago.  Returns the object, or nil and why.
local function ask(order, kind, request)
  local begun = db.row(M.sql.begin, order.key, json.encode(request))
  if not begun then return nil, { is_over = true } end
  request = json.decode(begun.request)
  begun.request = request
  if begun.is_old then
    local object, err = found(order, kind, request)
    if object or err then return object, err end
  end
  local key = begun.tries == 0 and order.key or ("%s:again:%d"):format(order.key, begun.tries)
  local object, err = client.ask { method = "POST", path = request.path, params = request.params,
                                   account = request.account, key = key }
  if err and err.is_kept_failure then return again(order, kind, begun) end
  return object, err
end

-- What has come of it moves our rows, in one transaction with its end.  Whoever comes second finds nothing to do.
local function settle(order, kind, object, err, now)
  db.tx(function(tx)
    if not tx:row(M.sql.lock, order.key) then return end
    if object then kind.done(tx, order, object) elseif not err.is_needless then kind.refused(tx, order, err, now) end
    local state = (object or err.is_needless) and "done" or "refused"
    tx:exec(M.sql.finish, order.key, state, object and object.id, err and err.code)
  end)
  return true
end

-- True; or nil and why it is to be tried again.
local function carry_out(order)
  local kind = kinds()[order.kind]
  order.facts = json.decode(order.facts)
  local request, object, err, now = order.request and json.decode(order.request), nil, nil, nil
  if not request then request, err = kind.request(order) end
  if request then object, err = ask(order, kind, request) end
  if err and err.is_over then return true end
  if err and err.is_passing then return nil, err.code end
  if err and kind.look and not err.is_needless then
    local why
    now, why = kind.look(order)
    if why then return nil, why.code end
  end
  return settle(order, kind, object, err, now)
end

--- Carries out what is open of a payment, withdrawal or actor, in its order.  True; or nil and why some is left.
--- Not inside a transaction.
function M.carry_out(subject)
  for _ = 1, AT_ONCE do
    local order = db.row(M.sql.next, subject)
    if not order then return true end
    local ok, why = carry_out(order)
    if not ok then return nil, why end
  end
  return nil, "there is more"
end

--- Work of the queue.
function M.run(row)
  local ok, why = M.carry_out(row.key)
  if not ok then
    log.warn("stripe: to be asked again", { subject = row.key, why = why })
    row:retry_in(math.min(WAIT_MAX_S, 2 ^ math.min(row.attempt, 12)), why)
  end
  db.tx(function(tx) row:done(tx) end)
end

queue.define("market.stripe", "marketplace.stripe.orders.run", { per_key = true, attempts = 1000 })

return M
