-- spec/lua/sio_volatile_spec.lua -- volatile events: only for clients that are ready for them.
local sio_world = require "sio_world"

local SCRIPT = [[
  local binary = require("human.sio").binary
  io:namespace("/", { on = {
    one = function(s) s:volatile():emit("v", 1) s:emit "after" end,
    bytes = function(s) s:volatile():emit("v", binary "b") s:emit "after" end,
    room = function(s) s:join "r" io:of("/"):to("r"):volatile():emit("v", 1) io:to("r"):emit "after" end,
    ["room-bytes"] = function(s) s:join "r" io:of("/"):volatile():to("r"):emit("v", binary "b") s:emit "after" end,
    ["but-me"] = function(s) s:broadcast():volatile():emit("v", 1) s:emit "after" end,
    all = function(s) io:of("/"):volatile():emit("v", 1) s:emit "after" end } })]]
local BYTES = '451-["v",{"_placeholder":true,"num":0}]'
local CASES = { one = { '42["v",1]' }, room = { '42["v",1]' }, all = { '42["v",1]' }, bytes = { BYTES, { "b" } },
                ["room-bytes"] = { BYTES, { "b" } } }

describe("a volatile event", function()
  local w
  before_each(function() w = sio_world.start(SCRIPT) end)
  after_each(function() w:stop() end)

  for name, want in pairs(CASES) do
    it(("(%s) reaches a WebSocket that has taken what came before"):format(name), function()
      local c = w:ws()
      c:say('42["' .. name .. '"]')
      want[#want + 1] = '42["after"]'
      assert.same(want, c:texts())
    end)

    it(("(%s) is dropped with all its parts for one that has not"):format(name), function()
      local c = w:ws()
      w.app.sockets[c.id].behind = true
      c:say('42["' .. name .. '"]')
      assert.same({ '42["after"]' }, c:texts())
    end)

    it(("(%s) reaches a poll that is here, and nobody else"):format(name), function()
      local sid = w:poller()
      w:http("POST", "polling&sid=" .. sid, '42["' .. name .. '"]')
      assert.equal('42["after"]', w:http("GET", "polling&sid=" .. sid).body)
      local poll = w:send("GET", "polling&sid=" .. sid)
      w:http("POST", "polling&sid=" .. sid, '42["' .. name .. '"]')
      assert.truthy(w:answer(poll).body:find('["v",', 1, true))
    end)
  end

  it("goes to the others alone, where it is said so", function()
    local c, d = w:ws(), w:ws()
    c:say '42["but-me"]'
    assert.same({ { '42["after"]' }, { '42["v",1]' } }, { c:texts(), d:texts() })
  end)

  it("is not kept for who comes back", function()
    w:stop()
    w = sio_world.start(SCRIPT, "recovery_ms = 60000")
    local c = w:ws()
    c:say '42["one"]'
    local texts = c:texts()
    assert.equal('42["v",1]', texts[1])
    assert.truthy(texts[2]:find '^42%["after","')
    assert.equal(1, require("human.sio.engine").runtime("/socket.io/").namespaces["/"].log.last)
  end)

  it("must be one that could be sent", function()
    local c = w:ws()
    w.seen.io:of("/"):volatile():emit("v", 1)
    assert.same({ '42["v",1]' }, c:texts())
    assert.has_error(function() w.seen.io:of("/"):volatile():emit "disconnect" end)
    assert.has_error(function() w.seen.io:of("/"):volatile():emit("v", "\255") end)
  end)
end)
