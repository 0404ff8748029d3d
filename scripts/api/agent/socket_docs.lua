-- scripts/api/agent/socket_docs.lua -- documents the agent's socket, with schemas, for /asyncapi.json.
-- agent.events and agent.action_types declare what is checked and sent; this file adds the descriptions.

local s = require "human.schema"
local action_types = require "agent.action_types"
local events = require "agent.events"

local IN = {
  { "agent-joined", "The agent is in a chat: its code, and who is there" },
  { "new-message", "Somebody said something; sent again with the same message id it is stored once" },
  { "message-edited", "Somebody changed what was said; it may come before the message" },
  { "message-deleted", "Somebody took back what was said: its text is gone; it may come before the message" },
  { "user-joined", "Somebody came" },
  { "user-left", "Somebody went" },
  { "user-typing", "Somebody types: the agent waits a little before it answers" },
  { "reaction", "Somebody reacted to a message, or took a reaction back" },
  { "timer-expired", "The platform's time is up: the session ends" },
}

local OUT = {
  { "set-typing", "Show, or hide, that the agent types" },
  { "send-message", "Post a message" },
  { "send-reply", "Post a message that answers another" },
  { "add-reaction", "React to a message" },
  { "remove-reaction", "Take a reaction of the agent's back" },
  { "agent-stopped", "The run is over; every run ends so" },
}

local details = s.array(s.object { { "path", s.string }, { "message", s.string } }):optional()
local code = s.string:describe "Stable name of the error"
local problem = { { "code", code }, { "message", s.string }, { "details", details } }

local function received()
  local list = {}
  for i, e in ipairs(IN) do
    list[i] = { name = e[1], event = "message", title = e[2],
                schema = s.object { { "type", s.const(e[1]) }, { "content", events.types[e[1]] } } }
  end
  return list
end

local function sent()
  local list, types = {}, {}
  for i, a in ipairs(OUT) do
    types[i] = a[1]
    list[i] = { name = a[1], event = "message", title = a[2], schema = action_types.schema(a[1]) }
  end
  types[#types + 1] = "action-deleted"
  list[#list + 1] = { name = "action-deleted", event = "message", schema = action_types.deleted,
    title = "Delivered again instead of a message that was deleted: nothing to do" }
  list[#list + 1] = {
    name = "watch", event = "watch", title = "What another instance of the platform is told to do, for watchers",
    schema = s.object { { "type", s.enum(types) }, { "id", s.id }, { "seq", s.int { min = 1 } } },
  }
  list[#list + 1] = {
    name = "claim", event = "claim", title = "Whether this socket carries out the agent's actions from now on",
    schema = s.object { { "executor", s.bool } },
  }
  list[#list + 1] = {
    name = "exception", event = "exception", title = "An event was refused; nothing of it was stored",
    schema = s.object { { "status", s.const "error" }, problem[1], problem[2], problem[3] },
  }
  return list
end

return {
  name = "agent", title = "An agent's chat",
  description = "Socket.IO 4 (Engine.IO 4). Connect to the namespace `/` with `auth: {agentId, apiKey}`, or with both "
    .. "in the query. Events and actions travel as the event `message`; the acknowledgement of an event says whether "
    .. "it was stored. A refused connection gets `connect_error` with `data: {statusCode, code}`.",
  handshake = s.object {
    { "agentId", s.string }, { "apiKey", s.string },
    { "lastSeq", s.int { min = 0 }:optional():describe "The last action that you have; later ones are sent at once" },
    { "claim", s.bool:optional():describe("Of all sockets with true one gets the actions as `message`, to carry out "
      .. "and to acknowledge; the others get them as `watch`") },
  },
  receives = received(), sends = sent(),
  replies = {
    { name = "stored", event = "message", title = "The acknowledgement of an event that was stored",
      schema = s.object { { "ok", s.const(true) }, { "eventId", s.id }, { "duplicate", s.bool:optional() } } },
    { name = "refused", event = "message", title = "The acknowledgement of an event that was refused",
      schema = s.object { { "ok", s.const(false) }, { "error", s.object(problem) } } },
  },
}
