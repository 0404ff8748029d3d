-- scripts/api/agent/messages.lua -- The events of the socket over plain HTTP.
-- For platforms without sockets: the same events, the same checks, the same log.  With
-- `Accept: text/event-stream` the answer is the actions of the run that answers the event.

local api = require "human.api"
local bus = require "human.bus"
local json = require "human.json"
local s = require "human.schema"
local task = require "human.task"
local events = require "agent.events"
local limits = require "agent.rules.limits"
local news_of = require "agent.news"
local store = require "agent.store"
local turn = require "agent.turn"
local view = require "api.agent.views"
require "api.agent.auth"

local M = {}
local BATCH, LOOK_S = 100, 1
local watchers = {}                              -- agent id -> {watcher = true}; they end with their streams

bus.on("agent.action", news_of.action, function(news)
  for watcher in pairs(watchers[news.agent_id] or {}) do
    watcher.heard = true
    task.wake(watcher.task)
  end
end)

local function watch(agent_id)
  local watcher = { task = task.current(), agent_id = agent_id, heard = false }
  watchers[agent_id] = watchers[agent_id] or {}
  watchers[agent_id][watcher] = true
  return watcher
end

local function unwatch(watcher)
  local list = watchers[watcher.agent_id]
  list[watcher] = nil
  if not next(list) then watchers[watcher.agent_id] = nil end
end

-- Until news of the agent are heard; a second at most, since they may be lost.
local function wait_for_news(watcher)
  if not watcher.heard then task.wait(LOOK_S) end
  watcher.heard = false
end

-- Sends what there is after `seq`.  Returns the new seq, and true when the run has ended.
local function send_actions(out, agent_id, stored, seq)
  local list = store.actions_after(agent_id, seq, BATCH)
  for _, a in ipairs(list) do
    seq = a.seq
    if a.until_pos >= stored.pos then
      if not out:event(nil, a.action, a.seq) then return seq, true end
      if a.ends then return seq, true end
    end
  end
  return seq, false
end

local function follow(out, watcher, stored)
  local agent_id = watcher.agent_id
  local seq, over = stored.seq, false
  local until_at = task.clock() + limits.stream_s
  while not over and task.clock() < until_at do
    local processed = store.processed(agent_id)
    local before = seq
    seq, over = send_actions(out, agent_id, stored, seq)
    if not processed then return end
    if seq == before then
      if processed >= stored.pos then return end
      wait_for_news(watcher)
    end
  end
end

local function stream(ctx, agent_id, stored)
  local out = ctx:stream()
  out:event("accepted", { eventId = stored.id, duplicate = stored.duplicate })
  local watcher = watch(agent_id)
  local ok, err = pcall(follow, out, watcher, stored)
  unwatch(watcher)
  if not ok then error(err, 0) end
end

local g = api.group { tag = "Events", base = "/api", auth = "agent_key" }

g:post("/agents/{id}/messages", {
  summary = "Send an event to an agent; Accept: text/event-stream streams the actions that answer it",
  description = "The body is an event as on the socket: {type, content}, fields in content or at the top level.",
  headers = { accept = s.string:optional() },
  body = s.json { max = 1048576, nul = true }:shown(events.shape),
  reply = { [202] = view.accepted },
  events = "With Accept: text/event-stream: an `accepted` event, then the actions of the run as unnamed events",
  errors = { "unknown_event_type", "invalid_event", "agent_not_found", "mailbox_full" },
}, function(ctx, body)
  local event, err = events.parse(json.decode(body))
  if not event then ctx:fail(err.code, { message = err.message, details = err.details }) end
  local agent_id = ctx.params.id
  local stored = turn.post(ctx.actor, agent_id, event)
  if (ctx.headers.accept or ""):find("text/event-stream", 1, true) then return stream(ctx, agent_id, stored) end
  return 202, { eventId = stored.id, duplicate = stored.duplicate }
end)

return M
