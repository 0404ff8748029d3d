-- spec/e2e/scripts/gateway/api/engine/engine.lua -- the gateway's engine over HTTP, its events over a socket, and tools
-- whose effects can be counted, for specs that need no control protocol.
local api = require "human.api"
local db = require "human.db"
local exec = require "human.exec"
local json = require "human.json"
local s = require "human.schema"
local task = require "human.task"
local ends = require "gateway.ends"
local news = require "gateway.news"
local tools = require "gateway.tools"

local M = {}
local PARTS = {
  sessions = require "gateway.sessions", chat = require "gateway.chat", approvals = require "gateway.approvals",
  tools = tools, usage = require "gateway.usage",
}

news.path = "/engine/ws"

-- Tools ---------------------------------------------------------------------------------------------

local INSERT = "insert into tool_effects (name, call_id, what) values ($1, $2, $3)"
local effect = {
  type = "object", required = { "name" }, additionalProperties = false,
  properties = { name = { type = "string" }, ms = { type = "integer" } },
}

-- What cannot be undone, then a while in which whoever does it may die.
local function have_effect(call)
  db.exec(INSERT, call.arguments.name, call.id, "begin")
  if call.arguments.ms then task.sleep(call.arguments.ms / 1000) end
  db.exec(INSERT, call.arguments.name, call.id, "end")
  return "did " .. call.arguments.name
end

local function define(name, risk, more)
  local spec = { description = "Has an effect.", parameters = effect, risk = risk, timeout_ms = 30000 }
  for option, value in pairs(more or {}) do spec[option] = value end
  tools.define(name, spec, have_effect)
end

define("effect", "low", { parallel = true })
define("effect_alone", "low")
define("effect_asked", "high", { parallel = true, always_by = "name" })
define("effect_again", "low", { parallel = true, repeatable = true })
define("effect_short", "low", { parallel = true, timeout_ms = 300 })

tools.define("program", { description = "Runs for an hour.", risk = "low", timeout_ms = 600000 }, function(call)
  db.exec(INSERT, "program", call.id, "begin")
  local done, err = exec.run({ "sleep", "3607" }, { timeout_s = 3600 })
  return done and "it ended" or nil, err and err.message
end)

tools.define("flood", { description = "Says a lot.", risk = "low" }, function() return ("0123456789"):rep(10000) .. "\255\0" end)
tools.define("broken", { description = "Fails.", risk = "low" }, function() error "a bug" end)

-- What asked for a run hears how it ended, in the transaction of its end.
ends.on("spec", function(tx, run, ending)
  tx:exec(INSERT, run.cause, run.id, ending.state .. " " .. (ending.error_code or ending.text:match "^%S+"))
end)

-- Calls and events ------------------------------------------------------------------------------------

local g = api.group { tag = "Engine", base = "/engine", auth = false }

g:post("/{part}/{name}", {
  summary = "Calls a function of the engine", params = { part = s.string, name = s.string },
  body = s.object { args = s.json { max = 1000000 } }, reply = { [200] = s.object { values = s.json { max = 1000000 } } },
  idempotent = false,
}, function(ctx, body)
  local args = json.decode(body.args)
  local value, why = PARTS[ctx.params.part][ctx.params.name](unpack(args, 1, 4))
  return 200, { values = json.encode { value = value == nil and json.null or value, why = why } }
end)

g:rpc_socket("/ws", { summary = "Events", dialects = { "gateway" } })
g:rpc("join", { summary = "Hears", roles = false, params = { room = s.string }, result = { conn = s.string } }, function(ctx, params)
  ctx.conn:join(params.room == "conn" and "conn:" .. ctx.conn.id or params.room)
  return { conn = ctx.conn.id }
end)

local text = s.string:optional()
local usage = s.object { input_tokens = s.int, output_tokens = s.int, cost_micros = s.int:optional() }:optional()
g:event("chat", { summary = "Chat", payload = {
  state = s.string, message = s.string, id = s.string, runId = s.string, sessionKey = s.string, session_key = s.string,
  index = s.int:optional(), step = s.int:optional(), aborted = s.bool:optional(), error_code = text, usage = usage,
  truncated = s.bool:optional() } })
g:event("chat.chunk", { summary = "Piece", payload = {
  sessionKey = s.string, runId = s.string, id = s.string, index = s.int, content = s.string, delta = s.string,
  done = s.bool, usage = usage } })
g:event("agent.tool", { summary = "Tool", payload = {
  id = s.string, message = s.string, name = s.string, arguments = s.json, runId = s.string, sessionKey = s.string,
  session_key = s.string, result = text, status = text, success = s.bool:optional() } })
g:event("exec.approval.requested", { summary = "Asked", payload = {
  id = s.string, tool = s.string, arguments = s.json, argumentsHash = s.string, risk = s.string, reason = s.string,
  allowsAlways = s.bool, sessionKey = s.string, session_key = s.string, runId = s.string, createdAtMs = s.number,
  expiresAtMs = s.number,
  request = s.object { command = text, tool = s.string, sessionKey = s.string, ask = s.string } } })
g:event("exec.approval.resolved", { summary = "Answered", payload = {
  id = s.string, decision = s.string, resolvedBy = text, ts = s.number, runId = s.string, sessionKey = s.string,
  session_key = s.string } })
g:event("error", { summary = "Wrong", payload = {
  message = s.string, code = s.string, runId = s.string, sessionKey = s.string, session_key = s.string } })

return M
