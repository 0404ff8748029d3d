-- scripts/api/agent/messages.lua -- The events of the socket over plain HTTP.
-- For platforms without sockets: the same events, the same checks, the same log.  With
-- `Accept: text/event-stream` the answer is the actions of the run that answers the event.

local api = require "human.api"
local bus = require "human.bus"
local feed = require "human.feed"
local json = require "human.json"
local s = require "human.schema"
local events = require "agent.events"
local limits = require "agent.rules.limits"
local news_of = require "agent.news"
local store = require "agent.store"
local turn = require "agent.turn"
local view = require "api.agent.views"
require "api.agent.auth"

local M = {}
local ANSWER = "agent.answer"

feed.define(ANSWER, "api.agent.messages.answer", { newest = "agent.store.progress" })

bus.on("agent.action", news_of.action, function(news) feed.wake(ANSWER, news.agent_id) end)
bus.on("agent.access_ended", news_of.access_ended, function(gone)
  if gone.agent_id then feed.wake(ANSWER, gone.agent_id) end
end)

-- The agent's actions after number `after` that answer the event at position pos, until the run has ended or there is
-- nothing to say.
function M.answer(agent_id, after, limit, pos)
  local processed = store.processed(agent_id)     -- read first: the actions then include what it has processed
  local list, more = store.actions_after(agent_id, after, limit)
  local rows = {}
  for i, a in ipairs(list) do
    local is_ours = a.until_pos >= pos
    rows[i] = { id = a.seq, data = is_ours and a.action or nil }
    if is_ours and a.ends then return rows, "end" end
  end
  if not processed or not list[1] and processed >= pos then return rows, "end" end
  return rows, more and "more" or nil
end

local function stream(ctx, agent_id, stored)
  local out = ctx:stream()
  out:event("accepted", view.accept(stored))
  out:follow(ANSWER, agent_id, stored.seq, { arg = stored.pos, for_s = limits.stream_s })
end

local g = api.group { tag = "Events", base = "/api", auth = "agent_key" }

g:post("/agents/{id}/messages", {
  operation_id = "sendAgentMessage",
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
  return 202, view.accept(stored)
end)

return M
