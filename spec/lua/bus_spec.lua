-- spec/lua/bus_spec.lua -- the bus: who may use which topics, and what happens to malformed messages.

local fake_host = require "fake_host"

local SCRIPT = [[
local api, bus, s, task = require "human.api", require "human.bus", require "human.schema", require "human.task"
local seen = require("human.state").table "bus"
local g = api.group { auth = false, shape = "agent" }
local reply = { [204] = false }
local function try(name, topic)
  g:post("/" .. name .. "/" .. topic, { summary = "Speaks", reply = reply }, function(ctx)
    if name == "send" then bus.send(topic, {}) end
    if name == "notify" then bus.notify(ctx.db, topic, {}) end
    if name == "publish" then bus.publish(topic, {}) end
    if name == "emit" then ctx:emit(topic, {}) end
    return 204
  end)
end
for _, topic in ipairs { "sio", "bus.gap", "bus.more", "mine" } do
  for _, name in ipairs { "send", "notify", "publish", "emit" } do try(name, topic) end
end
bus.on("mine", function(payload, extra)
  seen.mine, seen.payload, seen.extra = (seen.mine or 0) + 1, payload, extra
end)
bus.on("shaped", s.object { n = s.int { min = 0 } }, function(news) seen.n = news.n end)
bus.on("broken", function(payload) return payload.no.such.thing end)
bus.on("bus.gap", function() seen.gap = true end)
bus.on("bus.look", function() end)
return {}
]]

describe("the bus", function()
  local app, bus, seen

  before_each(function()
    app = fake_host.start()
    app:load { ["api/speak.lua"] = SCRIPT }
    bus, seen = require "human.bus", require("human.state").table "bus"
    for _, key in ipairs { "mine", "payload", "extra", "n", "gap" } do seen[key] = nil end
  end)
  after_each(function() app:stop() end)

  local function logged(text)
    local n = 0
    for _, line in ipairs(app.host.lines) do
      if line.line:find(text, 1, true) then n = n + 1 end
    end
    return n
  end

  -- A notification of any user of the database.
  local function notified(payload)
    app:push(fake_host.EV.NOTIFY, 0, 0, 0, app.host.pack { channel = "human", payload = payload })
    app:settle()
  end

  it("does not let scripts speak on the runtime's topics, and names their line", function()
    local line = { send = 7, notify = 8, publish = 9, emit = 10 }
    for _, name in ipairs { "send", "notify", "publish", "emit" } do
      for _, topic in ipairs { "sio", "bus.gap", "bus.more" } do
        local path = ("/%s/%s"):format(name, topic)
        assert.equal(500, app:request({ method = "POST", path = path }).status, path)
        assert.equal(1, logged(("api/speak.lua:%d: bus.%s: the topic '%s' is the runtime's own"):format(line[name],
          name == "emit" and "notify" or name, topic)), path)
        app.host.lines = {}
      end
      assert.equal(204, app:request({ method = "POST", path = "/" .. name .. "/mine" }).status)
    end
  end)

  it("does not let scripts listen on them, except for what they are meant to hear", function()
    for topic, refused in pairs { sio = true, ["bus.more"] = true, ["bus.gap"] = false, ["bus.look"] = false } do
      local ok, err = pcall(app.load, app, { ["api/x.lua"] = ('require("human.bus").on(%q, function() end)\nreturn {}')
        :format(topic) })
      assert.equal(refused, not ok)
      if refused then assert.matches("^api/x.lua:1: bus.on: the topic '" .. topic, err) end
    end
  end)

  it("wants a topic that is one", function()
    for _, topic in ipairs { "", ("x"):rep(101), 5, {} } do
      assert.is_false(pcall(bus.send, topic, {}))
      assert.is_false(pcall(bus.notify, { query = function() end }, topic, {}))
    end
    assert.is_false(pcall(bus.send))
  end)

  it("drops notifications that are malformed or on the runtime's topics, with one line in a while", function()
    for _, payload in ipairs { "", "x", "null", "5", '"mine"', "{}", "[]", "[5]", "[null]", '[""]', '[{},{}]',
      '["mine",{},{}]', '{"1":"mine"}', '["sio",{}]', '["sio",null]', '["sio",{"kind":"emit"}]', '["bus.gap",{}]',
      '["' .. ("x"):rep(101) .. '"]', "\255", '["mine"', ("["):rep(5000), '["\\ud800",{}]' } do
      notified(payload)
    end
    assert.is_nil(seen.mine or seen.gap)
    assert.equal(1, logged "bus: message dropped")
    notified '["mine",{"a":1}]'
    assert.same({ 1, { a = 1 } }, { seen.mine, seen.payload })
    notified '["mine"]'
    notified '["mine",null]'
    assert.same({ 3 }, { seen.mine, seen.payload })
  end)

  it("hands over what has the declared shape only", function()
    for _, payload in ipairs { "", ",null", ",5", ",[]", ",{}", ',{"n":-1}', ',{"n":"1"}', ',{"n":1,"more":2}' } do
      notified('["shaped"' .. payload .. "]")
    end
    assert.is_nil(seen.n)
    notified '["shaped",{"n":7}]'
    assert.equal(7, seen.n)
    assert.equal(8, app.host.sums.human_bus_dropped_total)
  end)

  it("hands what is published to the own host at once, with what only that host gets", function()
    bus.publish("mine", { a = 1 }, { "more" })
    assert.same({ 1, { a = 1 }, { "more" } }, { seen.mine, seen.payload, seen.extra })
    app:push(fake_host.EV.BUS, 0, 0, 1, app.host.pack { "mine", { a = 2 }, { "too" } })
    app:settle()
    assert.same({ 2, { a = 2 }, { "too" } }, { seen.mine, seen.payload, seen.extra })
  end)

  it("keeps so many news for other hosts, and says what it drops", function() -- limit: news for other hosts
    for _ = 1, 10000 do bus.publish("mine", {}) end
    assert.is_nil(app.host.sums.human_bus_dropped_total)
    bus.publish("mine", {})
    assert.equal(1, app.host.sums.human_bus_dropped_total)
    assert.equal(10001, seen.mine)
  end)

  it("takes the news of other hosts, many in one notification, and believes as little of them", function()
    notified '["bus.news","another",[["mine",{"a":1},{"extra":1}],["bus.gap",{}],["sio",{}],5,["mine",{"a":2}]]]'
    assert.same({ 1, { a = 2 } }, { seen.mine, seen.payload })
    assert.is_nil(seen.extra or seen.gap)
    assert.equal(4, app.host.sums.human_bus_dropped_total)
    notified(('["bus.news","%s",[["mine",{"a":3}]]]'):format(app.host.native and app.host.native.instance or "host"))
    assert.equal(1, seen.mine)
    for _, payload in ipairs { '["bus.news"]', '["bus.news",5,[]]', '["bus.news","x",{"a":1}]', '["bus.news","x"]',
      '["bus.here",""]', '["bus.hello"]', '["bus.alone",true]' } do notified(payload) end
    assert.equal(11, app.host.sums.human_bus_dropped_total)
    assert.equal(1, seen.mine)
  end)

  it("tells replaced scripts what running tasks have to hear, and nothing else", function()
    local gen = require "human.scripts.generation"
    local function script(n)
      return { ["api/tell.lua"] = ([[local bus, seen = require "human.bus", require("human.state").table "bus"
        bus.on("mine", function() seen.mine = (seen.mine or 0) + 1 end)
        bus.on_running("stop", function() seen.stop = (seen.stop or "") .. "%d" end)
        return {}]]):format(n) }
    end
    seen.stop = nil
    app:load(script(1))
    local old = gen.current()
    app:load(script(2))
    bus.retire(old)
    bus.send("mine", {})
    bus.send("stop", {})
    assert.same({ 1, "21" }, { seen.mine, seen.stop })
    seen.stop = nil
  end)

  it("goes on when a handler of a script fails, or one of the runtime", function()
    notified '["broken"]'
    bus.on_runtime("sio", function(message) return message.no.such.thing end)
    app:push(fake_host.EV.BUS, 0, 0, 1, app.host.pack { "sio", {} })
    app:push(fake_host.EV.BUS, 0, 0, 1, "no packed data at all")
    app:push(fake_host.EV.BUS, 0, 0, 1, app.host.pack { "mine", 5 })
    app:settle()
    assert.equal(5, seen.payload)
    assert.equal(1, logged "api/speak.lua")
    assert.equal(1, logged "bus: message of the runtime failed")
    assert.equal(1, logged "event 9:")
  end)
end)
