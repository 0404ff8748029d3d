-- host/lua/outbox.lua -- transactional outbox: an event is written in the transaction of its cause and delivered to
-- each consumer of its topic, in batches, if and only if that transaction commits.
-- Each event has one row per consumer that wants it (human.queue, of the kind "outbox TOPIC module.fn"), deleted when
-- it is done.
-- There is no position, so a transaction that commits late cannot fall behind one.

local blame = require "human.core.blame"
local gen = require "human.scripts.generation"
local id = require "human.id"
local json = require "human.json"
local rows = require "human.queue.rows"
local target = require "human.scripts.target"

local M = {}
local TOPIC_MAX, CONSUMERS_MAX = 100, 32
local BATCH = 100
-- Options of human.queue.define; the events of a failing consumer wait, so that they stay in order.
local DEF = { concurrency = 1000, limit = 1000, lease_s = 15, attempts = 25, timeout_s = 60, run = 25, batch = BATCH,
              per_key = true, backoff = { first_s = 1, max_s = 3600 } }

local function check_topic(what, topic)
  if type(topic) ~= "string" or not topic:find "^[%w_.-]+$" or #topic > TOPIC_MAX then
    blame.refuse(("%s: the topic must be a text of 1 to %d letters, digits and . _ -"):format(what, TOPIC_MAX))
  end
end

--- Declares a consumer while scripts load: module.fn(batch) is called for events put on the topic from then on.
--- batch: a list of up to 100 {id, key, payload, attempt, added_at}; events with the same key come in the order
--- in which they were put, one batch after the other.  An error is logged, and the events are retried one by one; so
--- an event may come more than once, with the same id, but what batch:done(tx) commits happens once.
--- batch:retry_in() and batch:dead() work as for a row (human.queue).  wants_path (optional): module.fn(payload) says
--- whether this consumer wants an event; it is asked when the event is put, and one that is not wanted costs nothing.
--- where (optional): the same in SQL, of r.key and r.payload (json), asked at the end of the transaction that puts it:
--- "exists (select from hooks h where h.about = r.key)".  Who comes later has missed the event.
function M.on(topic, fn_path, wants_path, where)
  local g = gen.building()
  if not g then error("outbox.on: only while scripts are loading", 2) end
  check_topic("outbox.on", topic)
  local list = g.outbox[topic] or {}
  local kind = ("outbox %s %s"):format(topic, tostring(fn_path))
  if g.queue[kind] then blame.refuse(("outbox.on: %s follows %s already"):format(tostring(fn_path), topic)) end
  if #list >= CONSUMERS_MAX then
    blame.refuse(("outbox.on: %s has %d consumers, as many as may be"):format(topic, #list))
  end
  local def = { kind = kind, path = fn_path, topic = topic, wants = wants_path, where = where }
  for name, value in pairs(DEF) do def[name] = value end
  list[#list + 1] = def
  g.queue[kind], g.outbox[topic] = def, list
end

local function wants(g, def, payload) return not def.wants or target.resolve(g, def.wants)(payload) end

--- Puts an event in `q`, a transaction or human.db.  key (nil: none): what it is about; payload: plain data, up to
--- 256 KB as JSON.  Returns its id, the same for all consumers.  Where no consumer wants it, nothing is written.
function M.put(q, topic, key, payload)
  q = rows.place("outbox.put", q)
  check_topic("outbox.put", topic)
  rows.check_key("outbox.put", key)
  local event_id, list, g = id.new(), {}, gen.current()
  local text = json.raw(rows.payload("outbox.put", payload))
  for _, def in ipairs(g.outbox[topic] or {}) do
    if wants(g, def, payload) then
      list[#list + 1] = { kind = def.kind, id = event_id, key = key, payload = text, is_event = true }
    end
  end
  if list[1] then rows.add(q, list) end
  return event_id
end

return M
