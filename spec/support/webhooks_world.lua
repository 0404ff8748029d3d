-- spec/support/webhooks_world.lua -- endpoints for specs: events as the outbox hands them over, and the queue's work done at
-- once, with a stand-in for the network.

local db = require "human.db"
local id = require "human.id"
local json = require "human.json"
local time = require "human.time"
local world = require "pay_world"

local M = { SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", uuid = world.uuid, row = world.row }

local WORKS = { ["market.webhooks"] = "fast", ["market.webhooks.slow"] = "slow", ["market.webhooks.new"] = "first" }

local send, really_send

--- The scripts; what is sent is noted in M.sent, and answered with M.answer.
function M.begin()
  local loaded = world.scripts()
  M.webhooks, M.work = loaded["marketplace.webhooks"], loaded["marketplace.webhooks_queue"]
  M.rule, send = loaded["marketplace.rules.webhooks"], loaded["marketplace.webhooks_send"]
  M.send, really_send = send, send.send
end

--- As before anything was sent.
function M.anew()
  M.sent, M.answer = {}, { status = 200, latency_s = 0.01 }
  send.send = function(hook, secrets, message, timeout_s)
    M.sent[#M.sent + 1] = { url = hook.url, secrets = secrets, id = message.id, text = message.body,
                            timeout_s = timeout_s, body = json.decode(message.body) }
    return M.answer
  end
end

--- The network is the real one again.
function M.over() send.send = really_send end

--- Asserts that fn(...) fails with a code; returns the error.
function M.refuses(code, fn, ...)
  local ok, err = pcall(fn, ...)
  assert(not ok, "it was not refused")
  local got = type(err) == "table" and err.code or err
  assert(got == code, tostring(got))
  return err
end

--- An actor.
function M.person() return { id = world.actor() } end

--- An endpoint of an actor: its id.  o: {url, events, secret}.
function M.endpoint(who, o)
  o = o or {}
  return (M.webhooks.register(who, { url = o.url or "https://a.example/hook", events = o.events or { "*" },
                                     secret = o.secret or M.SECRET })).webhook_id
end

--- Hands over events: {{name, to, data, id}, ..}.
function M.told(events)
  local batch = { done = function(self) self.gone = true end }
  for i, e in ipairs(events) do
    batch[i] = { id = e.id or id.new(), key = "k", added_at = time.now(),
                 payload = { name = e.name or "bid.received", to = e.to, data = e.data or {} } }
  end
  M.work.take(batch)
  assert(batch.gone)
end

--- Whose endpoint it is.
function M.owner(hook)
  return db.value([[select a.owner_id from market_webhooks w join market_actors a on a.id = w.actor_id
    where w.id = $1]], hook)
end

--- The lanes in which an endpoint waits.
function M.kinds(hook)
  local out = {}
  for _, r in ipairs(db.query([[select kind, due_at > human_now() as is_later from host_queue
      where kind like 'market.webhooks%' and key in ($1, $2) and owner is null]], hook, M.owner(hook))) do
    out[#out + 1] = r.kind .. (r.is_later and " later" or "")
  end
  return table.concat(out, ", ")
end

--- Works on an endpoint once, in the lane in which it waits.
function M.run(hook)
  local waits = db.row([[delete from host_queue where kind like 'market.webhooks%' and key in ($1, $2)
    returning kind, key]], hook, M.owner(hook))
  assert(waits, "it does not wait")
  local row = world.row(waits.key)
  M.work[WORKS[waits.kind]](row)
  assert(row.gone)
end

--- Its deliveries, oldest first.
function M.rows(hook)
  return db.query([[select id, sequence, type, state, attempts, to_json(status_codes)::text as codes, last_error, body,
      extract(epoch from next_at - human_now())::float8 as in_s
    from market_webhook_deliveries where webhook_id = $1 order by sequence]], hook)
end

--- Makes what waits due.
function M.due(hook)
  db.exec([[update market_webhook_deliveries set next_at = human_now()
    where webhook_id = $1 and state = 'pending']], hook)
end

return M
