-- spec/scripts/channels_store_spec.lua -- rows of channels that nobody needs any more, and files that wait for their turn.

local db = require "human.db"
local gen = require "human.scripts.generation"
local sched = require "human.core.sched"

describe("what channels keep", function()
  local scripts, store

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    scripts = gen.build(1)
    gen.install(scripts)
    store = scripts.loaded["gateway.channel.store"]
  end)

  local function empty()
    for _, name in ipairs { "inbox", "posts", "pace", "people" } do db.exec("delete from channel_" .. name) end
  end
  before_each(empty)
  teardown(empty)

  -- n rows for each of the ages (in days), by an insert that takes a number, an age and how many.
  local INBOX = [[insert into channel_inbox (id, channel, account, vendor_id, message, received_at, handled_at)
    select 'cinbox' || $1 || lpad(i::text, 7, '0'), 'line', 'main', $1 || '-' || i, '{}',
      human_now() - $2::float8 * interval '1 day', case when $4 then human_now() end from generate_series(1, $3::int) i]]
  local POSTS = [[insert into channel_posts (id, channel, account, chat, once, message, state, created_at, finished_at)
    select 'cposts' || $1 || lpad(i::text, 7, '0'), 'line', 'main', 'u', $1 || i, '{}', 'sent',
      human_now() - interval '30 days', case when $4 then human_now() - $2::float8 * interval '1 day' end
    from generate_series(1, $3::int) i]]

  local function ids(what)
    local list = {}
    for i, row in ipairs(db.query("select left(id, 7) as id from channel_" .. what .. " order by id")) do list[i] = row.id end
    return list
  end

  it("is a message for as long as its vendor may send it again, and for as long as it waits; then it is deleted", function()
    for tag, row in pairs { a = { 8.1, true }, b = { 7.9, true }, c = { 30, false } } do
      for _, insert in ipairs { INBOX, POSTS } do db.exec(insert, tag, row[1], 1, row[2]) end
    end
    store.sweep()
    assert.same({ "cinboxb", "cinboxc" }, ids "inbox")
    assert.same({ "cpostsb", "cpostsc" }, ids "posts")
  end)

  it("is a stranger's question for as long, whoever was answered for good, and no turn that is long over", function()
    for _, row in ipairs { { "old", "asked", 9 }, { "new", "asked", 1 }, { "friend", "allowed", 99 }, { "foe", "blocked", 99 } } do
      db.exec([[insert into channel_people (channel, account, person, state, code, asked_at) values ('line', 'main', $1, $2,
        case when $2 = 'asked' then upper(rpad($1, 8, 'x')) end, human_now() - $3::float8 * interval '1 day')]], unpack(row))
    end
    for chat, hours in pairs { gone = 2, here = 0.5 } do
      db.exec("insert into channel_pace values ('line', 'main', $1, now() - $2::float8 * interval '1 hour')", chat, hours)
    end
    store.sweep()
    assert.equal("foe friend new", db.value "select string_agg(person, ' ' order by person) from channel_people")
    assert.equal("here", db.value "select string_agg(chat, ' ') from channel_pace")
  end)

  it("is deleted 5000 at a time, oldest first, and 100000 in one go at most", function() -- limit: channel sweep
    db.exec(INBOX, "x", 20, 5000, true)
    db.exec(INBOX, "y", 10, 1, true)
    assert.equal(5000, db.sweep(store.sql.sweep_inbox, 5000, 1))
    assert.same({ "cinboxy" }, ids "inbox")
    db.exec(POSTS, "x", 20, 5001, true)
    assert.equal(5000, db.sweep(store.sql.sweep_posts, 5000, 1))
    store.sweep()
    assert.same({ 0, 0 }, { #ids "inbox", #ids "posts" })
    for from = 1, 100001, 20000 do
      db.exec([[insert into channel_pace select 'line', 'main', i::text, now() - interval '2 hours'
        from generate_series($1::int, least($1::int + 19999, 100001)) i]], from)
    end
    store.sweep()
    assert.equal(1, db.value "select count(*) from channel_pace")
    store.sweep()
    assert.equal(0, db.value "select count(*) from channel_pace")
  end)

  it("is looked through every ten minutes", function()
    assert.same({ 600, "gateway.channel.store.sweep" },
      { scripts.jobs["gateway.channels.sweep"].seconds, scripts.jobs["gateway.channels.sweep"].path })
  end)
end)

describe("files of messages", function()
  local files

  setup(function() files = gen.build(1).loaded["gateway.channel.files"] end)

  -- Tasks that begin, and end when they are told to.
  local function world()
    local w = { begun = {}, tasks = {} }
    function w.go(name)
      w.tasks[name] = sched.spawn(function()
        files.in_turn(function()
          w.begun[#w.begun + 1] = name
          sched.suspend()
        end)
      end)
      return w
    end
    function w.over(name)
      sched.wake(w.tasks[name])
      sched.sleep(0)
      sched.sleep(0)
      return w
    end
    return w
  end

  it("are fetched for two messages at a time, the others in their order as soon as one is over", function()
    local w = world()
    for _, name in ipairs { "a", "b", "c", "d", "e" } do w.go(name) end
    assert.same({ "a", "b" }, w.begun)
    w.over "b"
    assert.same({ "a", "b", "c" }, w.begun)
    w.over("a").over("c")
    assert.same({ "a", "b", "c", "d", "e" }, w.begun)
    w.over("d").over("e")
    w.go("f").go("g").go("h")
    assert.same({ "f", "g" }, { w.begun[6], w.begun[7] })
    w.over("f").over("g").over("h")
    assert.equal("h", w.begun[8])
  end)

  it("lose no turn by those that are ended while they wait or work", function()
    local w = world()
    for _, name in ipairs { "a", "b", "c", "d" } do w.go(name) end
    sched.kill(w.tasks.c)
    sched.kill(w.tasks.a)
    sched.sleep(0)
    sched.sleep(0)
    assert.same({ "a", "b", "d" }, w.begun)
    w.over("b").over("d")
    w.go("x").go("y").go("z")
    assert.same({ "x", "y" }, { w.begun[4], w.begun[5] })
    w.over("x").over("y").over("z")
  end)
end)
