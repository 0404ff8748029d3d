-- scripts/api/agent/socket.lua -- The agent's Socket.IO: events in, actions out.
-- In: check, store, acknowledge, then wake the agent.  Out: every worker with sockets of an agent reads
-- the log from its cursor and sends in order, so lost, merged or late notifications cost nothing but
-- time.  Sockets that claim are handled by api.agent.executors.
-- Rooms: agent:<id>, claims:<id>, behind:<id> (sockets that are catching up, and get nothing new until then), key:<id>,
-- user:<id>.

local bus = require "human.bus"
local config = require "human.config"
local fail = require "human.fail"
local guard = require "human.guard"
local json = require "human.json"
local log = require "human.log"
local state = require "human.state"
local task = require "human.task"
local events = require "agent.events"
local keys = require "agent.keys"
local news_of = require "agent.news"
local store = require "agent.store"
local turn = require "agent.turn"
local docs = require "api.agent.socket_docs"
local executors = require "api.agent.executors"
local io = require("api.agent.io").server
local view = require "api.agent.views"
require "agent.seed"
require "agent.tick"
require "api.agent.auth"

local M = {}

local SEQ_MAX = 2 ^ 53
local BATCH, RETRY_S, TRIES, SWEEP_S, MISSED_MAX = 100, 1, 5, 60, 1000
local cursors = state.table "agent.cursors"      -- agent id -> number of the last action sent here
local idle = state.table "agent.idle"            -- agent id -> when its last socket left this worker
local pumping = state.table "agent.pumping"      -- agent id -> "now" | "again"
local sweeps = state.table "agent.sweeps"

-- Out ---------------------------------------------------------------------------------------------

-- Sends to all but the executor, which executors.send() serves.
local function send_one(agent_id, action)
  executors.others(agent_id):named("sent " .. action.id):local_emit("message", action)
  executors.show(agent_id, action)
  cursors[agent_id] = action.seq
end

local function send_new(agent_id)
  repeat
    local list, more = store.actions_after(agent_id, cursors[agent_id], BATCH)
    for _, a in ipairs(list) do
      if not cursors[agent_id] then return end
      if a.seq > cursors[agent_id] then send_one(agent_id, a.action) end
    end
  until not more
end

-- The executor comes last: it must not have been looked after before the cursor says that there is nothing new.
local function send_all(agent_id)
  send_new(agent_id)
  executors.send(agent_id)
end

-- One sender for each agent; a notification that comes in the meantime makes it look once more.
local function pump(agent_id)
  if pumping[agent_id] then
    pumping[agent_id] = "again"
    return
  end
  local failures = 0
  repeat
    pumping[agent_id] = "now"
    local ok, err = true, nil
    if cursors[agent_id] then ok, err = pcall(send_all, agent_id) end
    if not ok then
      failures = failures + 1
      log.warn("actions not sent yet", { agent_id = agent_id, error = tostring(err) })
      if failures == TRIES then break end         -- then bus.gap or the next action
      pumping[agent_id] = "again"
      pcall(task.sleep, RETRY_S)
    end
  until pumping[agent_id] ~= "again"
  pumping[agent_id] = nil
end

-- Keeps reading actions, for connection state recovery, until no client can reconnect any more.
local function forget_left()
  local now = task.clock()
  if now - (sweeps.at or 0) < SWEEP_S then return end
  sweeps.at = now
  for agent_id, since in state.pairs "agent.idle" do
    if now - since > config.socketio.recovery_ms / 1000 then
      idle[agent_id], cursors[agent_id] = nil, nil
    end
  end
end

-- Actions of a worker on this host come with its notification; they are sent at once if they are next in order.
local function send_told(agent_id, list)
  for _, action in ipairs(list) do send_one(agent_id, action) end
end

bus.on("agent.action", news_of.action, function(news, told)
  local agent_id = news.agent_id
  local cursor = cursors[agent_id]
  if not cursor or news.seq <= cursor then return end
  local is_next = told and cursor + #told == news.seq and not pumping[agent_id]
  if is_next and not executors.any(agent_id) then return send_told(agent_id, told) end
  pump(agent_id)
end)

-- A client that reconnects is not sent what has been deleted or edited since.
bus.on("agent.rewritten", news_of.rewritten, function(news, told)
  if not cursors[news.agent_id] then return end
  local row = told or store.action(news.agent_id, news.action_id)
  if not row then return end
  local action = store.shown(row)
  io:of("/"):replace("sent " .. action.id, "message", action)
  io:of("/"):replace("shown " .. action.id, "watch", action)
end)

bus.on("agent.claim_free", news_of.claim_free, function(news)
  if executors.on_free(news) then pump(news.agent_id) end
end)

bus.on("agent.claim_beat", news_of.claim_beat, function(news) executors.on_beat(news, pump) end)

local function followed()
  local list = {}
  for agent_id in state.pairs "agent.cursors" do list[#list + 1] = agent_id end
  return list
end

bus.on("bus.gap", function()
  for _, agent_id in ipairs(followed()) do pump(agent_id) end
end)

-- Notifications whose sender died before sending them.
bus.on("bus.look", function()
  for agent_id, seq in pairs(store.last_seqs(followed())) do
    if cursors[agent_id] and seq > cursors[agent_id] then task.spawn(pump, agent_id) end
  end
end)

-- An agent was deleted; keys and users: api.agent.auth.
bus.on("agent.access_ended", news_of.access_ended, function(gone)
  if gone.agent_id then guard.revoke { agent_id = gone.agent_id } end
end)

-- Connecting --------------------------------------------------------------------------------------

-- A field of the handshake: auth (which does not reach proxies' logs) before the query.
local function given(handshake, name)
  local value = handshake.auth[name]
  if value == nil then value = handshake.query[name] end
  return value
end

local function refusal(code)
  local f = fail.new(code)
  return nil, f.message, { statusCode = f.status, code = code }
end

local function too_many(agent_id)
  return io:of("/"):count_all("agent:" .. agent_id) > config.socketio.max_sockets_per_agent
end

-- The owner of the handshake's key: an actor, or nil and a code.
local function actor_of(handshake)
  local key = given(handshake, "apiKey")
  if type(key) ~= "string" then return nil, "unauthorized" end
  local ok, actor, code = pcall(guard.check, handshake.ip, key, keys.check, key)
  if ok then return actor, code end
  if not fail.is(actor) then error(actor, 0) end
  return nil, actor.code
end

-- The number after which a client wants a replay, or nil; and whether its value is invalid.
local function wanted(handshake)
  local value = given(handshake, "lastSeq")
  if value == nil or value == json.null or value == "" then return nil end
  local after = type(value) == "number" and value or type(value) == "string" and value:find "^%d+$" and tonumber(value)
  if after and after >= 0 and after <= SEQ_MAX and after % 1 == 0 then return after end
  return nil, true
end

local function authorize(socket)
  local handshake = socket.handshake
  local actor, code = actor_of(handshake)
  if not actor then return refusal(code) end
  local after, is_wrong = wanted(handshake)
  if is_wrong then return refusal "invalid_last_seq" end
  local agent_id = given(handshake, "agentId")
  if type(agent_id) ~= "string" or not agent_id:find "^c[a-z0-9]+$" then return refusal "agent_not_found" end
  local seq = store.last_seq_of(actor, agent_id)
  if not seq then return refusal "agent_not_found" end
  socket:join("agent:" .. agent_id)
  socket.data.claims = executors.wanted(given(handshake, "claim"))
  if socket.data.claims then
    socket:join("claims:" .. agent_id)
  elseif after and not socket.recovered then
    socket:join("behind:" .. agent_id)
    socket.data.behind = after
  end
  socket:join("key:" .. actor.key_id)
  socket:join("user:" .. actor.id)
  if too_many(agent_id) then return refusal "too_many_sockets" end
  socket.data.agent_id, socket.data.actor, socket.data.seq = agent_id, { id = actor.id, key_id = actor.key_id }, seq
  socket:grant("agent_key", { id = actor.id, key_id = actor.key_id, proof = actor.proof, agent_id = agent_id })
  return true
end

-- lastSeq in the handshake (ours): replays the actions after that one, whatever happened to the server in
-- the meantime, for clients that keep the number themselves.  At most the newest MISSED_MAX actions, and half of
-- a slow reader's send queue: more would disconnect it each time.  The log has all.

-- Sends what the room has already got, until this socket has caught up.  data.behind is its position, for the socket
-- that replaces it after a disconnect (connection state recovery).
local function send_missed(socket, agent_id)
  local upto, bytes = cursors[agent_id], config.limits.ws_queue_bytes / 2
  local after = store.replay_after(agent_id, math.min(socket.data.behind, upto), upto, MISSED_MAX, bytes)
  while socket:connected() and after < (cursors[agent_id] or 0) do
    local list = store.actions_after(agent_id, after, BATCH)
    if not list[1] or not socket:connected() then return end
    for _, a in ipairs(list) do
      if a.seq > (cursors[agent_id] or 0) then break end
      socket:emit("message", a.action)
      after = a.seq
    end
    socket.data.behind = after
  end
end

-- From then on it is in the room.  Waits while the database is unavailable: new actions must not overtake old ones.
local function catch_up(socket, agent_id)
  local ok, err = pcall(send_missed, socket, agent_id)
  while not ok and socket:connected() do
    log.warn("missed actions not sent yet", { agent_id = agent_id, error = tostring(err) })
    task.sleep(RETRY_S)
    ok, err = pcall(send_missed, socket, agent_id)
  end
  if not socket:connected() then return end
  socket:leave("behind:" .. agent_id)
  socket.data.behind = nil
end

local function on_connect(socket)
  local agent_id, handshake = socket.data.agent_id, socket.handshake
  -- The key ended between the check and now: the notification found no socket to close.
  if not keys.check(given(handshake, "apiKey")) then return socket:disconnect(true) end
  idle[agent_id] = nil
  cursors[agent_id] = cursors[agent_id] or socket.data.seq
  if socket.data.claims then
    executors.enter(socket, not socket.recovered and wanted(handshake))
  elseif socket.data.behind then
    catch_up(socket, agent_id)
  end
  pump(agent_id)
  forget_left()
end

local function on_disconnect(socket)
  local agent_id = socket.data.agent_id
  if agent_id and io:of("/"):count("agent:" .. agent_id) == 0 then idle[agent_id] = task.clock() end
  if socket.data.claims and executors.leave(socket) then pump(agent_id) end
  forget_left()
end

local function on_ack(socket, mark, answer)
  if executors.on_ack(socket, mark, answer) then pump(socket.data.agent_id) end
end

-- In ----------------------------------------------------------------------------------------------

local function answer(socket, ack, err)
  if ack then ack { ok = false, error = err } end
  socket:emit("exception", { status = "error", code = err.code, message = err.message, details = err.details })
end

-- The error as clients may see it.
local function problem(socket, err)
  if fail.is(err) then return { code = err.code, message = err.message } end
  log.error("event not stored", { agent_id = socket.data.agent_id,
                                  error = type(err) == "table" and err.message or tostring(err) })
  return { code = "internal", message = fail.new("internal").message }
end

local function split(...)
  local n = select("#", ...)
  local ack = n > 0 and (select(n, ...)) or nil
  if type(ack) ~= "function" then return ..., nil end
  return n > 1 and (...) or nil, ack
end

local function on_message(socket, ...)
  local raw, ack = split(...)
  local event, err = events.parse(raw)
  if not event then return answer(socket, ack, err) end
  local function told(stored, why)
    if not stored then return answer(socket, ack, problem(socket, why)) end
    if not ack then return end
    local said = view.accept(stored)
    said.ok = true
    ack(said)
  end
  local ok, why = pcall(turn.post, socket.data.actor, socket.data.agent_id, event, told)
  if not ok then told(nil, why) end
end

io:namespace("/", {
  authorize = authorize, on_connect = on_connect, on_disconnect = on_disconnect,
  on = { message = on_message }, on_ack = on_ack, docs = docs,
})

return M
