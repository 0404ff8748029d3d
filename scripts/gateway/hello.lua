-- scripts/gateway/hello.lua -- the greeting of a client: who we are, what there is, and what the client may do.

local json = require "human.json"
local s = require "human.schema"
local system = require "human.system"

local M = {}

M.PROTOCOL = 1                                   -- of this protocol
M.ANCESTOR = { 3, 4 }                            -- versions of its ancestor, whose clients say what they speak
M.MESSAGE_MAX = 4 * 1024 * 1024 + 65536          -- a million characters of four bytes, and what is around them
M.QUEUE_MAX = 4 * 1024 * 1024
M.TICK_S = 15

M.SCOPES = {
  operator = { "operator.admin", "operator.approvals", "operator.pairing", "operator.read", "operator.write" },
  viewer = { "operator.read" },
  node = {},
}

M.schema = s.object {
  { "type", s.const "hello-ok" },
  { "protocol", s.int },
  { "server", s.object { { "version", s.string }, { "connId", s.string } } },
  { "features", s.object {
    { "methods", s.array(s.string) }, { "events", s.array(s.string) }, { "sessions", s.bool }, { "cron", s.bool },
    { "skills", s.bool }, { "cost_tracking", s.bool },
  } },
  { "auth", s.object { { "role", s.string:nullable() }, { "scopes", s.array(s.string) } }
    :describe "role null: sign in first" },
  { "policy", s.object { { "maxPayload", s.int }, { "maxBufferedBytes", s.int }, { "tickIntervalMs", s.int } } },
}

local features, features_text, version           -- of these scripts; they do not change

local function describe(conn)
  local methods, has = conn:methods(), {}
  for _, name in ipairs(methods) do has[name] = true end
  version = system.health().version
  features = {
    methods = json.array(methods), events = json.array(conn:events()), sessions = has["sessions.list"] or false,
    cron = has["cron.list"] or false, skills = has["skills.list"] or false,
    cost_tracking = has["usage.summary"] or false,
  }
  features_text = json.raw(json.encode_sorted(features))
end

--- The greeting of a connection, as M.schema has it.
function M.of(conn, protocol)
  if not features then describe(conn) end
  local role = conn.actor.role
  return {
    type = "hello-ok", protocol = protocol or M.PROTOCOL, server = { version = version, connId = conn.id },
    features = features,
    auth = { role = role or json.null, scopes = json.array { unpack(M.SCOPES[role] or {}) } },
    policy = { maxPayload = M.MESSAGE_MAX, maxBufferedBytes = M.QUEUE_MAX, tickIntervalMs = M.TICK_S * 1000 },
  }
end

--- The same as text; the names of all methods, which are most of it, are not written anew for everybody who comes.
function M.text(conn)
  local greeting = M.of(conn)
  greeting.features = features_text
  return json.encode_sorted(greeting, { "type" })
end

return M
