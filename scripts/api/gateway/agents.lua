-- scripts/api/gateway/agents.lua -- the agents of this installation, for its operator: which there are, what happens to
-- one, and why each turn came out as it did.

local json = require "human.json"
local s = require "human.schema"
local agents = require "gateway.agents"
local why = require "gateway.why"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Agents"

local text, time = s.string:optional(), s.time:optional()
local id = s.string { min = 1, max = 64 }
local after, limit = s.cursor:optional(), s.int { min = 1, max = 200 }:default(50)
local micros = s.number:optional():describe "millionths of a US dollar; without it: the price is not known"

local function each(rows, fn)
  local list = json.array {}
  for i, row in ipairs(rows) do list[i] = fn(row) end
  return list
end

-- ---- which there are ------------------------------------------------------------------------------------------------

local Agent = s.object {
  { "id", s.string }, { "name", s.string }, { "description", s.string }, { "status", s.string },
  { "doing", s.enum { "idle", "waiting", "thinking" } }, { "userId", s.string }, { "user", s.string },
  { "personality", text }, { "model", text:describe "of its own; without it: the server's choice" },
  { "lastEventAt", time }, { "runs", s.number }, { "tokens", s.number }, { "costMicros", s.number },
}

local function agent_of(row)
  return { id = row.id, name = row.name, description = row.description, status = row.status,
           doing = row.thinks and "thinking" or row.waits and "waiting" or "idle", userId = row.user_id,
           user = row.user_name or row.email, personality = row.personality, model = row.model,
           lastEventAt = row.last_event_at, runs = row.runs, tokens = row.tokens, costMicros = row.cost_micros }
end

g:rpc("agents.search", {
  summary = "The agents of the agent API, of all users, newest first", roles = surface.READERS,
  params = { search = s.string { min = 1, max = 100, trim = true }:optional()
               :describe "part of its name or of its user's address, or its id", limit = limit, after = after },
  result = { agents = s.array(Agent), nextCursor = after },
}, function(ctx, p)
  local rows, next_cursor = agents.search(ctx, p)
  return { agents = each(rows, agent_of), nextCursor = next_cursor }
end)

-- ---- what happens to one --------------------------------------------------------------------------------------------

local Decision = s.object {
  { "at", s.time }, { "rule", s.string }, { "verdict", s.string },
  { "bundle", s.string:describe "of scripts, that decided" },
  { "ref", text:describe "what it was for: a run, an event" },
  { "inputs", s.string:describe "what the rule was asked, as JSON" },
  { "isWhole", s.bool:describe "false: inputs is the beginning" }, { "output", s.string:describe "as JSON" },
}

local function decision_of(row)
  return { at = row.at, rule = row.rule, verdict = row.verdict, bundle = row.bundle, ref = row.ref,
           inputs = row.inputs, isWhole = row.is_whole, output = row.output }
end

g:rpc("agents.decisions", {
  summary = "What rules have decided about an agent, newest first", roles = surface.READERS,
  params = { agentId = id, limit = limit, after = after },
  result = { decisions = s.array(Decision), nextCursor = after },
}, function(ctx, p)
  local rows, next_cursor = agents.decisions(ctx, p)
  return { decisions = each(rows, decision_of), nextCursor = next_cursor }
end)

g:event("agents.happened", {
  summary = "Something has happened to an agent that this connection watches", payload = { agentId = s.string },
})

g:rpc("agents.watch", {
  summary = "Hear of what happens to an agent, on this connection", roles = surface.READERS,
  description = "Each event is a hint to ask again. A connection watches twenty agents, and the oldest is left for one "
    .. "more.",
  params = { agentId = id }, result = { watching = s.bool },
}, function(ctx, p)
  local is_socket = type(ctx.conn.data) == "table"
  if is_socket then agents.watch(ctx.conn, p.agentId) end
  return { watching = is_socket }
end)

-- ---- why ------------------------------------------------------------------------------------------------------------

local Run = s.object {
  { "id", s.string }, { "agentId", s.string }, { "agent", s.string }, { "sessionKey", text }, { "state", text },
  { "reason", text:describe "how it ended" }, { "errorCode", text }, { "provider", text }, { "model", text },
  { "inputTokens", s.number:optional() }, { "outputTokens", s.number:optional() }, { "costMicros", micros },
  { "attempts", s.int:optional() }, { "createdAt", time:describe "when it was asked for, where that is known" },
  { "startedAt", s.time }, { "finishedAt", time },
  { "verdict", s.json:optional():describe "what the agent's rule had said that it should do" },
}
local Call = s.object {
  { "at", s.time }, { "durationMs", s.number }, { "provider", s.string }, { "model", s.string }, { "status", s.string },
  { "errorCode", text }, { "attempts", s.int }, { "inputTokens", s.number }, { "outputTokens", s.number },
  { "estimated", s.bool }, { "costMicros", micros },
}
local Tool = s.object {
  { "step", s.int }, { "name", s.string }, { "arguments", s.string }, { "status", s.string }, { "result", text },
  { "startedAt", time }, { "finishedAt", time },
}
local Prompt = s.object {
  { "step", s.int }, { "at", s.time }, { "system", s.string }, { "messages", s.json { max = 1048576 } },
  { "tools", s.json }, { "bytes", s.number }, { "isWhole", s.bool },
}
local Action = s.object { { "id", s.string }, { "type", s.string }, { "content", s.json { max = 1048576 } },
                          { "at", s.time } }

local function run_of(r)
  return { id = r.id, agentId = r.agent_id, agent = r.agent, sessionKey = r.session_key, state = r.state,
           reason = r.reason, errorCode = r.error_code, provider = r.provider, model = r.model,
           inputTokens = r.input_tokens, outputTokens = r.output_tokens, costMicros = r.cost_micros,
           attempts = r.attempts, createdAt = r.created_at, startedAt = r.started_at, finishedAt = r.finished_at,
           verdict = r.verdict }
end

local function call_of(c)
  return { at = c.created_at, durationMs = c.duration_ms, provider = c.provider, model = c.model, status = c.status,
           errorCode = c.error_code, attempts = c.attempts, inputTokens = c.input_tokens,
           outputTokens = c.output_tokens, estimated = c.estimated, costMicros = c.cost_micros }
end

local function tool_of(t)
  return { step = t.step, name = t.tool, arguments = t.arguments, status = t.status, result = t.result,
           startedAt = t.called_at, finishedAt = t.ended_at }
end

local function prompt_of(p)
  return { step = p.step, at = p.created_at, system = p.system, messages = p.messages, tools = p.tools,
           bytes = p.bytes, isWhole = p.is_whole }
end

local function action_of(a) return { id = a.id, type = a.type, content = a.content, at = a.created_at } end

g:rpc("runs.describe", {
  summary = "Why a turn came out as it did: decisions, prompts as sent, calls of models and tools, cost and time",
  description = "Everything is as it was recorded then. Decisions and prompts are kept for decisions.keep_days; "
    .. "prompts of the agent API are not kept.",
  roles = surface.READERS, params = { runId = id },
  result = { run = Run, decisions = s.array(Decision), calls = s.array(Call), tools = s.array(Tool),
             prompts = s.array(Prompt), actions = s.array(Action) },
  errors = { "run_not_found" },
}, function(ctx, p)
  local found = why.describe(p.runId) or ctx:fail "run_not_found"
  local decisions = each(found.decisions, decision_of)
  return { run = run_of(found.run), decisions = decisions, calls = each(found.calls, call_of),
           tools = each(found.tools, tool_of), prompts = each(found.prompts, prompt_of),
           actions = each(found.actions, action_of) }
end)

return M
