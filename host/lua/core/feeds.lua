-- host/lua/core/feeds.lua -- the followers of feeds, and how they get their events.
-- A channel is one key of one feed in this worker, while it has followers.  A follower has only its position: the
-- next events are read from the script's storage, once for all followers at the same position, by the
-- function of the generation in service.  So a follower that is slow, new, or missed a notification reads like
-- any other, and nothing is buffered for it.  A task exists only during a read.
-- A follower is a table with at (a position, "" for the beginning), arg, and put(text) -> "more" | "full" | "gone",
-- close() and refuse(code); the fields channel, behind, full and doubted are ours.

local gen = require "human.scripts.generation"
local host = require "human.core.host"
local log = require "human.log"
local metrics = require "human.metrics"
local sched = require "human.core.sched"
local target = require "human.scripts.target"
local timer = require "human.core.timer"

local M = {}
local READERS = 4                                -- concurrent reads per worker
local PAGE, ID_MAX = 100, 200
local READ_S, IN_A_ROW = 10, 16                  -- time limit of one read; reads of a channel in a row
local AGAIN_S, AGAIN_MAX_S = 0.1, 10             -- pause after a failed read; doubles each time
local FAIR = 200                                 -- followers served before other tasks get a turn
local QUIET_S = 10                               -- between two log lines about one feed
local LATE = setmetatable({}, { __tostring = function() return "the read took longer than 10 s" end })
local GONE = setmetatable({}, { __tostring = function() return "the scripts do not declare it any more" end })

local channels = {}                              -- feed -> {key -> channel}
local queue, first, last = {}, 1, 0              -- channels to read, each at most once
local reading, followers = 0, 0
local told_at = {}                               -- feed -> time of the last log line about it

metrics.describe("human_feed_reads_total", "Reads of feeds, by feed")

local function find(name, key) return channels[name] and channels[name][key] end

-- Sending -------------------------------------------------------------------------------------------------

local function is_number(id) return id % 1 == 0 and id >= 0 and id <= 2 ^ 53 end

--- A feed's position as followers keep it: a text, "" for the beginning.
function M.position(name, id)
  if id == nil then return "" end
  local feed = gen.current().feeds[name]
  if feed and feed.text then
    if type(id) == "string" and id ~= "" and #id <= ID_MAX and not id:find "%c" then return id end
    error(("a position is a text of 1 to %d bytes in one line"):format(ID_MAX), 0)
  end
  if type(id) == "string" and #id <= 16 and id:find "^%d+$" then id = tonumber(id) end
  if type(id) ~= "number" or not is_number(id) then error("a position is a whole number", 0) end
  return id == 0 and "" or ("%.0f"):format(id)
end

-- Formats rows; those without data are not sent.
local function prepare(name, rows, format)
  local out = {}
  for i, row in ipairs(rows) do
    local id = M.position(name, row.id)
    if id == "" then error("a row needs an id, its position", 0) end
    out[i] = { id = id, text = row.data ~= nil and format(row.event, row.data, id) or nil }
  end
  return out
end

local function drop(follower)
  M.unfollow(follower)
  follower:close()
end

-- Sends a follower as many rows as it takes.  Returns whether that was all.
local function serve(follower, list)
  for _, row in ipairs(list) do
    local r = row.text and follower:put(row.text)
    if r == "gone" then
      drop(follower)
      return false
    end
    follower.at = row.id
    if r == "full" then
      follower.full, follower.behind = true, true
      return false
    end
  end
  return true
end

M.RESET = "event: reset\nid:\ndata: {}\n\n"

local function reset(follower)
  follower.at = ""
  if follower:put(M.RESET) == "gone" then drop(follower) end
end

-- group: followers at the same position when the read began; more: there may be more rows.
local function deliver(channel, group, list, word, more)
  for i, follower in ipairs(group) do
    if i % FAIR == 0 then sched.sleep(0) end
    if follower.channel == channel then
      if word == "reset" then reset(follower) end
      local all = follower.channel and serve(follower, list)
      if all and word == "end" then drop(follower) end
      if all and more then follower.behind = true end
    end
  end
end

-- Reading -------------------------------------------------------------------------------------------------

-- The followers that are behind and can take rows, grouped by position.  Followers whose read has
-- failed come last: a stranger may have made up a position, and others must not wait for that.
local function groups(channel)
  local by, list, doubtful = {}, {}, {}
  for follower in pairs(channel.followers) do
    if follower.behind and not follower.full then
      local where = ("%s\0%s"):format(follower.at, tostring(follower.arg))
      if not by[where] then
        by[where] = { at = follower.at, arg = follower.arg }
        local to = follower.doubted and doubtful or list
        to[#to + 1] = by[where]
      end
      by[where][#by[where] + 1] = follower
    end
  end
  for _, group in ipairs(doubtful) do list[#list + 1] = group end
  return list
end

local WORDS = { more = true, reset = true, ["end"] = true }

local function check(rows, word)
  if type(rows) == "table" and (word == nil or WORDS[word]) then return end
  error('read() must return rows, and nil, "more", "reset" or "end"', 0)
end

-- Calls the script.  Returns rows ready to send, its word, and whether there may be more.
local function ask(g, channel, group)
  local feed = g.feeds[channel.feed]
  if not feed then error(GONE, 0) end
  sched.deadline(sched.current(), READ_S, LATE)
  local after = group.at ~= "" and group.at or nil
  local place = after
  if not feed.text then place = tonumber(after or 0) end
  local rows, word = target.resolve(g, feed.path)(channel.key, place, PAGE, group.arg)
  check(rows, word)
  local list = prepare(channel.feed, rows, group[1].format)
  if word == "reset" and not after then word = nil end
  local more = word == "more" or word == "reset" or #list >= PAGE
  if more and word ~= "reset" and (not list[1] or list[#list].id == group.at) then
    error("read() reports more rows, but does not advance", 0)
  end
  return list, word, more
end

local function read(g, channel, group)
  for _, follower in ipairs(group) do follower.behind, follower.doubted = false, true end
  metrics.add("human_feed_reads_total", 1, { feed = channel.feed })
  local list, word, more = ask(g, channel, group)
  for _, follower in ipairs(group) do follower.doubted = false end
  deliver(channel, group, list, word, more)
end

-- Reads until all are up to date; yields to other channels, and to new scripts, after a while.
local function read_all(channel)
  local g, reads = gen.current(), 0
  local list = groups(channel)
  while list[1] do
    for _, group in ipairs(list) do
      if reads == IN_A_ROW or gen.current() ~= g then
        channel.again = true
        return
      end
      read(g, channel, group)
      reads = reads + 1
    end
    list = groups(channel)
  end
  channel.again = false
end

local begin_next

local function enqueue(channel)
  if channel.queued then
    channel.again = true
    return
  end
  channel.queued, channel.again = true, false
  last = last + 1
  queue[last] = channel
  begin_next()
end

local function everybody_behind(channel)
  for follower in pairs(channel.followers) do follower.behind = true end
end

local function refuse_all(channel, code)
  local list = {}
  for follower in pairs(channel.followers) do list[#list + 1] = follower end
  for _, follower in ipairs(list) do
    M.unfollow(follower)
    follower:refuse(code)
  end
end

local function again(channel)
  channel.timer = nil
  if channel.n > 0 then enqueue(channel) end
end

-- Keeps the followers and reads again: at once if a reload ended a read of old scripts, else after a pause.
local function failed(channel, err, is_old)
  everybody_behind(channel)
  if err == GONE then return refuse_all(channel, "service_unavailable") end
  if err == sched.Canceled or is_old then return again(channel) end
  local now, name = host.now(), channel.feed
  if not told_at[name] or now - told_at[name] > QUIET_S then
    told_at[name] = now
    log.warn("a feed could not be read", { feed = name, error = type(err) == "table" and err.message or tostring(err) })
  end
  channel.failures = channel.failures + 1
  if channel.timer or channel.n == 0 then return end
  channel.timer = timer.start(math.min(AGAIN_S * 2 ^ (channel.failures - 1), AGAIN_MAX_S), again, channel)
end

local function on_finish(task, err)
  local channel = task.channel
  reading, channel.queued = reading - 1, false
  if err then
    failed(channel, err, task.gen ~= gen.current())
  else
    channel.failures = 0
    if channel.again and channel.n > 0 then enqueue(channel) end
  end
  begin_next()
end

function begin_next()
  while reading < READERS and first <= last do
    local channel = queue[first]
    queue[first] = nil
    first = first + 1
    if first > last then first, last = 1, 0 end
    local label = host.label("feed " .. channel.feed)
    reading = reading + 1
    if sched.struck > 0 and host.is_struck(label) then
      refuse_all(channel, "route_disabled")
      on_finish { channel = channel }
    else
      local task = { label = label, gen = gen.current(), channel = channel, on_finish = on_finish }
      sched.spawn_as(task, read_all, channel)
    end
  end
end

-- Following -----------------------------------------------------------------------------------------------

--- Begins to follow: sends rows after follower.at, then new ones.
function M.follow(name, key, follower)
  local keys = channels[name] or {}
  channels[name] = keys
  local channel = keys[key]
  if not channel then
    channel = { feed = name, key = key, followers = {}, n = 0, failures = 0, queued = false, again = false }
    keys[key] = channel
  end
  channel.followers[follower], channel.n, followers = true, channel.n + 1, followers + 1
  follower.channel, follower.behind, follower.full = channel, true, false
  enqueue(channel)
end

--- Ends a follower.
function M.unfollow(follower)
  local channel = follower.channel
  if not channel then return end
  follower.channel = nil
  channel.followers[follower], channel.n, followers = nil, channel.n - 1, followers - 1
  if channel.n > 0 then return end
  timer.cancel(channel.timer)
  local keys = channels[channel.feed]
  keys[channel.key] = nil
  if not next(keys) then channels[channel.feed] = nil end
end

--- A full follower can take rows again.
function M.resume(follower)
  if not follower.full then return end
  follower.full = false
  enqueue(follower.channel)
end

local function wake(channel)
  everybody_behind(channel)
  timer.cancel(channel.timer)
  channel.timer = nil
  enqueue(channel)
end

--- A key has new rows, or may have.
function M.wake(name, key)
  local channel = find(name, key)
  if channel then wake(channel) end
end

--- The same for all keys, after notifications were lost.
function M.wake_all()
  for _, keys in pairs(channels) do
    for _, channel in pairs(keys) do wake(channel) end
  end
end

--- The channels of a feed, to find rows that were not announced.
function M.channels(name) return channels[name] or {} end

M.wake_channel = wake

--- The names of the feeds that have followers.
function M.names()
  local list = {}
  for name in pairs(channels) do list[#list + 1] = name end
  return list
end

--- The number of followers of this worker.
function M.count() return followers end

return M
