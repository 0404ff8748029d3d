-- spec/lua/sio_dynamic_spec.lua -- namespaces that are created on the first request for them.
local sio_world = require "sio_world"

local SCRIPT = [[
  io:namespace("/", {})
  io:namespace("/room-vip", { on_connect = function(s) s:emit "vip" end })
  io:namespace("^/room%-%w+$", {
    authorize = function(s) return s.handshake.auth.no == nil, "no" end,
    on_connect = function(s) s:join "all" s:emit("in", s.nsp.name) end,
    on = { tell = function(s, v) io:of(s.nsp.name):to("all"):emit("told", v) end,
           elsewhere = function(_, v) io:of("/room-x"):emit("told", v) end } })
  io:namespace(function(name, auth)
    if name == "/bug" then error "a bug" end
    return auth and auth.key == name:sub(2)
  end, { on_connect = function(s) s:emit("private", s.nsp.name) end })]]

describe("a dynamic namespace", function()
  local w
  local function start(options) w = sio_world.start(SCRIPT, options) end
  before_each(function() start() end)
  after_each(function() w:stop() end)

  local function runtime() return require("human.sio.engine").runtime "/socket.io/" end

  local function joins(name, auth)
    local c = w:ws(false)
    c:say("40" .. name .. "," .. (auth or ""))
    local texts = c:texts()
    return texts[2] or texts[1], c
  end

  it("takes whoever asks for a name that its pattern matches", function()
    assert.equal('42/room-1,["in","/room-1"]', joins "/room-1")
    assert.equal('42/room-a,["in","/room-a"]', joins "/room-a")
    for _, name in ipairs { "/room-", "/room-1/", "/xroom-1", "/nowhere", "/bug", "/^/room" } do
      assert.equal("44" .. name .. ',{"message":"Invalid namespace"}', joins(name))
    end
  end)

  it("comes after those that have a name", function()
    assert.equal('42/room-vip,["vip"]', joins "/room-vip")
  end)

  it("may be a function's decision, by name and auth", function()
    assert.equal('42/mine,["private","/mine"]', joins("/mine", '{"key":"mine"}'))
    assert.equal('44/mine2,{"message":"Invalid namespace"}', joins("/mine2", '{"key":"mine"}'))
  end)

  it("has rooms and sockets of its own", function()
    local _, a = joins "/room-x"
    local _, b = joins "/room-x"
    local _, other = joins "/room-y"
    a:say '42/room-x,["tell",1]'
    assert.same({ { '42/room-x,["told",1]' }, { '42/room-x,["told",1]' }, {} }, { a:texts(), b:texts(), other:texts() })
    other:say '42/room-y,["elsewhere",2]'
    assert.same({ '42/room-x,["told",2]' }, a:texts())
    assert.equal(2, w.seen.io:of("/room-x"):count())
  end)

  it("keeps one timer for those who may come back, however often they come and go", function()
    w:stop()
    start "recovery_ms = 120000"
    local timer = require "human.core.timer"
    local begin, started, waiting = timer.start, {}, 0
    function timer.start(seconds, ...)
      local h = begin(seconds, ...)
      if seconds == 120 then started[#started + 1] = h end
      return h
    end
    local _, c = joins "/room-x"
    for _ = 1, 50 do
      c:say "41/room-x,"
      c:say "40/room-x,"
    end
    timer.start = begin
    for _, h in ipairs(started) do waiting = waiting + (h.list and 1 or 0) end
    assert.same({ true, 1 }, { #started >= 50, waiting })
  end)

  it("goes with its last socket, however that ends", function()
    local before = runtime().n_dynamic or 0
    local _, a = joins "/room-x"
    local _, b = joins "/room-x"
    joins("/room-z", '{"no":1}')
    assert.equal(before + 1, runtime().n_dynamic)
    a:say "41/room-x,"
    assert.truthy(runtime().namespaces["/room-x"])
    b:cut()
    assert.is_nil(runtime().namespaces["/room-x"])
    assert.is_nil(runtime().namespaces["/room-z"])
    assert.equal(before, runtime().n_dynamic)
    w.seen.io:of("/room-x"):emit("told", 1)
    assert.has_error(function() w.seen.io:of "/nowhere" end)
    assert.has_error(function() w.seen.io:of "^/room%-%w+$" end)
  end)

  it("stays a while for sockets that may come back", function()
    w:stop()
    start "recovery_ms = 2000, ping_interval_ms = 60000"
    local _, c = joins "/room-x"
    c:cut()
    w:advance(1.9)
    assert.truthy(runtime().namespaces["/room-x"])
    w:advance(2.2)
    assert.is_nil(runtime().namespaces["/room-x"])
  end)

  it("is as the new scripts have it after a reload, and is not lost by one", function()
    local _, c = joins "/room-x"
    w:load((SCRIPT:gsub('"told"', '"new"')))
    c:say '42/room-x,["tell",1]'
    assert.same({ '42/room-x,["new",1]' }, c:texts())
    local sio, gen = require "human.sio", require "human.scripts.generation"
    local ok, why = pcall(sio.check_live, { sio = { { conf = gen.current().sio[1].conf, namespaces = {}, places = {} } } })
    assert.is_false(ok)
    assert.truthy(why:find("/room-x has connected sockets", 1, true))
  end)

  it("is one of a limited number", function() -- limit: socket.io namespaces
    local last
    for i = 1, 1001 do last = joins("/room-" .. i) end
    assert.equal('44/room-1001,{"message":"Too many namespaces"}', last)
    assert.equal('42/room-1,["in","/room-1"]', joins "/room-1")
  end)

  it("is one of a limited number for each client", function() -- limit: socket.io joined
    local c = w:ws(false)
    for i = 1, 33 do c:say("40/room-" .. i .. ",") end
    local texts = c:texts()
    assert.equal('44/room-33,{"message":"Too many namespaces"}', texts[#texts])
    assert.is_nil(runtime().namespaces["/room-33"])
    c:say "41/room-1,"
    c:say "40/room-33,"
    assert.equal('42/room-33,["in","/room-33"]', c:texts()[2])
  end)

  for name, declaration in pairs { ["a broken pattern"] = '"^/["', ["a name without a slash"] = '"room"',
                                   ["a pattern without a slash"] = '"^room"', ["a number"] = "5" } do
    it("is not declared by " .. name, function()
      assert.has_error(function() w:load("io:namespace(" .. declaration .. ", {})") end)
    end)
  end
end)
