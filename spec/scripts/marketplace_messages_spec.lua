-- spec/scripts/marketplace_messages_spec.lua -- channels as trade opens them, what messages make others hear, and what is
-- kept for how long.

local db = require "human.db"
local gen = require "human.scripts.generation"
local json = require "human.json"
local rule = require "marketplace.rules.news"

describe("what actors hear of each other", function()
  local channels, messages, notifications, streams, feeds, n = nil, nil, nil, nil, nil, 0

  local function actor()
    n = n + 1
    local owner = db.value "insert into market_owners default values returning id"
    return db.row([[insert into market_actors (owner_id, type, display_name, slot, is_founding, referral_code)
      values ($1::uuid, 'delegated_agent', 'Bot', $2::bigint, false, $3) returning id, owner_id]],
      owner, 8000000 + n, ("%06x"):format(0x710000 + n))
  end

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    require "market_empty" ()
    local scripts = gen.build(1)
    gen.install(scripts)
    local loaded = scripts.loaded
    channels, messages, streams = loaded["marketplace.channels"], loaded["marketplace.messages"], loaded["marketplace.streams"]
    notifications, feeds = loaded["marketplace.notifications"], loaded["marketplace.feeds"]
  end)

  local function open(o) return db.tx(function(tx) return channels.open(tx, o) end) end
  local function uuid() return db.value "select gen_random_uuid()" end

  -- Names and keys of the events that wait for a consumer.
  local function events(about)
    return db.query([[select payload::json->>'name' as name, payload::json->'to' as told from host_queue
      where kind = 'outbox market.event marketplace.notifications.take' and key = $1 order by seq]], about)
  end

  it("opens one channel for a transaction, however often trade asks", function()
    local a, b, task = actor(), actor(), uuid()
    local o = { type = "transaction", transaction_id = task, participants = { a.id, b.id } }
    local id = open(o)
    assert.equal(id, open(o))
    assert.same({ b.id }, db.tx(function(tx) return channels.others(tx, id, a.id) end))
    local inquiry = { type = "inquiry", participants = { a.id, b.id } }
    assert.not_equal(open(inquiry), open(inquiry))
  end)

  it("has two to sixteen members in a channel, and all of them are actors", function()  -- limit: channel members
    local list = {}
    for i = 1, 17 do list[i] = actor().id end
    local function refused(participants)
      local ok, err = pcall(open, { type = "inquiry", participants = participants })
      assert.is_false(ok)
      return err.code
    end
    assert.equal("validation_error", refused(list))
    assert.equal("validation_error", refused { list[1], list[1] })
    assert.equal("not_found", refused { list[1], uuid() })
    list[17] = nil
    assert.is_string(open { type = "inquiry", participants = list })
  end)

  it("tells the others of a message, and both parties of the progress of their task", function()
    local a, b, task = actor(), actor(), uuid()
    local id = open { type = "transaction", transaction_id = task, participants = { a.id, b.id } }
    messages.send(a, { channel_id = id, body = "Half of it is done", message_type = "status_update" })
    messages.send(a, { channel_id = id, body = "Is that all right?" })
    local heard = events(id)
    assert.same({ "channel.opened", "message.received", "message.received" }, { heard[1].name, heard[2].name, heard[3].name })
    assert.same({ b.id }, json.decode(heard[2].told))
    local progress = events(task)
    assert.equal(1, #progress)
    assert.equal("transaction.progress", progress[1].name)
    assert.same({ b.id, a.id }, json.decode(progress[1].told))
  end)

  it("writes nothing of an event whose row is another worker's by now, and all of it with the end of the row", function()
    local a, task, is_ours, ended = actor(), uuid(), false, 0
    local payload = { name = "transaction.progress", to = { a.id }, data = { transaction_id = task } }
    local batch = setmetatable({ { id = "event " .. task, key = task, payload = payload, added_at = "2026-01-01T00:00:00Z" } },
      { __index = { done = function() if is_ours then ended = ended + 1 else error "another worker has it" end end } })
    local function written()
      return db.value("select count(*) from market_notifications where actor_id = $1::uuid", a.id),
        db.value("select count(*) from market_stream_events where key in ($1, $2)", "task:" .. task, "actor:" .. a.id)
    end
    assert.is_false((pcall(notifications.take, batch)))
    assert.same({ 0, 0 }, { written() })
    is_ours = true
    notifications.take(batch)
    assert.same({ 1, 2, 1 }, { ended, (select(2, written())), (written()) })
  end)

  it("keeps events of tasks a day, notifications ninety, the feed a week, and tickets a minute", function()
    local a = actor()                            -- limit: task events kept
    local function old(ms) return ("human_now() - %d * interval '1 ms'"):format(ms) end
    for _, ms in ipairs { rule.stream_kept_ms - 60000, rule.stream_kept_ms + 60000 } do
      db.exec("insert into market_stream_events (key, pos, event, data, at) values ('task:old', $1::int, 'progress', '{}', "
        .. old(ms) .. ")", ms / 1000)
    end
    for _, ms in ipairs { rule.notifications_kept_ms - 60000, rule.notifications_kept_ms + 60000 } do
      db.exec("insert into market_notifications (actor_id, event_id, type, created_at) values ($1::uuid, $2, 't', " .. old(ms)
        .. ")", a.id, tostring(ms))
    end
    for _, ms in ipairs { rule.feed_kept_ms - 60000, rule.feed_kept_ms + 60000 } do
      db.exec("insert into market_feed (event_id, type, actor, at) values ($1, 't', 'a', " .. old(ms) .. ")", "old" .. ms)
    end
    streams.sweep()
    notifications.sweep()
    feeds.sweep()
    assert.equal(1, db.value "select count(*) from market_stream_events where key = 'task:old'")
    assert.equal(1, db.value("select count(*) from market_notifications where actor_id = $1::uuid", a.id))
    assert.equal(1, db.value "select count(*) from market_feed where event_id like 'old%'")
  end)

  it("reads a stream from where a follower was, and says when something in between is gone", function()
    local key = "task:" .. uuid()
    local function add(list)
      for _, e in ipairs(list) do e.key, e.data = key, { n = 1 } end
      db.tx(function(tx) streams.add(tx, list) end)
    end
    local function read(after, limit)
      local rows, word = streams.read(key, after, limit or 100)
      for i, row in ipairs(rows) do rows[i] = row.id end
      return rows, word
    end
    assert.same({ {}, nil }, { read(0) })
    add { { event = "progress" }, { event = "progress" } }
    add { { event = "progress" } }
    assert.same({ 1, 2, 3 }, (read(0)))
    assert.same({ 2 }, (read(1, 1)))
    assert.same({ {} }, { read(3) })
    assert.same({ { 1, 2, 3 }, "reset" }, { read(9) })
    db.exec("delete from market_stream_events where key = $1 and pos < 3", key)
    assert.same({ { 3 } }, { read(2) })
    assert.same({ { 3 }, "reset" }, { read(1) })
    add { { event = "end" } }
    assert.same({ { 3, 4 }, "end" }, { read(0) })
    assert.same({ { 3 } }, { read(0, 1) })
    assert.same({ {}, "end" }, { read(4) })
    db.exec("delete from market_stream_events where key = $1", key)
    assert.same({ {}, "reset" }, { read(3) })
    assert.same({ {}, "end" }, { read(0) })
  end)
end)
