-- host/lua/feed.lua -- what streams follow: stored events, read from a position on.
-- A feed is a function of a script that reads the events after a position; stream:follow(feed, key, after) sends a
-- client what it reads, now and whenever feed.tell announces more.  Followers belong to the runtime: reloads
-- do not touch them, and the next read calls the new function.

local blame = require "human.core.blame"
local bus = require "human.bus"
local db = require "human.db"
local feeds = require "human.core.feeds"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local log = require "human.log"
local sched = require "human.core.sched"
local target = require "human.scripts.target"

local M = {}
local TOPIC = "bus.feed"
local NAME_MAX, KEY_MAX = 100, 200
local BATCH, LOOK_S = 1000, 10                   -- keys per call of `newest`; its time limit
local ROUND = 20                                 -- channels that one look reads, of a feed without `newest`
local looking = {}                               -- feed -> true
local rounds = {}                                -- feed -> channels not read yet in this round

local function check(what, name, key)
  if type(name) ~= "string" or name == "" or #name > NAME_MAX then
    blame.refuse(("%s: the name must be a text of 1 to %d bytes"):format(what, NAME_MAX))
  end
  if type(key) ~= "string" or key == "" or #key > KEY_MAX then
    blame.refuse(("%s: the key must be a text of 1 to %d bytes"):format(what, KEY_MAX))
  end
  local task = sched.current()
  local g = task and task.gen or gen.current()
  if g and not g.feeds[name] then blame.refuse(("%s: there is no feed '%s'"):format(what, name)) end
end

-- Declares a feed, while scripts load.  read: "module.fn" of a script: fn(key, after, limit, arg) -> rows, word.
-- after: the position to read after, 0 for the beginning.  rows: at most `limit` of {id = position, event = name
-- or nil, data = text or table}; one without data advances the position and is not sent.  Positions are ascending
-- integers above 0, and no row may appear before one that exists: number rows under a lock of the key.  word:
-- nil; "more" (there is more although these are fewer than `limit`); "end" (nothing follows: the stream ends); "reset":
-- the rows after `after` no longer exist: the client gets the event `reset`, then the rows from the beginning.
-- options: text = true: positions are texts, a client may send any text, and `after` is nil for the beginning;
-- newest = "module.fn" of a function(keys) -> {[key] = a value that changes with every new row}, called every 2 s to
-- find rows whose writer died before feed.tell; without it the followed keys are read in turn, ten a second.
function M.define(name, read, options)
  local g = gen.building()
  if not g then error("feed.define: only while scripts are loading", 2) end
  if type(name) ~= "string" or name == "" or #name > NAME_MAX then
    error(("feed.define: the name must be a text of 1 to %d bytes"):format(NAME_MAX), 2)
  end
  if g.feeds[name] then error("feed.define: there is a feed '" .. name .. "' already", 2) end
  local o = options or {}
  for key in pairs(o) do
    if key ~= "newest" and key ~= "text" then error("feed.define: unknown option '" .. tostring(key) .. "'", 2) end
  end
  g.feeds[name] = { path = read, newest = o.newest, text = o.text == true, where = blame.place() }
end

--- Once all scripts are loaded.
function M.finish(g)
  for name, feed in pairs(g.feeds) do
    target.check(g, feed.where .. "feed " .. name, feed.path)
    if feed.newest then target.check(g, feed.where .. "feed " .. name, feed.newest) end
  end
end

local function tell(name, key)
  feeds.wake(name, key)
  bus.tell_others(TOPIC, { name = name, key = key })
end

-- Announces new rows of a key: its followers on all workers of all hosts read on.  In a transaction this happens after
-- the commit, and not at all after a rollback.
function M.tell(name, key)
  check("feed.tell", name, key)
  local tx = db.current_tx()
  if tx then return tx:after_commit(function() tell(name, key) end) end
  tell(name, key)
end

-- The same for this worker only, when a message of the bus has reached the others already.
function M.wake(name, key)
  check("feed.wake", name, key)
  feeds.wake(name, key)
end

--- For streams: the position at which a follower of a feed begins.  after: from the script, or nil; last_id: from the
--- client, or nil.  Also returns true when the client's text is not a position.
function M.begin(name, key, after, last_id)
  check("stream:follow", name, key)
  local ok, at = pcall(feeds.position, name, after)
  if not ok then blame.refuse("stream:follow: " .. at) end
  if not last_id then return at end
  ok, last_id = pcall(feeds.position, name, last_id)
  return ok and last_id or at, not ok
end

--- Raises when generation g lacks a feed that an open stream of this worker follows.
function M.check_live(g)
  for _, name in ipairs(feeds.names()) do
    local was = gen.current().feeds[name]
    if was and not g.feeds[name] then
      error(("%sfeed '%s' is followed, and the new scripts do not declare it"):format(was.where, name), 0)
    end
  end
end

-- Rows whose writer died before feed.tell -------------------------------------------------------------------

local function compare(list, newest)
  local keys = {}
  for i, channel in ipairs(list) do keys[i] = channel.key end
  local found = newest(keys)
  for _, channel in ipairs(list) do
    local is = found[channel.key]
    if is == nil then is = false end             -- a missing key differs from one not asked about yet
    if is ~= channel.newest then
      channel.newest = is
      if channel.n > 0 then feeds.wake_channel(channel) end
    end
  end
end

local function ask_newest(name, path)
  local newest, list = target.resolve(gen.current(), path), {}
  for _, channel in pairs(feeds.channels(name)) do list[#list + 1] = channel end
  for from = 1, #list, BATCH do compare({ unpack(list, from, math.min(from + BATCH - 1, #list)) }, newest) end
end

local function looked(task, err)
  looking[task.feed] = nil
  if err and err ~= sched.Canceled then
    log.warn("the newest of a feed could not be read",
      { feed = task.feed, error = type(err) == "table" and err.message or tostring(err) })
  end
end

local function read_some(name)
  local round = rounds[name] or {}
  if not round[1] then
    for _, channel in pairs(feeds.channels(name)) do round[#round + 1] = channel end
  end
  for _ = 1, math.min(ROUND, #round) do
    local channel = table.remove(round)
    if channel.n > 0 then feeds.wake_channel(channel) end
  end
  rounds[name] = round[1] and round or nil
end

local function look()
  local g = gen.current()
  for _, name in ipairs(feeds.names()) do
    local feed = g.feeds[name]
    if feed and not feed.newest then
      read_some(name)
    elseif feed and not looking[name] then
      looking[name] = true
      sched.spawn_as({ label = host.label("feed " .. name), gen = g, feed = name, limit = LOOK_S, on_finish = looked },
        ask_newest, name, feed.newest)
    end
  end
end

bus.on_runtime("bus.look", look)
bus.on_runtime("bus.gap", feeds.wake_all)
bus.on_hosts(TOPIC, function(m) return type(m.name) == "string" and type(m.key) == "string" end,
  function(m) feeds.wake(m.name, m.key) end)

return M
