-- spec/lua/feed_spec.lua -- streams that follow a feed: replay, reloads, slow clients, and how they end.

local fake_host = require "fake_host"
local feed_world = require "feed_world"

local script = feed_world.script

describe("a stream that follows a feed", function()
  local w, app, log, sched, feeds, follow, tell, body, events

  before_each(function()
    w = feed_world.start()
    app, log, follow, tell, body, events = w.app, w.log, w.follow, w.tell, w.body, w.events
    sched, feeds = require "human.core.sched", require "human.core.feeds"
  end)
  after_each(function() app:stop() end)

  it("gets what there is, then what comes, each once and in order", function()
    local id = follow "a"
    assert.equal('event: hello\ndata: you\n\nid: 1\ndata: a1\n\nid: 2\ndata: a2\n\nid: 3\ndata: a3\n\n', body(id))
    events(id)
    log.to = 4
    for _, case in ipairs { { "b", "" }, { "a", "4:a4" }, { "a", "" } } do
      tell(case[1])
      assert.equal(case[2], events(id))
    end
    log.to = 10
    tell()
    assert.equal("5:a5 6:a6 7:a7 8:a8 9:a9 ten 10:a10", events(id))
    assert.equal("x", log.arg)
  end)

  it("goes on behind Last-Event-ID, or where its handler says", function()
    assert.equal("3:a3", events(follow("a", nil, "2")))
    assert.equal("2:a2 3:a3", events(follow("a", "?after=1")))
    assert.equal("3:a3", events(follow("a", "?after=1", "2")))
  end)

  it("is told when what it has not seen is gone, or it asks for what was never there", function()
    log.from, log.to = 5, 6
    local id = follow("a", nil, "2")
    assert.equal("reset :{} 5:a5 6:a6", events(id))
    assert.truthy(body(id):find("event: reset\nid:\ndata: {}\n\n", 1, true))
    for _, lost in ipairs { "no number", "1e3", "-1", "5.5", "99999999999999999", "2\200" } do
      assert.equal("reset :{} 5:a5 6:a6", events(follow("a", nil, lost)))
    end
    assert.equal("reset :{} 5:a5 6:a6", events(follow("a", nil, ("9"):rep(201))))
    assert.equal("5:a5 6:a6", events(follow "a"))
  end)

  it("holds no task while nothing happens, and one read serves all who are equally far", function()
    local ids = {}
    for i = 1, 1000 do ids[i] = follow "a" end
    app:advance(0.1)
    assert.same({ 0, 1000 }, { sched.live(), feeds.count() })
    log.reads, log.to = 0, 4
    tell()
    app:advance(0.1)                               -- others get their turn meanwhile
    assert.equal(1, log.reads)
    for _, id in ipairs(ids) do assert.matches("id: 4\ndata: a4\n\n$", body(id)) end
    app:advance(30)
    assert.matches(":\n\n:\n\n$", body(ids[1]))
    for _, id in ipairs(ids) do app:abort(id) end
    assert.same({ 0, 0 }, { sched.live(), feeds.count() })
    assert.is_nil(next(feeds.channels "numbers"))
  end)

  it("goes on over reloads with the new function; nothing of old scripts is kept", function()
    local id, old = follow "a", setmetatable({}, { __mode = "k" })
    events(id)
    for i = 4, 23 do
      old[require("human.scripts.generation").current()] = true
      app:load(script(i % 2 == 0 and "new " or ""))
      log.to = i
      tell()
      assert.equal((i % 10 == 0 and "ten " or "") .. i .. ":" .. (i % 2 == 0 and "new " or "") .. "a" .. i, events(id))
    end
    app.requests[id].answer.head = ""
    jit.flush()
    collectgarbage()
    collectgarbage()
    local left = 0
    for _ in pairs(old) do left = left + 1 end
    assert.is_true(left <= 1, left .. " replaced generations are left")
  end)

  it("is read for again by the new scripts when a reload ends a read", function()
    log.hangs = true
    local id = follow "a"
    log.hangs = false
    local old = require("human.scripts.generation").current()
    app:load(script "new ")
    for _, task in ipairs(sched.tasks_of(old)) do sched.expire(task) end
    app:settle()
    assert.equal("1:new a1 2:new a2 3:new a3", events(id))
  end)

  it("keeps scripts from dropping the feed, as long as it is followed", function()
    local id = follow "a"
    local g = setmetatable({ feeds = {} }, { __index = require("human.scripts.generation").current() })
    local ok, err = pcall(require("human.feed").check_live, g)
    assert.is_false(ok)
    assert.matches("^api/numbers.lua:%d+: feed 'numbers' is followed", err)
    app:abort(id)
    require("human.feed").check_live(g)
  end)

  it("reads in pages, and a slow client reads again from where it is, with nothing buffered", function() -- limit: feed page
    log.to, log.size = 300, 300
    local full, write = nil, app.host.write
    app.host.write = function(req, text)
      local r = write(req, text)
      return req == full and 70000 or r
    end
    local quick = follow "a"
    assert.equal(300, select(2, body(quick):gsub("id: ", "")))
    full = app.last_id + 1
    local slow = follow "a"
    assert.equal(full, slow)
    app:push(fake_host.EV.DRAINED, 0, slow)        -- its handler has waited for the first event to be taken
    app:settle()
    assert.equal("1:" .. ("a1"):rep(300), events(slow))
    log.reads = 0
    tell()
    assert.equal("", events(slow))
    for i = 2, 5 do
      app:push(fake_host.EV.DRAINED, 0, slow)
      app:settle()
      assert.equal(i .. ":" .. ("a" .. i):rep(300), events(slow))
    end
    full = nil
    app:push(fake_host.EV.DRAINED, 0, slow)
    app:settle()
    assert.matches("^6:a6.* 300:a300", events(slow))
    assert.equal(0, sched.live())
  end)

  it("is cut when its client takes nothing for a minute", function()
    app.queued_bytes = 70000
    local id = follow "a"
    app:advance(31)                                -- its handler waits for the first event to be taken
    app:push(fake_host.EV.DRAINED, 0, id)
    app:settle()
    app:advance(59)
    assert.is_true(app:answer(id).streaming)
    app:advance(2)
    assert.is_false(app:answer(id).streaming)
    assert.equal(0, feeds.count())
  end)

  it("is read for again when the read fails, ever more seldom, and at once when there is news", function()
    log.fails = "broken"
    local id = follow "a"
    assert.equal(1, log.reads)
    app:advance(60)
    assert.is_true(log.reads >= 8 and log.reads <= 14, log.reads)
    local lines = 0
    for _, line in ipairs(app.host.lines) do
      if line.line:find("a feed could not be read", 1, true) then lines = lines + 1 end
    end
    assert.is_true(lines >= 1 and lines <= 7)
    log.fails = nil
    tell()
    assert.equal("1:a1 2:a2 3:a3", events(id))
  end)

  it("waits 10 seconds for a read, then reads again", function() -- limit: feed reads
    log.hangs = true
    local id = follow "a"
    for i = 1, 10 do follow("k" .. i) end
    assert.equal(4, sched.live())
    log.hangs = nil
    app:advance(9.9)
    assert.equal("", events(id))
    app:advance(0.3)
    assert.equal("1:a1 2:a2 3:a3", events(id))
  end)

  it("ends when the feed says so, after a time that its handler sets, and with the worker", function()
    log.word = "end"
    local id = follow "a"
    assert.equal("1:a1 2:a2 3:a3", events(id))
    assert.is_false(app:answer(id).streaming)
    log.word = nil
    id = follow("a", "?for_s=5")
    app:advance(4)
    assert.is_true(app:answer(id).streaming)
    app:advance(1.1)
    assert.is_false(app:answer(id).streaming)
    id = follow "a"
    require("human.http.websocket").shutdown()
    assert.is_false(app:answer(id).streaming)
    assert.equal(0, feeds.count())
  end)

  it("may have texts as positions, of which a client can say any", function()
    app:load { ["api/words.lua"] = [[
      local api, feed, log = require "human.api", require "human.feed", require("human.state").table "feed"
      local M = {}
      feed.define("words", "api.words.read", { text = true })
      function M.read(_, after)
        if after == "b" then return {} end
        if after and after ~= "a" then return {}, "reset" end
        return { not after and { id = "a", data = "A" } or { id = "b", data = "B" } }, not after and "more" or nil
      end
      api.group({ auth = false }):stream("/words", { summary = "Words" }, function(ctx) ctx:stream():follow("words", "k") end)
      return M]] }
    local function words(last_id) return events(app:send { path = "/words", headers = { ["last-event-id"] = last_id } }) end
    assert.same({ "a:A b:B", "b:B", "", "reset :{} a:A b:B", "reset :{} a:A b:B" },
      { words(), words "a", words "b", words "c", words "a\1" })
  end)

  it("waits for nobody whose position the feed cannot read", function()
    app:load { ["api/words.lua"] = [[
      local api, feed, log = require "human.api", require "human.feed", require("human.state").table "feed"
      local M = {}
      feed.define("words", "api.words.read", { text = true })
      function M.read(_, after)
        local rows = {}
        for i = tonumber(after or 0) + 1, log.to do rows[#rows + 1] = { id = tostring(i), data = "w" .. i } end
        return rows
      end
      api.group({ auth = false }):stream("/words", { summary = "Words" }, function(ctx) ctx:stream():follow("words", "k") end)
      return M]] }
    local function words(last_id) return app:send { path = "/words", headers = { ["last-event-id"] = last_id } } end
    local id = words()
    assert.equal("1:w1 2:w2 3:w3", events(id))
    for i = 1, 8 do words("odd " .. i) end
    for i = 4, 20 do
      log.to = i
      feeds.wake("words", "k")
      app:settle()
      assert.equal(("%d:w%d"):format(i, i), events(id))
    end
  end)

  it("shows no row without data, and moves on over it", function()
    log.skip = 3
    local id = follow "a"
    assert.equal("1:a1 2:a2", events(id))
    log.to = 4
    tell()
    assert.equal("4:a4", events(id))
  end)

  it("ends with an error when its feed has ended workers, or its key is no more", function()
    local id = follow "a"
    app.struck = "feed numbers"
    tell()
    assert.matches('event: error\ndata: {.*"route_disabled".*}\n\n$', body(id))
    app.struck, log.auth = nil, "key"
    local files = script()
    files["api/key.lua"] = [[require("human.api").auth("key", { type = "apiKey", header = "X-API-Key" },
      function() return { id = "u1", f = function() end } end)
      return {}]]
    app:load(files)
    id = app:send { path = "/follow/a", headers = { ["x-api-key"] = "k" } }
    assert.is_true(app:answer(id).streaming)
    require("human.http.grants").revoke { id = "u1" }
    assert.matches('event: error\ndata: {.*"unauthorized".*}\n\n$', body(id))
    assert.is_false(app:answer(id).streaming)
    log.auth = nil
  end)

  -- So that its read can end it, for instance.
  it("is read for when its key is gone, once, also if that is the first that is heard of the key", function()
    app:load(script("", feed_world.NEWEST))
    local gone = follow "gone"
    events(gone)
    log.gone, log.word, log.reads = "gone", "end", 0
    local function look()
      app:push(fake_host.EV.BUS, 0, 0, 1, app.host.pack { "bus.look", {} })
      app:settle()
    end
    look()
    assert.is_false(app:answer(gone).streaming)
    log.word, log.reads = nil, 0
    gone = follow "gone"
    look()
    local reads = log.reads
    look()
    assert.equal(reads, log.reads)
    assert.is_true(app:answer(gone).streaming)
  end)

  it("refuses what is none, with the script's line", function()
    for what, why in pairs { name = "there is no feed 'none'", key = "the key must be a text of 1 to 200 bytes",
                             after = "a position is", twice = "a stream follows one feed" } do
      app.host.lines = {}
      assert.matches('"code":"internal"', app:request({ path = "/wrong/" .. what }).body)
      assert.matches(why, app.host.lines[1].line, 1, true)
    end
    assert.matches('"code":"conflict"', app:request({ path = "/wrong/fails" }).body)
    assert.equal(0, feeds.count())
    for define, why in pairs {
      ['feed.define("numbers", "api.numbers.nothing")'] = "^api/numbers.lua:%d+: feed numbers: api.numbers.nothing names no function",
      ['feed.define("numbers", "api.numbers.read", { newest = "x.y" })'] = "module 'x' not found",
      ['feed.define("", "api.numbers.read")'] = "feed.define: the name",
      ['feed.define("numbers", "api.numbers.read", { newst = 1 })'] = "unknown option 'newst'",
      [feed_world.WITH .. feed_world.WITH] = "there is a feed 'numbers' already" } do
      local ok, err = pcall(app.load, app, script("", define))
      assert.is_false(ok)
      assert.matches(why, err)
    end
  end)
end)
