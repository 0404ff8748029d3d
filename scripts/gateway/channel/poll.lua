-- scripts/gateway/channel/poll.lua -- fetches updates for accounts with mode "poll".
-- The job runs on one worker of one host, so there is one poller. The position is written with the messages, so none
-- is lost or taken twice, wherever polling continues.

local db = require "human.db"
local jobs = require "human.jobs"
local log = require "human.log"
local system = require "human.system"
local task = require "human.task"
local channel = require "gateway.channel"
local net = require "gateway.channel.net"
local shape = require "gateway.channel.shape"
local store = require "gateway.channel.store"

local M = {}

local ROUND_S = 60                               -- of one run of the job; a reload counts from the next
local FAILED_MS, FAILED_MAX_MS = 1000, 30000

-- Takes what one answer has, with the position behind it.
local function take(c, account, got)
  local messages = {}
  for _, body in ipairs(got.bodies) do
    local ok, list = pcall(c.parse, body, account)
    if not ok then log.error("a channel could not read an update", { channel = c.name, error = tostring(list) }) end
    for _, message in ipairs(ok and shape.messages(list) or {}) do messages[#messages + 1] = message end
  end
  db.tx(function(tx)
    store.take(tx, account, messages)
    if got.position then store.keep_position(tx, account, got.position) end
  end)
end

-- One request.  The milliseconds to wait before the next, where something went wrong.
local function once(c, account)
  local request = c.poll(account, store.row(account).position)
  if not request then return FAILED_MAX_MS end
  local response, why = net.ask(request, request.timeout_s)
  local got = response and c.polled(response) or { failed = why, wait_ms = FAILED_MS }
  if got.failed then
    store.note(account, "in", got.failed)
    return got.wait_ms or FAILED_MS
  end
  take(c, account, got)
  store.note(account, "in")
  return nil
end

local function follow(c, account)
  local until_s, failed = task.clock() + ROUND_S, 0
  task.name("channel poll", c.name)
  while task.clock() < until_s and not system.is_draining() do
    local ok, wait_ms = pcall(once, c, account)
    if not ok and tostring(wait_ms) == "canceled" then error(wait_ms, 0) end
    if not ok then log.warn("a channel was not polled", { channel = c.name, error = tostring(wait_ms) }) end
    failed = (not ok or wait_ms) and failed + 1 or 0
    if failed > 0 then
      local pause = ok and wait_ms or FAILED_MS
      task.sleep(math.min(pause * 2 ^ math.min(failed - 1, 5), FAILED_MAX_MS) / 1000)
    end
  end
end

--- Job: all accounts that are polled, side by side.
function M.run()
  for _, c in ipairs(channel.list()) do
    for _, account in ipairs(c.poll and channel.accounts(c) or {}) do
      if account.enabled and account.mode == "poll" and not channel.missing(c, account) then
        task.spawn(follow, c, account)
      end
    end
  end
end

jobs.every("gateway.channels.poll", 1, "gateway.channel.poll.run")

return M
