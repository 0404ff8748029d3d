-- scripts/marketplace/a2a_stream.lua -- the stream of a task as A2A has it: what marketplace.streams tells of the
-- transaction, as updates of its task.  A status is the present one, so that no client is led back to an older.

local db = require "human.db"
local feed = require "human.feed"
local json = require "human.json"
local streams = require "marketplace.streams"
local tasks = require "marketplace.a2a_tasks"

local M = { FEED = "market.a2a" }

local PER_ROW = 100                              -- positions; what one event of a transaction may become

feed.define(M.FEED, "marketplace.a2a_stream.read", { newest = "marketplace.streams.newest" })
streams.also(M.FEED)

--- A message of a stream: the answer to the request with this id.
function M.wrapped(id, result) return json.encode { jsonrpc = "2.0", id = id, result = result } end

local function status_of(t, actor_id, text)
  return { statusUpdate = { taskId = t.id, contextId = t.context_id, status = tasks.status(t, actor_id, text) } }
end

-- What an event of a transaction means for its task.
local function updates(t, actor_id, row)
  local list, data = {}, json.decode(row.data)
  if row.event == "progress" then
    list[1] = status_of(t, actor_id, type(data.message) == "string" and data.message or nil)
  elseif row.event ~= streams.END then
    for _, artifact in ipairs(row.event == "delivery_submitted" and tasks.artifacts(t) or {}) do
      list[#list + 1] = { artifactUpdate = { taskId = t.id, contextId = t.context_id, artifact = artifact,
                                             append = false, lastChunk = true } }
    end
    if data.status == t.state then list[#list + 1] = status_of(t, actor_id) end
  end
  return list
end

--- For the feed.  follower: {id (of the request), actor_id}, as JSON.
function M.read(key, after, limit, follower)
  local rows, word = streams.read(key, math.floor(after / PER_ROW), math.max(1, math.floor(limit / PER_ROW)))
  local who, out = json.decode(follower), {}
  local t = rows[1] and db.row(tasks.sql.get, (key:gsub("^task:", "")))
  for _, row in ipairs(rows) do
    local list = updates(t, who.actor_id, row)
    for i = 1, math.min(#list, PER_ROW - 1) do
      out[#out + 1] = { id = row.id * PER_ROW + i, data = M.wrapped(who.id, list[i]) }
    end
    out[#out + 1] = { id = row.id * PER_ROW + PER_ROW - 1 }
  end
  return out, word == "end" and "end" or rows[1] and "more" or nil
end

--- Where the stream of a task is now, as a position of this feed.
function M.position(id) return streams.last(streams.of_task(id)) * PER_ROW + PER_ROW - 1 end

--- Follows a task from a position on, as the last thing that a request does.
function M.follow(out, t, position, follower, for_s)
  out:follow(M.FEED, streams.of_task(t.id), position, { arg = json.encode(follower), for_s = for_s })
end

return M
