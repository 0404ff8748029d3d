-- scripts/gateway/calls.lua -- the calls of tools that the model asks for in one step: judged, begun, and followed
-- until all have a result. A call declared `parallel` runs beside others; any other call runs alone, after those
-- before it.

local config = require "human.config"
local crypto = require "human.crypto"
local decisions = require "human.decisions"
local id = require "human.id"
local json = require "human.json"
local queue = require "human.queue"
local time = require "human.time"
local approve = require "gateway.approve"
local approve_words = require "gateway.approve_words"
local arriving = require "gateway.arriving"
local asker = require "gateway.asker"
local limits = require "gateway.rules.limits"
local news = require "gateway.news"
local push = require "gateway.push"
local rules = require "gateway.rules.tools"
local runs = require "gateway.run"
local skills = require "gateway.skills.prompt"
local texts = require "agent.texts"
local tools = require "gateway.tools"
local cut = require("human.text").cut

local M = {}

local APPROVALS_LOCK = 401114                    -- any number, as long as it stays the same
local FACTS_BYTES = 4096                         -- of arguments that the rule sees

M.sql = {
  insert = [[insert into gateway_calls (id, run_id, step, n, model_id, extra, tool, arguments, arguments_hash,
      is_parallel, status, result, result_bytes, finished_at)
    select c.id, $1, $2::int, c.n, c.model_id, c.extra, c.tool, c.arguments, c.hash, c.is_parallel, c.status, c.result,
      octet_length(c.result), case when c.result is not null then human_now() end
    from json_to_recordset($3::json) as c (id text, n int, model_id text, extra text, tool text, arguments text,
      hash text, is_parallel boolean, status text, result text)]],
  approval = [[insert into gateway_approvals (id, session_id, run_id, call_id, arguments_hash, risk, reason,
      allows_always, created_at, expires_at, prefix)
    values ($1, $2, $3, $4, $5, $6, $7, $8::boolean, $9::timestamptz, $10::timestamptz, $11)]],
  open_approvals = "select count(*) from gateway_approvals where decision is null",
  lock_approvals = "select pg_advisory_xact_lock($1::bigint)",
  always = [[select exists (select 1 from gateway_always where agent_id = $1 and tool = $2
    and subject in ('', $3, $4))]],
  open = [[select id, n, status, is_parallel from gateway_calls where run_id = $1 and step = $2::int
    and status in ('asked', 'allowed', 'ready', 'running', 'waiting') order by n]],
  ready = "update gateway_calls set status = 'ready' where id = $1",
}

-- What a call of the model comes to before anybody is asked: {id, n, model_id, extra, tool, arguments, hash,
-- is_parallel, status, result (why it will not run)}, and the tool.  narrowed: of gateway.skills.prompt.
local function read(call, n, run, narrowed)
  local name = texts.valid(tostring(call.name))
  local text = json.encode_sorted(call.arguments, {})
  local row = { id = id.new(), n = n, model_id = texts.valid(call.id), tool = cut(name, 200), arguments = text,
                extra = call.extra ~= nil and json.encode(call.extra) or nil, is_parallel = true, status = "failed" }
  local tool, why = tools.get(name, run)
  if #text > limits.arguments_bytes then
    row.arguments, row.result = "{}", ("The arguments are longer than %d bytes."):format(limits.arguments_bytes)
  elseif n > limits.step_calls then
    row.result = ("At most %d tools can be called at once."):format(limits.step_calls)
  elseif not tool then
    row.result = why
  else
    row.result = tool.refusal(call.arguments) or narrowed(name, call.arguments)
  end
  row.hash = crypto.sha256_hex(row.arguments)
  if not row.result then row.is_parallel = tool.parallel end
  return row, not row.result and tool or nil
end

-- What the rule says of a call.  who: kind of the asker; open: {n} approvals, which are counted again, under a lock,
-- before one is added.
local function judge(tx, run, who, row, tool, arguments, open)
  row.prefix = tool.prefix(arguments)
  row.risk = tool.risk_of and tool.risk_of(tx, run, arguments) or tool.risk
  local facts = {
    tool = tool.name, risk = row.risk, arguments = cut(row.arguments, FACTS_BYTES), open = open.n,
    level = config.security.autonomy_level, asker = who,
    always = tx:value(M.sql.always, run.parent_id, tool.name, tool.subject(arguments),
      row.prefix and tools.prefix_subject(row.prefix) or ""),
  }
  local context = { ref = run.id, subject = run.session_id }
  local verdict, decision = decisions.ask(rules.decide, context, facts)
  if verdict.action == "ask" and not open.is_locked then
    tx:query(M.sql.lock_approvals, APPROVALS_LOCK)
    open.n, open.is_locked = tx:value(M.sql.open_approvals), true
    facts.open = open.n
    verdict, decision = decisions.ask(rules.decide, context, facts)
  end
  decisions.record(tx, decision)
  return verdict
end

-- What clients are told of an approval that is open.
local function request(run, row, tool, approval)
  local arguments = json.decode(row.arguments)
  local always, by_prefix = tools.covers(tool.name, approval.prefix)
  return {
    id = approval.id, tool = tool.name, arguments = row.arguments, argumentsHash = row.hash, risk = row.risk,
    reason = approval.reason, why = approve_words.why(approval.reason), allowsAlways = approval.always_ok,
    alwaysCovers = approval.always_ok and always or nil, prefixCovers = by_prefix,
    sessionKey = run.session_key, session_key = run.session_key, runId = run.id, createdAtMs = approval.created_ms,
    expiresAtMs = approval.expires_ms,
    request = { command = tool.command(arguments), tool = tool.name, sessionKey = run.session_key, ask = "on-miss" },
  }
end

-- Returns what writes the approval down, once its call is.
local function ask_for(tx, run, row, tool, verdict)
  local now = time.now_ms()
  local approval = { id = id.new(), reason = verdict.reason, always_ok = verdict.always_ok == true, created_ms = now,
                     expires_ms = now + (verdict.expires_ms or limits.approval_ms),
                     prefix = verdict.always_ok and row.prefix or nil }
  row.status = "asked"
  return function()
    tx:ask(M.sql.approval, approval.id, run.session_id, run.id, row.id, row.hash, row.risk, approval.reason,
      approval.always_ok, time.format(now), time.format(approval.expires_ms),
      approval.prefix and json.encode_sorted(approval.prefix))
    queue.add(tx, runs.EXPIRE, approval.id, approval.expires_ms, { approval = approval.id })
    local asked = request(run, row, tool, approval)
    approve.ask(tx, run, { id = approval.id, tool = tool.name, arguments = row.arguments, risk = row.risk,
                           always_ok = approval.always_ok, always = asked.alwaysCovers, prefix = asked.prefixCovers,
                           expires_ms = approval.expires_ms })
    news.after(tx, "exec.approval.requested", asked)
    push.approval_wanted(tx, asked)
  end
end

local DENIED = { locked = "No tool may run: the operator has locked them.",
                 ["too-many-approvals"] = "Too many calls wait for approval already.",
                 ["not-yours"] = "This tool is not one of yours." }

--- What clients are told of a call.
function M.told(run, call, more)
  local payload = { id = call.id, message = call.tool, name = call.tool, arguments = call.arguments,
                    runId = run.id, sessionKey = run.session_key, session_key = run.session_key, run = run }
  for name, value in pairs(more or {}) do payload[name] = value end
  return payload
end

--- The payload of `tool.progress`: how far a call is, where the tool says so.
function M.progress(run, call, n, total, text)
  return { id = call.id, name = call.tool, runId = run.id, sessionKey = run.session_key, session_key = run.session_key,
           progress = n, total = total, message = text and cut(texts.valid(text), 500), run = run }
end

local function tell_refused(tx, run, row)
  if not row.result then return end
  news.after(tx, "agent.tool", M.told(run, row, { result = row.result, status = row.status, success = false }))
end

--- Writes down the calls of a step, in a transaction that holds the session, and begins those that may run.
function M.take(tx, session, run, list)
  local narrowed, who = skills.narrowed(tx, run.id), asker.of(tx, run).kind
  local rows, later, open = {}, {}, { n = tx:value(M.sql.open_approvals) }
  for n, call in ipairs(list) do
    local row, tool = read(call, n, run, narrowed)
    rows[n] = row
    if tool then
      local verdict = judge(tx, run, who, row, tool, call.arguments, open)
      if verdict.action == "run" then
        row.status = "allowed"
      elseif verdict.action == "ask" then
        later[#later + 1], open.n = ask_for(tx, run, row, tool, verdict), open.n + 1
      else
        row.status, row.result = "denied", DENIED[verdict.reason] or "This call is not permitted."
      end
    end
    tell_refused(tx, run, row)
  end
  tx:ask(M.sql.insert, run.id, run.step, json.encode(json.array(rows)))
  tx:ask(runs.sql.act, run.id)
  for _, write in ipairs(later) do write() end
  M.advance(tx, session, run)
end

--- Begins what may run now; when every call of the step has its result, the model is asked again.  The session is
--- locked.
function M.advance(tx, session, run)
  local any, alone = false, false
  for _, call in ipairs(tx:query(M.sql.open, run.id, run.step)) do
    local may = call.is_parallel and not alone or not any
    if call.status == "allowed" and may then
      tx:ask(M.sql.ready, call.id)
      queue.add(tx, runs.ACT, call.id, nil, { call = call.id })
    end
    any, alone = true, alone or not call.is_parallel
  end
  if any then return end
  if run.step >= config.gateway.max_steps then
    return runs.fail(tx, session, run, "too_many_steps",
      ("It was ended after %d steps (gateway.max_steps)."):format(run.step))
  end
  arriving.join(tx, run, run.step + 1)
  runs.think(tx, session.id, run.id, run.step + 1)
end

return M
