-- scripts/api/agent/executors.lua -- the executor: the one socket that carries out an agent's actions, of all that
-- claim. This worker's part: it takes free claims for its own sockets (agent.claims), sends the executor the actions
-- that are not done, stores its acknowledgements, and releases the claim when the socket ends.  An unresponsive
-- executor is
-- disconnected.  Uncertainty loses nothing: a claim that may belong to no socket is released at the next beat.

local bus = require "human.bus"
local config = require "human.config"
local id = require "human.id"
local log = require "human.log"
local state = require "human.state"
local task = require "human.task"
local claims = require "agent.claims"
local io = require("api.agent.io").server

local M = {}

local BATCH, OPEN_MAX = 100, 1000                -- actions sent at a time; sent and not acknowledged
local BEAT_S, PROBE_S, RETRY_S, TRIES = 2, 5, 1, 5
local NAMES_MAX = 1000                           -- agents asked about at a time

local me = state.table "agent.claims_worker"     -- {id, chain, beat_at} of this worker
local claimed = state.table "agent.claimed"      -- agent id -> true: there are sockets here that claim
local executing = state.table "agent.executing"  -- agent id -> {socket_id, holder, sent, open, bytes}
local in_doubt = state.table "agent.in_doubt"    -- holder -> agent id: may have a claim and has no socket
-- Of this generation: agents whose claim is being taken; acknowledgements that are not stored yet.
local electing, acked, storing = {}, {}, {}

local function room(agent_id) return io:of("/"):to("claims:" .. agent_id) end

-- The sockets that get an agent's actions without claims, and are up to date.
function M.others(agent_id)
  return io:of("/"):to("agent:" .. agent_id):except("claims:" .. agent_id):except("behind:" .. agent_id)
end

-- Whether sockets of this worker claim them.
function M.any(agent_id) return claimed[agent_id] ~= nil end

local function socket_of(entry) return io:of("/"):to(entry.socket_id):sockets()[1] end

local function worker_id()
  me.id = me.id or id.new()
  return me.id
end

-- Holding --------------------------------------------------------------------------------------------

local function give_back(agent_id, holder)
  if not pcall(claims.give_back, agent_id, holder, acked[agent_id] or {}) then return end
  in_doubt[holder] = nil
end

local function begin(agent_id, socket, holder)
  in_doubt[holder] = nil
  executing[agent_id] = { socket_id = socket.id, holder = holder, sent = 0, open = 0, bytes = 0 }
  socket:emit("claim", { executor = true })
end

-- Takes the claim for a socket of this worker, if there is one and the claim is free.  True: there may be actions
-- to send.
function M.elect(agent_id)
  local socket = not executing[agent_id] and not electing[agent_id] and room(agent_id):sockets()[1]
  if not socket then return false end
  local holder = id.new()
  electing[agent_id], in_doubt[holder] = true, agent_id
  local known, taken = pcall(claims.take, agent_id, worker_id(), holder, socket.data.seq)
  electing[agent_id] = nil
  if not known then return false end
  if not taken then
    in_doubt[holder] = nil
    return false
  end
  if not socket:connected() then
    give_back(agent_id, holder)
    return M.elect(agent_id)
  end
  begin(agent_id, socket, holder)
  return true
end

-- Sending --------------------------------------------------------------------------------------------

-- How many actions may be sent now: a full send queue would disconnect the client.
local function free_places(entry)
  if entry.open > 0 and entry.bytes >= config.limits.ws_queue_bytes / 2 then return 0 end
  return math.min(BATCH, OPEN_MAX - entry.open)
end

-- One action.  False: no more for now.
local function send_one(agent_id, holder, a)
  local entry = executing[agent_id]
  if not entry or entry.holder ~= holder or a.seq <= entry.sent or free_places(entry) == 0 then return false end
  local socket = socket_of(entry)
  if not socket or not socket:emit_marked({ seq = a.seq, bytes = a.bytes }, "message", a.action) then return false end
  socket:probe(PROBE_S)
  entry.sent, entry.open, entry.bytes = a.seq, entry.open + 1, entry.bytes + a.bytes
  executing[agent_id] = entry
  return true
end

-- Sends the executor, if it is on this worker, the actions not sent yet.  Raises when the database does.
function M.send(agent_id)
  local more = true
  while more do
    local entry = executing[agent_id]
    local n = entry and free_places(entry) or 0
    if n == 0 then return end
    local list
    list, more = claims.todo(agent_id, entry.holder, entry.sent, n)
    for _, a in ipairs(list) do
      if not send_one(agent_id, entry.holder, a) then return end
    end
  end
end

-- Notifies sockets that only watch.
function M.show(agent_id, action)
  if not claimed[agent_id] then return end
  local entry, watchers = executing[agent_id], room(agent_id)
  if entry then watchers = watchers:except(entry.socket_id) end
  watchers:named("shown " .. action.id):local_emit("watch", action)
end

-- Acknowledgements -----------------------------------------------------------------------------------

-- Stores them; those that come in the meantime are stored together.  An action whose acknowledgement cannot be stored
-- will be delivered again.
local function store_acked(agent_id)
  local failures = 0
  while acked[agent_id] and failures < TRIES do
    local list = acked[agent_id]
    local n = #list
    local ok, err = pcall(claims.done, agent_id, list)
    if ok then
      acked[agent_id] = #list > n and { unpack(list, n + 1) } or nil
    else
      failures = failures + 1
      log.warn("acknowledgement not stored", { agent_id = agent_id, error = tostring(err) })
      pcall(task.sleep, RETRY_S)
    end
  end
  storing[agent_id], acked[agent_id] = nil, nil
end

-- An acknowledgement says that the action is done, unless it says that it is not.
local function says_done(answer)
  if type(answer) ~= "table" then return answer ~= false end
  return answer.done ~= false and answer.ok ~= false
end

-- on_ack of the namespace.  True: there is room for more.
function M.on_ack(socket, mark, answer)
  local agent_id = socket.data.agent_id
  if says_done(answer) then
    local list = acked[agent_id] or {}
    list[#list + 1], acked[agent_id] = mark.seq, list
    if not storing[agent_id] then
      storing[agent_id] = true
      task.spawn(store_acked, agent_id)
    end
  end
  local entry = executing[agent_id]
  if not entry or entry.socket_id ~= socket.id then return false end
  local was_full = free_places(entry) == 0
  entry.open, entry.bytes = math.max(entry.open - 1, 0), math.max(entry.bytes - mark.bytes, 0)
  executing[agent_id] = entry
  return was_full
end

-- The beat -------------------------------------------------------------------------------------------
-- Every few seconds: reports that this worker is alive, settles claims in doubt, and looks for free or lost claims.

local function settle()
  for holder, agent_id in state.pairs "agent.in_doubt" do
    if not electing[agent_id] then task.spawn(give_back, agent_id, holder) end
  end
end

-- before: who executed when `claim` was read.
local function look_at(agent_id, claim, before)
  local entry = executing[agent_id]
  if entry and entry.holder == before and not (claim and claim.holder == before) then
    local socket = socket_of(entry)
    executing[agent_id] = nil
    if socket then socket:emit("claim", { executor = false }) end
  end
  return (not claim or claim.free) and M.elect(agent_id)
end

-- Returns the agents that may have actions to send.
local function look_around(names)
  local before, list = {}, {}
  for _, agent_id in ipairs(names) do before[agent_id] = executing[agent_id] and executing[agent_id].holder end
  local states = claims.states(names)
  for _, agent_id in ipairs(names) do
    if look_at(agent_id, states[agent_id], before[agent_id]) then list[#list + 1] = agent_id end
  end
  return list
end

local function beat_later(chain)
  task.sleep(BEAT_S)
  bus.send("agent.claim_beat", { worker = worker_id(), chain = chain })
end

local function go_on()
  me.beat_at = task.clock()
  task.spawn(beat_later, me.chain)
end

local function names_of_claimed()
  local batches = { {} }
  for agent_id in state.pairs "agent.claimed" do
    if #batches[#batches] == NAMES_MAX then batches[#batches + 1] = {} end
    table.insert(batches[#batches], agent_id)
  end
  return batches
end

-- pump(agent_id) sends what there is.
local function beat(pump)
  claims.beat(worker_id())
  settle()
  for _, names in ipairs(names_of_claimed()) do
    for _, agent_id in ipairs(#names > 0 and look_around(names) or names) do task.spawn(pump, agent_id) end
  end
end

-- Handler of agent.claim_beat; a worker's own beats come through the bus too, so that the current scripts handle them.
function M.on_beat(news, pump)
  if news.worker ~= me.id or news.chain ~= me.chain then return end
  if state.size "agent.claimed" == 0 and state.size "agent.in_doubt" == 0 then
    me.beat_at = nil
    return
  end
  local ok, err = pcall(beat, pump)
  if not ok then log.warn("claims not looked at", { error = tostring(err) }) end
  go_on()
end

-- Before the first claim: only a worker that is known to be alive can hold one.
local function stay_alive()
  if me.beat_at and task.clock() - me.beat_at < 2 * BEAT_S then return end
  me.beat_at, me.chain = task.clock(), (me.chain or 0) + 1
  claims.beat(worker_id())
  go_on()
end

-- Sockets --------------------------------------------------------------------------------------------

-- Whether the handshake says that this client claims.
function M.wanted(value) return value ~= nil and value ~= false and value ~= "false" and value ~= "0" and value ~= 0 end

-- A socket that claims is connected.  after: the last action that its platform has carried out, if it says so.
function M.enter(socket, after)
  local agent_id = socket.data.agent_id
  claimed[agent_id] = true
  stay_alive()
  if after then claims.skip(agent_id, after) end
  M.elect(agent_id)
  local entry = executing[agent_id]
  if not entry or entry.socket_id ~= socket.id then socket:emit("claim", { executor = false }) end
end

-- It has ended.  True: another socket of this worker carries on.
function M.leave(socket)
  local agent_id = socket.data.agent_id
  if io:of("/"):count("claims:" .. agent_id) == 0 then claimed[agent_id] = nil end
  local entry = executing[agent_id]
  if not entry or entry.socket_id ~= socket.id then return false end
  executing[agent_id], in_doubt[entry.holder] = nil, agent_id
  give_back(agent_id, entry.holder)
  return M.elect(agent_id)
end

-- Handler of agent.claim_free.
function M.on_free(news) return claimed[news.agent_id] and M.elect(news.agent_id) end

return M
