-- scripts/marketplace/webhooks.lua -- the endpoints of actors: where they are, what they have asked for, and what they
-- were sent.

local config = require "human.config"
local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local time = require "human.time"
local history = require "marketplace.history"
local hooks_queue = require "marketplace.webhooks_queue"
local rule = require "marketplace.rules.webhooks"
local send = require "marketplace.webhooks_send"

local M = {}

local COLUMNS = [[id as webhook_id, url, to_json(events) as events, state as status, reason, failing_since, created_at,
  updated_at]]
local EVENTS = "(select array_agg(e) from json_array_elements_text($%d::json) e)"

M.sql = {
  lock_actor = "select 1 from market_actors where id = $1::uuid for update",
  count = "select count(*)::int from market_webhooks where actor_id = $1::uuid",
  new_id = "select gen_random_uuid()::text",
  insert = "insert into market_webhooks (id, actor_id, url, events, secret) values ($1::uuid, $2::uuid, $3, "
    .. EVENTS:format(4) .. ", $5) returning " .. COLUMNS,
  own = "select " .. COLUMNS .. [[, id, actor_id, secret, is_fast, is_new,
    (select owner_id from market_actors a where a.id = actor_id) as owner_id,
    case when old_secret_until > human_now() then old_secret end as old_secret
    from market_webhooks where id = $1::uuid and actor_id = $2::uuid]],
  list = "select " .. COLUMNS .. [[ from market_webhooks where actor_id = $1::uuid order by created_at desc, id
    limit $2::int offset $3::int]],
  update = [[update market_webhooks set url = coalesce($2, url), is_new = is_new or url <> coalesce($2, url),
    is_fast = is_fast and url = coalesce($2, url), events = coalesce(]] .. EVENTS:format(3)
    .. ", events), updated_at = human_now() where id = $1::uuid returning " .. COLUMNS,
  -- As if it were new.
  enable = [[update market_webhooks set state = 'active', reason = null, failures = 0, failing_since = null,
    is_fast = false, is_new = true where id = $1::uuid and state = 'disabled']],
  delete = "delete from market_webhooks where id = $1::uuid",
  rotate = [[update market_webhooks set old_secret = secret, secret = $2, updated_at = human_now(),
    old_secret_until = human_now() + $3::int * interval '1 s' where id = $1::uuid returning ]] .. COLUMNS
    .. ", old_secret_until",
  deliveries = [[select id as delivery_id, 'msg_' || id as message_id, type as event_type, sequence, state as status,
      attempts, to_json(status_codes) as status_codes, last_error, next_at, tried_at, ended_at, created_at
    from market_webhook_deliveries where webhook_id = $1::uuid order by sequence desc limit $2::int offset $3::int]],
  deliveries_in = [[select id as delivery_id, 'msg_' || id as message_id, type as event_type, sequence, state as status,
      attempts, to_json(status_codes) as status_codes, last_error, next_at, tried_at, ended_at, created_at
    from market_webhook_deliveries where webhook_id = $1::uuid and state = $4
    order by sequence desc limit $2::int offset $3::int]],
  counted = [[select count(*)::int from (select from market_webhook_deliveries where webhook_id = $1::uuid
    and ($2::text is null or state = $2) limit 10000) few]],
  replay = [[update market_webhook_deliveries set state = 'pending', attempts = 0, status_codes = '{}',
      last_error = null, next_at = human_now(), ended_at = null
    where id = $2::uuid and webhook_id = $1::uuid]],
  replay_since = [[update market_webhook_deliveries d set state = 'pending', attempts = 0, status_codes = '{}',
      last_error = null, next_at = human_now(), ended_at = null
    from (select id from market_webhook_deliveries where webhook_id = $1::uuid and state = 'failed'
      and created_at >= $2::timestamptz order by created_at limit $3::int for update) f where d.id = f.id]],
  rest = [[select exists (select from market_webhook_deliveries where webhook_id = $1::uuid and state = 'failed'
    and created_at >= $2::timestamptz)]],
}

config.define("marketplace.open_webhooks", { type = "bool", default = false,
  text = "for tests: endpoints may be at any host and port, also without TLS; what is no public address still has to "
    .. "be in egress.allow" })

local function wrong(path, message, code)
  fail.throw(code or "validation_error", { message = message, details = { { path = path, message = message } } })
end

local function check_url(url)
  if not rule.address({ url = url, is_open = config.marketplace.open_webhooks }).is_safe then
    wrong("url", "The address must be https, at a public host name, on port 443 or 8443", "unsafe_url")
  end
end

local function check_events(events)
  local unknown = rule.unknown(events)
  if unknown[1] then
    wrong("events", "There is no event " .. table.concat(unknown, ", ", 1, math.min(#unknown, 5)), "unknown_event")
  end
end

-- Each once; all: "*" alone.
local function distinct(events)
  local out, seen = json.array {}, {}
  for _, name in ipairs(events) do
    if name == "*" then return json.array { "*" } end
    if not seen[name] then out[#out + 1], seen[name] = name, true end
  end
  return out
end

local function shown(row)
  row.events = json.decode(row.events)
  return row
end

-- An actor's own endpoint, locked.  Fails with not_found.
local function own(tx, actor, id) return tx:must("not_found", M.sql.own .. " for update", id, actor.id) end

--- Registers an endpoint: o = {url, events, secret (nil: one is made)}.  Returns it, and the secret if one was made.
--- Fails with unsafe_url, unknown_event and too_many_webhooks.
function M.register(actor, o)
  check_url(o.url)
  check_events(o.events)
  local secret = o.secret or send.new_secret()
  return db.tx(function(tx)
    tx:exec(M.sql.lock_actor, actor.id)
    if tx:value(M.sql.count, actor.id) >= rule.endpoints then fail.throw "too_many_webhooks" end -- limit: webhooks
    local id = tx:value(M.sql.new_id)
    local row = tx:row(M.sql.insert, id, actor.id, o.url, json.encode(distinct(o.events)), send.seal(id, secret))
    history.note(tx, { entity = "webhook", id = id, to = "active", actor_id = actor.id, cause = "webhooks-register" })
    return shown(row), not o.secret and secret or nil
  end)
end

local function enable(tx, actor, hook)
  if tx:exec(M.sql.enable, hook.id) == 0 then return end
  history.note(tx, { entity = "webhook", id = hook.id, from = "disabled", to = "active", actor_id = actor.id,
                     cause = "webhooks-manage" })
end

--- Changes an endpoint: o = {url, events, is_active}.  Whatever is changed, it is enabled again unless is_active is
--- false.
function M.update(actor, id, o)
  if o.url then check_url(o.url) end
  if o.events then check_events(o.events) end
  return db.tx(function(tx)
    local hook = own(tx, actor, id)
    if o.is_active == false then hooks_queue.disable(tx, hook, "owner", actor.id) else enable(tx, actor, hook) end
    return shown(tx:row(M.sql.update, id, o.url, o.events and json.encode(distinct(o.events))))
  end)
end

--- Deletes an endpoint, and what it was sent.
function M.delete(actor, id)
  db.tx(function(tx)
    own(tx, actor, id)
    tx:exec(M.sql.delete, id)
  end)
end

--- Gives an endpoint another secret (nil: one is made); the one before signs as well, for a day.  Returns it, and the
--- secret if one was made.
function M.rotate(actor, id, given)
  local secret = given or send.new_secret()
  return db.tx(function(tx)
    own(tx, actor, id)
    return shown(tx:row(M.sql.rotate, id, send.seal(id, secret), rule.rotate_s)), not given and secret or nil
  end)
end

--- The endpoints of an actor, newest first, and how many there are.
function M.list(actor, o)
  local rows = db.query(M.sql.list, actor.id, o.limit, o.offset)
  for _, row in ipairs(rows) do shown(row) end
  return rows, db.value(M.sql.count, actor.id)
end

--- What an endpoint was sent, newest first, and how much that is (up to ten thousand).  o: {limit, offset, status}.
function M.deliveries(actor, id, o)
  db.must("not_found", M.sql.own, id, actor.id)
  local rows = o.status and db.query(M.sql.deliveries_in, id, o.limit, o.offset, o.status)
    or db.query(M.sql.deliveries, id, o.limit, o.offset)
  for _, row in ipairs(rows) do row.status_codes = json.decode(row.status_codes) end
  return rows, db.value(M.sql.counted, id, o.status)
end

--- Sends again, under the same ids: one delivery (o.delivery_id), whatever became of it, or those that have failed
--- since a time (o.since), oldest first.  Returns how many, and whether there are more.  Fails with not_found and
--- invalid_state: the endpoint is disabled.
function M.replay(actor, id, o)
  return db.tx(function(tx)
    local hook = own(tx, actor, id)
    if hook.status ~= "active" then fail.throw("invalid_state", { status = hook.status }) end
    local n = o.delivery_id and tx:exec(M.sql.replay, id, o.delivery_id)
      or not o.delivery_id and tx:exec(M.sql.replay_since, id, o.since, rule.replayed) or 0 -- limit: webhooks replayed
    if o.delivery_id and n == 0 then fail.throw "not_found" end
    if n > 0 then hooks_queue.wake(tx, hook) end
    return n, not o.delivery_id and tx:value(M.sql.rest, id, o.since) or false
  end)
end

--- Sends an endpoint a test, once: {delivered, status_code, latency_ms, error}.  It is no delivery, and says nothing of
--- the endpoint.
function M.test(actor, id, event_type)
  local hook = db.must("not_found", M.sql.own, id, actor.id)
  if event_type and not rule.is_event(event_type) then
    wrong("event_type", "There is no event " .. event_type, "unknown_event")
  end
  local secrets, why = send.secrets(hook)
  if not secrets then fail.throw("service_unavailable", { message = why }) end
  local first = json.decode(hook.events)[1]
  local body = hooks_queue.body { type = event_type or first ~= "*" and first or rule.EVENTS[1], timestamp = time.now(),
                                  data = { webhook_id = hook.id }, test = true }
  local tried = send.send(hook, secrets, { id = "msg_" .. db.value(M.sql.new_id), body = body },
    rule.timeout_s)
  return { delivered = tried.error == nil, status_code = tried.status > 0 and tried.status or nil,
           latency_ms = math.floor(tried.latency_s * 1000 + 0.5), error = tried.error }
end

return M
