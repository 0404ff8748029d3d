-- spec/scripts/marketplace_webhooks_deliveries_spec.lua -- what becomes of events for endpoints, and of deliveries that are
-- not taken.

local db = require "human.db"
local id = require "human.id"
local json = require "human.json"
local time = require "human.time"
local w = require "webhooks_world"

describe("endpoints of webhooks", function()
  local webhooks, work, send, rule
  local refuses, person, endpoint, told, run, rows = w.refuses, w.person, w.endpoint, w.told, w.run, w.rows
  local kinds, due = w.kinds, w.due

  setup(function()
    w.begin()
    webhooks, work, send, rule = w.webhooks, w.work, w.send, w.rule
  end)
  before_each(w.anew)
  teardown(w.over)

  it("get the events that they have asked for and that concern their actor, each once, numbered", function()
    local who, other = person(), person()
    local all, some, foreign = endpoint(who), endpoint(who, { events = { "bid.accepted" } }), endpoint(other)
    local twice = id.new()
    local events = { { to = { who.id, who.id }, id = twice, data = { bid_id = "b", price_cents = 7500 } }, { name = "bid.accepted", to = { who.id } },
                     { name = "message.received", to = { who.id } }, { name = "bid.rejected", to = {} } }
    told(events)
    local got = rows(all)
    assert.same({ "bid.received", "bid.accepted" }, { got[1].type, got[2].type })
    assert.same({ 1, 2, 2 }, { got[1].sequence, got[2].sequence, #got })
    local body = json.decode(got[1].body)
    assert.same({ bid_id = "b", price = 75 }, body.data)
    assert.same({ "bid.received", 1 }, { body.type, body.sequence })
    assert.truthy(time.parse(body.timestamp))
    assert.same({ "bid.accepted" }, { rows(some)[1].type })
    assert.same({}, rows(foreign))
    assert.equal("market.webhooks.new", kinds(all))
    assert.equal("", kinds(foreign))
    assert.is_false(pcall(told, { events[1] })) -- the database would not have it twice either
    assert.equal(2, #rows(all))
  end)

  it("are told of all eighteen, and of nothing else", function()
    local who = person()
    local hook, events = endpoint(who), {}
    for i, name in ipairs(rule.EVENTS) do events[i] = { name = name, to = { who.id } } end
    events[#events + 1] = { name = "approval.requested", to = { who.id } }
    told(events)
    assert.equal(18, #rows(hook))
  end)

  it("are sent less than 20 kB, the same bytes each time", function() -- limit: webhook body
    local who = person()
    local hook = endpoint(who)
    told { { to = { who.id }, data = { bid_id = "b", reason = ("x"):rep(30000), rounds = { 1, 2 }, bidder = "DataBot" } } }
    local row = rows(hook)[1]
    assert.is_true(#row.body < 20480)
    assert.same({ bid_id = "b", bidder = "DataBot" }, json.decode(row.body).data)
    w.answer = { status = 500, error = "it answered 500", latency_s = 0.01 }
    run(hook)
    due(hook)
    run(hook)
    assert.equal(w.sent[1].text, w.sent[2].text)
    assert.equal(w.sent[1].id, w.sent[2].id)
    assert.equal("msg_" .. row.id, w.sent[1].id)
  end)

  it("are tried ten times, at the times of the rule and a fifth later at most", function() -- limit: webhook tries
    local who = person()
    local hook = endpoint(who)
    told { { to = { who.id } } }
    w.answer = { status = 301, error = "it answered 301", latency_s = 0.01 }
    for attempt = 1, 9 do
      run(hook)
      local row, wait_s = rows(hook)[1], rule.waits_s[attempt + 1]
      assert.same({ "pending", attempt }, { row.state, row.attempts })
      assert.is_true(row.in_s > wait_s - 5 and row.in_s <= wait_s * 1.2, attempt .. ": " .. row.in_s)
      assert.equal("market.webhooks.slow later", kinds(hook))
      due(hook)
    end
    run(hook)
    local row = rows(hook)[1]
    assert.same({ "failed", 10, "it answered 301" }, { row.state, row.attempts, row.last_error })
    assert.equal("[301,301,301,301,301,301,301,301,301,301]", row.codes)
    assert.equal("", kinds(hook))
  end)

  it("are waited for as long as they ask", function()
    local who = person()
    local hook = endpoint(who)
    told { { to = { who.id } } }
    w.answer = { status = 429, error = "it answered 429", latency_s = 0.01, retry_after_s = 900 }
    run(hook)
    local in_s = rows(hook)[1].in_s
    assert.is_true(in_s > 890 and in_s <= 1080, in_s)
  end)

  it("are sent one after the other until they have taken one quickly, then five at a time", function()
    local who = person()
    local hook, events = endpoint(who), {}
    for i = 1, 8 do events[i] = { to = { who.id } } end
    told(events)
    run(hook)
    assert.equal(1, #w.sent)
    assert.equal("market.webhooks", kinds(hook))
    w.answer = { status = 200, latency_s = 3 }
    run(hook)
    assert.equal(6, #w.sent)
    assert.equal("market.webhooks.slow", kinds(hook))
    run(hook)
    assert.equal(7, #w.sent)
    run(hook)
    for i = 1, 8 do assert.equal(i, w.sent[i].body.sequence) end
  end)

  it("are sent all that they have in one turn while they are quick, and what comes meanwhile", function()
    local who = person()
    local hook, events = endpoint(who), {}
    for i = 1, 13 do events[i] = { to = { who.id } } end
    told(events)
    run(hook)
    local usual, is_told = send.send, false
    send.send = function(...)
      if #w.sent > 7 and not is_told then
        is_told = true
        told { { to = { who.id } } }
      end
      return usual(...)
    end
    run(hook)
    assert.equal(14, #w.sent)
    for _, row in ipairs(rows(hook)) do assert.same({ "delivered", 1 }, { row.state, row.attempts }) end
    run(hook)                                          -- the row of what came meanwhile, which is sent by now
    assert.same({ 14, "" }, { #w.sent, kinds(hook) })
  end)

  it("give way to others at the end of their turn", function()
    local who = person()
    local hook, events = endpoint(who), {}
    for i = 1, 12 do events[i] = { to = { who.id } } end
    told(events)
    run(hook)
    local clock, task = 0, require "human.task"
    local usual, really = send.send, task.clock
    task.clock = function() return clock end
    send.send = function(...)
      clock = clock + rule.turn_s / 7
      return usual(...)
    end
    local ok, err = pcall(run, hook)
    task.clock = really
    assert(ok, err)
    assert.same({ 11, "market.webhooks" }, { #w.sent, kinds(hook) })
  end)

  it("have one short try while they are new, one endpoint of an owner at a time", function()
    local who = person()
    local first, second = endpoint(who), endpoint(who)
    told { { to = { who.id } }, { to = { who.id } } }
    w.answer = { status = 0, error = "no answer", latency_s = 5 }
    run(first)
    local function tries() return { rows(first)[1].attempts, rows(first)[2].attempts, rows(second)[1].attempts, rows(second)[2].attempts } end
    local function waits(key) return db.value("select string_agg(kind, ',' order by kind) from host_queue where key = $1 and kind like 'market.webhooks%'", key) end
    assert.same({ { 1, 0, 0, 0 }, rule.probe_s }, { tries(), w.sent[1].timeout_s })
    assert.same({ "market.webhooks.slow", nil, "market.webhooks.new" }, { waits(first), waits(second), waits(w.owner(first)) })
    w.answer = { status = 200, latency_s = 0.1 }
    local row = w.row(w.owner(first))
    db.exec("delete from host_queue where key = $1", row.key)
    work.first(row)
    assert.same({ 1, 0, 1, 0 }, tries())
    assert.same({ "market.webhooks.slow", "market.webhooks", nil }, { waits(first), waits(second), waits(w.owner(first)) })
    run(second)
    assert.equal(rule.timeout_s, w.sent[#w.sent].timeout_s)
  end)

  it("are new again at another address, of which what the old one answers says nothing", function()
    local who = person()
    local hook = endpoint(who)
    local function stands() return db.row("select is_new, is_fast, failures from market_webhooks where id = $1", hook) end
    told { { to = { who.id } } }
    run(hook)
    assert.same({ is_new = false, is_fast = true, failures = 0 }, stands())
    webhooks.update(who, hook, { url = "https://a.example/hook" })
    assert.same({ is_new = false, is_fast = true, failures = 0 }, stands())
    local usual = send.send
    send.send = function(...)
      webhooks.update(who, hook, { url = "https://b.example/hook" })
      return usual(...)
    end
    told { { to = { who.id } } }
    w.answer = { status = 410, error = "it answered 410", latency_s = 0.1 }
    run(hook)
    assert.same({ is_new = true, is_fast = false, failures = 0 }, stands())
    assert.equal("active", webhooks.list(who, { limit = 1, offset = 0 })[1].status)
    send.send, w.answer = usual, { status = 500, error = "it answered 500", latency_s = 0.1 }
    told { { to = { who.id } } }
    assert.equal("market.webhooks.new", kinds(hook))
    run(hook)
    due(hook)
    webhooks.update(who, hook, { url = "https://c.example/hook" })
    run(hook)                                          -- its row waits in the slow lane
    assert.same({ 3, "market.webhooks.new" }, { #w.sent, kinds(hook) })
    run(hook)
    assert.equal("https://c.example/hook", w.sent[4].url)
  end)

  it("change their lane with a row that waits in the other one", function()
    local who = person()
    local hook = endpoint(who)
    told { { to = { who.id } } }
    db.exec("update market_webhooks set is_fast = true, is_new = false where id = $1", hook)
    db.exec("update host_queue set kind = 'market.webhooks.slow', key = $1 where key = $2", hook, w.owner(hook))
    run(hook)
    assert.same({ 0, "market.webhooks" }, { #w.sent, kinds(hook) })
    run(hook)
    assert.equal("delivered", rows(hook)[1].state)
  end)

  local function notified(who)
    return db.query("select payload from host_queue where kind like 'outbox market.event marketplace.notifications%' and payload->>'name' = 'webhook.disabled' and payload->'to'->>0 = $1", who.id)
  end

  it("are disabled by 410, which their owner hears of, and enabled again by an update", function()
    local who = person()
    local hook = endpoint(who)
    told { { to = { who.id } }, { to = { who.id } } }
    w.answer = { status = 410, error = "it answered 410", latency_s = 0.01 }
    run(hook)
    local got = rows(hook)
    assert.same({ "failed", "failed" }, { got[1].state, got[2].state })
    assert.equal("the endpoint was disabled", got[2].last_error)
    local now = webhooks.list(who, { limit = 1, offset = 0 })[1]
    assert.same({ "disabled", "gone" }, { now.status, now.reason })
    assert.equal(1, #notified(who))
    told { { to = { who.id } } }
    assert.same({ "failed", 0, 3 }, { rows(hook)[3].state, rows(hook)[3].attempts, rows(hook)[3].sequence })
    assert.equal("disabled", refuses("invalid_state", webhooks.replay, who, hook, { since = "2020-01-01T00:00:00Z" }).data.status)
    assert.equal("active", webhooks.update(who, hook, {}).status)
    w.answer = { status = 200, latency_s = 0.01 }
    assert.same({ 3, false }, { webhooks.replay(who, hook, { since = "2020-01-01T00:00:00Z" }) })
    for _ = 1, 3 do if kinds(hook) ~= "" then run(hook) end end
    for i, row in ipairs(rows(hook)) do assert.same({ "delivered", 1 }, { row.state, row.attempts }, i) end
  end)

  it("are disabled after five days without a success, not before", function()
    local who = person()
    local hook = endpoint(who)
    w.answer = { status = 0, error = "no answer", latency_s = 15 }
    told { { to = { who.id } }, { to = { who.id } } }
    run(hook)
    local function since(s) db.exec("update market_webhooks set failing_since = human_now() - $2::int * interval '1 s' where id = $1", hook, s) end
    since(rule.failing_s - 60)
    run(hook)
    assert.equal("active", webhooks.list(who, { limit = 1, offset = 0 })[1].status)
    assert.equal("[0]", rows(hook)[1].codes)
    since(rule.failing_s)
    due(hook)
    run(hook)
    local now = webhooks.list(who, { limit = 1, offset = 0 })[1]
    assert.same({ "disabled", "failing" }, { now.status, now.reason })
    assert.equal(1, #notified(who))
  end)

  it("stand well again after one success", function()
    local who = person()
    local hook = endpoint(who)
    told { { to = { who.id } } }
    w.answer = { status = 500, error = "it answered 500", latency_s = 0.01 }
    run(hook)
    assert.truthy(webhooks.list(who, { limit = 1, offset = 0 })[1].failing_since)
    w.answer = { status = 200, latency_s = 0.01 }
    due(hook)
    run(hook)
    assert.is_nil(webhooks.list(who, { limit = 1, offset = 0 })[1].failing_since)
  end)

  it("are sent one delivery again, whatever became of it, under the same id", function()
    local who = person()
    local hook = endpoint(who)
    told { { to = { who.id } } }
    run(hook)
    local one = rows(hook)[1]
    refuses("not_found", webhooks.replay, who, hook, { delivery_id = w.uuid() })
    assert.same({ 1, false }, { webhooks.replay(who, hook, { delivery_id = one.id }) })
    run(hook)
    assert.equal(w.sent[1].id, w.sent[2].id)
    assert.equal("delivered", rows(hook)[1].state)
    local list, total = webhooks.deliveries(who, hook, { limit = 5, offset = 0, status = "delivered" })
    assert.same({ 1, 1, "msg_" .. one.id, "delivered" }, { #list, total, list[1].message_id, list[1].status })
    assert.same({ 0 }, { select(2, webhooks.deliveries(who, hook, { limit = 5, offset = 0, status = "failed" })) })
  end)

  it("lose an answer that comes after a delivery was sent again", function()
    local who = person()
    local hook = endpoint(who)
    told { { to = { who.id } } }
    local replayed = send.send
    send.send = function(...)
      webhooks.replay(who, hook, { delivery_id = rows(hook)[1].id })
      return replayed(...)
    end
    run(hook)
    assert.same({ "pending", 0 }, { rows(hook)[1].state, rows(hook)[1].attempts })
    assert.truthy(kinds(hook):find "market.webhooks$")
  end)

  it("are sent a thousand again at a time, the oldest that have failed", function() -- limit: webhooks replayed
    local who = person()
    local hook = endpoint(who)
    db.exec([[insert into market_webhook_deliveries (webhook_id, event_id, sequence, type, body, state, created_at)
      select $1::uuid, i::text, i, 'bid.received', '{}', 'failed', human_now() - (2000 - i) * interval '1 s' from generate_series(1, 1001) i]], hook)
    local function since(s) return { since = time.format(time.now_ms() - s * 1000) } end
    assert.same({ 1000, true }, { webhooks.replay(who, hook, since(3000)) })
    assert.equal("1001 failed", db.value([[select string_agg(sequence || ' ' || state, ', ') from market_webhook_deliveries
      where webhook_id = $1 and state <> 'pending']], hook))
    assert.same({ 0, false }, { webhooks.replay(who, hook, since(1)) })
    assert.same({ 1, false }, { webhooks.replay(who, hook, since(3000)) })
  end)

  it("may ask for seconds or a date, and for no more than a day", function()
    assert.equal(120, send.retry_after "120")
    assert.equal(86400, send.retry_after(("9"):rep(30)))
    assert.equal(0, send.retry_after "Sun, 06 Nov 1994 08:49:37 GMT")
    assert.equal(86400, send.retry_after "Sun, 06 Nov 2494 08:49:37 GMT")
    for _, text in ipairs { "", "soon", "-1", "1.5", "Sun, 06 Nov 1994", "Sun, 06 Abc 1994 08:49:37 GMT", "Sun, 99 Nov 1994 08:49:37 GMT" } do
      assert.is_nil(send.retry_after(text))
    end
    assert.is_nil(send.retry_after(nil))
  end)

  it("wait for a host that can open their secret", function()
    local who = person()
    local hook = endpoint(who)
    told { { to = { who.id } } }
    db.exec("update market_webhooks set secret = 'sealed:1:x' where id = $1", hook)
    local row = w.row(w.owner(hook))
    assert.is_false(pcall(work.first, row))
    assert.truthy(row.again:find "cannot be opened")
    assert.equal(0, rows(hook)[1].attempts)
  end)

  it("are found by the clock when nobody works on them", function()
    local who = person()
    local hook = endpoint(who)
    told { { to = { who.id } } }
    db.exec("delete from host_queue where key = $1", w.owner(hook))
    db.exec("update market_webhook_deliveries set next_at = human_now() - interval '3 minutes' where webhook_id = $1", hook)
    work.look()
    assert.equal("market.webhooks.new", kinds(hook))
  end)

  it("keep what they were sent for thirty days", function() -- limit: webhook deliveries kept
    local who = person()
    local hook = endpoint(who)
    told { { to = { who.id } }, { to = { who.id } } }
    db.exec("update market_webhook_deliveries set created_at = human_now() - interval '721 hours' where webhook_id = $1 and sequence = 1", hook)
    work.sweep()
    assert.equal(2, rows(hook)[1].sequence)
  end)
end)
