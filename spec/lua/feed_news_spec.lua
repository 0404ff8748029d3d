-- spec/lua/feed_news_spec.lua -- how streams that follow a feed learn of new events, and what that costs.

local fake_host = require "fake_host"
local feed_world = require "feed_world"

local script, WITH, NEWEST = feed_world.script, feed_world.WITH, feed_world.NEWEST

describe("a stream that follows a feed", function()
  local w, app, log, feeds, follow, tell, events

  before_each(function()
    w = feed_world.start()
    app, log, follow, tell, events = w.app, w.log, w.follow, w.tell, w.events
    feeds = require "human.core.feeds"
  end)
  after_each(function() app:stop() end)

  it("hears of a transaction when it has been committed", function()
    local id = follow "a"
    events(id)
    log.to, log.reads, log.told_within = 4, 0, nil
    app:request { method = "POST", path = "/commit/a" }
    assert.same({ 0, 1 }, { log.told_within, log.reads })
    assert.equal("4:a4", events(id))
  end)

  it("hears of other workers and hosts, and they of it", function()
    local id, h = follow "a", app.host
    events(id)
    log.to = 4
    app:push(fake_host.EV.BUS, 0, 0, 1, h.pack { "bus.feed", { name = "numbers", key = "a" } })
    app:settle()
    assert.equal("4:a4", events(id))
    log.to = 5
    for _, message in ipairs { '{"name":"numbers"}', '{"name":5,"key":"a"}', '{"name":"none","key":"a"}', '{"name":"numbers","key":"a"}' } do
      app:push(fake_host.EV.NOTIFY, 0, 0, 0, h.pack { channel = "human",
        payload = '["bus.news","another",[["bus.feed",' .. message .. "]]]" })
    end
    app:settle()
    assert.equal("5:a5", events(id))
    local sent = {}
    h.workers = function() return 2 end
    h.bus_send = function(_, data) sent[#sent + 1] = h.unpack(data) return 0 end
    tell()
    assert.same({ { "bus.feed", { name = "numbers", key = "a" } } }, sent)
  end)

  it("finds what nobody lived to tell, by one question for all keys or by reading in turn", function()
    for _, define in ipairs { WITH, NEWEST } do
      app:load(script("", define))
      log.to = 3
      local ids = {}
      for i = 1, 50 do ids[i] = follow("k" .. i) end
      for _, id in ipairs(ids) do events(id) end
      local function look()
        log.reads = 0
        app:push(fake_host.EV.BUS, 0, 0, 1, app.host.pack { "bus.look", {} })
        app:settle()
        return log.reads
      end
      look()
      if define == NEWEST then assert.equal(0, look()) end
      log.to = 4
      assert.equal(define == NEWEST and 50 or 20, look())
      look()
      look()
      for i, id in ipairs(ids) do
        assert.equal("4:k" .. i .. "4", events(id))
        app:abort(id)
      end
    end
    local id = follow "a"
    events(id)
    log.to = 5
    app:push(fake_host.EV.BUS, 0, 0, 1, app.host.pack { "bus.gap", {} })
    app:settle()
    assert.equal("5:a5", events(id))
  end)

  it("costs a worker less than 4 KB", function()
    app.requests = setmetatable({}, { __index = function() return { headers = {}, answer = { body = "" } } end })
    collectgarbage()
    collectgarbage()
    local before = collectgarbage "count"
    local h = app.host
    local function zero() return 0 end
    h.peer, h.header, h.stream, h.write = function() return "127.0.0.1", 0 end, function() end, zero, zero
    for i = 1, 2000 do app:push(fake_host.EV.REQUEST, 1, 10000 + i, 0, "/follow/a") end
    app:settle()
    collectgarbage()
    collectgarbage()
    assert.equal(2000, feeds.count())
    local each = (collectgarbage "count" - before) / 2000
    assert.is_true(each < 4, each)
  end)
end)
