-- spec/fuzz/sio_session_fuzz_spec.lua -- whole sessions under random packets, from a fixed seed.
-- Nothing that clients do may raise in the runtime, and when all of them are gone nothing is left.
local sio_world = require "sio_world"

local ROUNDS = 20000
local SCRIPT = [[
  io:namespace("/", {
    authorize = function(s)
      if s.handshake.auth.wait then task.sleep(0.1) end
      return s.handshake.auth.no == nil, "no"
    end,
    on_connect = function(s) s:join "all" end,
    on = { message = function(s, ...) s:emit("back", ...) end,
           join = function(s, r) s:join(tostring(r)) end,
           tell = function(s, r) io:to(tostring(r)):emit("told", r) end,
           slow = function(s) task.sleep(0.05) s:emit("slow") end,
           ask = function(s) s:emit("got", s:emit_with_ack(0.2, "q")) end,
           bye = function(s, close) s:disconnect(close) end,
           bug = function() error "a bug" end },
    on_disconnect = function(s) task.sleep(0.01) end })
  io:namespace("/b", { on_any = function(s, ...) s:emit("any", ...) end })]]

local GOOD = {
  '42["message",[],{}]', '427["message",1]', '42["join","x"]', '42["join","y"]', '42["tell","x"]',
  '42["tell","all"]', '42["slow"]', '42["slow"]', '42["ask"]', "430[1]", "431[]", "432[]", '42["bug"]',
  "3", "3", "3", "3",
}
local ROUGH = {
  "40/b,", "40/b,", "41/b,", '42["bye"]',
  "40", "40", '40{"wait":true}', '40{"no":1}', "40/c,", "41", '42["bye",true]', '42/b,["any"]',
  '451-["message",{"_placeholder":true,"num":0}]', '452-["message"]', "1", "2", "x", "", "42[",
  '40{"pid":"p","offset":"o"}',
}

describe("sessions", function()
  local w, state, refs
  before_each(function()
    state = 424242
    w = sio_world.start(SCRIPT, "recovery_ms = 2000, ping_interval_ms = 400, ping_timeout_ms = 300, "
      .. "max_buffer = 4096, max_payload = 2000")
    refs = { clients = {}, sids = {} }
  end)
  after_each(function() w:stop() end)

  local function random(n)
    state = state * 16807 % 2147483647
    return state % n + 1
  end

  local function any(list) return list[random(#list)] end

  local function packet() return random(25) == 1 and any(ROUGH) or any(GOOD) end

  local function payload()
    local list = {}
    for i = 1, random(4) do list[i] = random(60) == 1 and "bAQID" or packet() end
    return table.concat(list, "\030")
  end

  local function sane(c) return c and not c.cut_off and not c:closed() end

  local ACTIONS = {
    function() refs.clients[#refs.clients + 1] = w:ws(random(8) > 1) end,
    function() refs.sids[#refs.sids + 1] = random(8) > 1 and w:poller() or w:open() end,
    function()
      local sid = any(refs.sids)
      local c = sid and w:raw("websocket&sid=" .. sid)
      if not c then return end
      refs.clients[#refs.clients + 1] = c
      c:say "2probe"
      if not c:closed() and random(4) > 1 then c:say "5" end
    end,
    function()
      local sid = any(refs.sids)
      if sid then w:send("POST", "polling&sid=" .. sid, payload()) end
    end,
    function()
      local sid = any(refs.sids)
      local id = sid and w:send("GET", "polling&sid=" .. sid)
      if id and not w:answer(id) and random(8) == 1 then w.app:abort(id) end
    end,
    function()
      local c = any(refs.clients)
      if sane(c) then
        c.cut_off = true
        c:cut()
      end
    end,
    function() w:advance(random(10) / 100) end,
  }

  local function talk()
    local i = random(#refs.clients + 1)
    local c = refs.clients[i]
    if not sane(c) then return table.remove(refs.clients, i) end
    for _ = 1, random(6) do
      if sane(c) and random(80) == 1 then c:say_binary "abc" elseif sane(c) then c:say(packet()) end
    end
  end

  local function check()
    local rt = require("human.sio.engine").runtimes()["/socket.io/"]
    local sessions, members = 0, {}
    for _ in pairs(rt.sessions) do sessions = sessions + 1 end
    assert(sessions == rt.count, "count of sessions")
    for _, nsp in pairs(rt.namespaces) do
      local sockets = 0
      for _ in pairs(nsp.sockets_by_id) do sockets = sockets + 1 end
      assert(sockets == nsp.all.n, "members of the namespace")
      for i = 1, nsp.all.n do assert(nsp.all[i].at == i and nsp.all[i].session, "position") end
      for name, room in pairs(nsp.rooms) do
        assert(room.n > 0 and #room == room.n, "empty room")
        for i = 1, room.n do assert(room[i].rooms[name] == i, "position in a room") end
      end
      members[nsp.name] = nsp
    end
    return rt, members
  end

  it("survive " .. ROUNDS .. " random steps and leave nothing behind", function()
    for i = 1, ROUNDS do
      if random(4) > 1 then talk() else any(ACTIONS)() end
      if i % 8 == 0 then w:advance(0.02) end
      if i % 50 == 0 then check() end
      if #refs.sids > 30 then table.remove(refs.sids, 1) end
      if #refs.clients > 30 then table.remove(refs.clients, random(20)) end
    end
    local heard, bugs = 0, 0
    for _, socket in pairs(w.app.sockets) do heard = heard + #socket.sent end
    for _, line in ipairs(w.app.host.lines) do
      if line.line:find("socket.io handler failed", 1, true) then bugs = bugs + 1 end
    end
    assert.is_true(heard > ROUNDS / 10 and bugs > ROUNDS / 60, heard .. " frames, " .. bugs .. " bugs")
    w:advance(40)
    local rt, members = check()
    assert.equal(0, rt.count)
    for _, nsp in pairs(members) do
      assert.equal(0, nsp.all.n)
      assert.is_nil(next(nsp.rooms))
      assert.is_nil(next(nsp.log.away))
      assert.is_nil(next(nsp.log.live))
    end
    assert.equal(0, require("human.core.sched").live())
    assert.is_nil(w.app.wake_at)
  end)
end)
