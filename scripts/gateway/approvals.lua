-- scripts/gateway/approvals.lua -- calls that wait until somebody allows them, as rows: nothing is held meanwhile.
-- The first answer counts. It covers the arguments that were shown (gateway.act compares their hash before it runs).
-- An approval that nobody answers in time becomes a denial (queue: session.expire).

local db = require "human.db"
local decisions = require "human.decisions"
local json = require "human.json"
local queue = require "human.queue"
local time = require "human.time"
local approve = require "gateway.approve"
local calls = require "gateway.calls"
local news = require "gateway.news"
local rules = require "gateway.rules.tools"
local runs = require "gateway.run"
local store = require "gateway.store"
local tools = require "gateway.tools"
local words = require "gateway.approve_words"

local M = {}

local DECISIONS = { ["allow-once"] = true, ["allow-always"] = true, ["allow-prefix"] = true, deny = true }
local ANSWERS = { deny = "The operator denied it.", expired = "Nobody approved it in time, so it was denied." }
local LIST_MAX = 1000

M.sql = {
  list = [[select p.id, p.risk, p.reason, p.allows_always, p.prefix, p.arguments_hash, p.created_at, p.expires_at,
      p.run_id, c.tool, c.arguments, a.session_key
    from gateway_approvals p join gateway_calls c on c.id = p.call_id join agents a on a.id = p.session_id
    where p.decision is null and p.expires_at > human_now() order by p.created_at, p.id limit $1::int]],
  session = "select session_id from gateway_approvals where id = $1",
  get = [[select p.id, p.run_id, p.call_id, p.decision, p.allows_always, p.prefix, p.arguments_hash,
      p.expires_at <= human_now() as is_late, c.tool, c.arguments, c.step
    from gateway_approvals p join gateway_calls c on c.id = p.call_id
    where p.id = $1]],
  decide = [[update gateway_approvals set decision = $2, decided_by = $3, decided_at = human_now() where id = $1]],
  allow = "update gateway_calls set status = 'allowed' where id = $1 and status = 'asked'",
  deny = [[update gateway_calls set status = 'denied', result = $2, result_bytes = octet_length($2),
      finished_at = human_now() where id = $1 and status = 'asked']],
  always = [[insert into gateway_always (agent_id, tool, subject, decided_by) values ($1, $2, $3, $4)
    on conflict do nothing]],
}

local function shown(row)
  local always, by_prefix = tools.covers(row.tool, row.prefix and json.decode(row.prefix))
  return {
    id = row.id, tool = row.tool, arguments = row.arguments, argumentsHash = row.arguments_hash, risk = row.risk,
    reason = row.reason, why = words.why(row.reason), allowsAlways = row.allows_always,
    alwaysCovers = row.allows_always and always or nil, prefixCovers = by_prefix,
    sessionKey = row.session_key, session_key = row.session_key, runId = row.run_id,
    createdAtMs = time.parse(row.created_at), expiresAtMs = time.parse(row.expires_at),
    request = { command = tools.command(row.tool, json.decode(row.arguments)), tool = row.tool,
                sessionKey = row.session_key, ask = "on-miss" },
  }
end

-- ---- what else waits ---------------------------------------------------------------------------------------

local others = {}

--- Declares, while scripts load, where approvals come from that are no calls of tools: o = {knows = fn(id) (whether an
--- id may be one of its), list = fn(most), shown = fn(tx, id, place), decide = fn(tx, id, decision, by, hash)}, which
--- do what M.list, M.shown and M.decide do.
function M.source(o) others[#others + 1] = o end

local function source_of(approval_id)
  for _, o in ipairs(others) do
    if o.knows(approval_id) then return o end
  end
end

--- Those that are open, oldest first, as the event exec.approval.requested has them.
function M.list()
  local list = {}
  for i, row in ipairs(db.query(M.sql.list, LIST_MAX)) do list[i] = shown(row) end
  for _, o in ipairs(others) do
    for _, one in ipairs(o.list(LIST_MAX)) do list[#list + 1] = one end
  end
  table.sort(list, function(a, b)
    if a.createdAtMs ~= b.createdAtMs then return a.createdAtMs < b.createdAtMs end
    return a.id < b.id
  end)
  return list
end

--- How an approval was shown in a chat, place = {channel, account, chat}: {is_whole}, or nil: it was not.
function M.shown(tx, approval_id, place)
  local o = source_of(approval_id)
  return (o or approve).shown(tx, approval_id, place)
end

-- "always" of what was shown: this call, or how it begins.
local function allow_always(tx, run, approval, by, by_prefix)
  local tool = tools.get(approval.tool)
  if not tool then return end                    -- it is off by now; "" would be all uses of it
  local subject = by_prefix and tools.prefix_subject(json.decode(approval.prefix))
    or tool.subject(json.decode(approval.arguments))
  tx:exec(M.sql.always, run.parent_id, approval.tool, subject, by)
end

-- Carries a decision out; the session is locked.
local function carry_out(tx, session, approval, decision, by)
  local run, by_prefix = runs.get(tx, approval.run_id), decision == "allow-prefix"
  if by_prefix then decision = "allow-always" end
  tx:exec(M.sql.decide, approval.id, decision, by.id)
  if decision == "allow-always" then allow_always(tx, run, approval, by.id, by_prefix) end
  if decision == "deny" or decision == "expired" then
    tx:exec(M.sql.deny, approval.call_id, ANSWERS[decision])
    local call = { id = approval.call_id, tool = approval.tool, arguments = approval.arguments }
    local told = calls.told(run, call, { result = ANSWERS[decision], status = "denied", success = false })
    news.after(tx, "agent.tool", told)
  else
    tx:exec(M.sql.allow, approval.call_id)
  end
  approve.tell(tx, approval, decision, by)
  news.after(tx, "exec.approval.resolved", { id = approval.id, decision = decision, resolvedBy = by.id,
    ts = time.now_ms(), runId = run.id, sessionKey = run.session_key, session_key = run.session_key })
  if run.state == "acting" and run.step == approval.step then calls.advance(tx, session, run) end
end

-- The approval, locked with its session; nil when there is none.
local function open(tx, approval_id)
  local session_id = tx:value(M.sql.session, approval_id)
  local session = session_id and store.lock(tx, session_id)
  if not session then return nil end
  return tx:row(M.sql.get, approval_id), session
end

local function answered(approval)
  if approval.decision == "void" or approval.decision == "expired" then return nil, "not_found" end
  return { resolved = false, decision = approval.decision }
end

--- Whether somebody may answer an approval. by: {role}, or {facts} of who is in a chat.  q: a transaction or human.db.
function M.may(q, approval_id, by)
  return decisions.decide(q, rules.may_approve, { ref = approval_id }, by.facts or { role = by.role })
end

--- M.resolve in a transaction of the caller, of somebody who may.  by: {id, name (for people), channel, account, chat
--- (of a chat)}.  The name of the tool is the third value, where what it returns does not say what was done (said).
function M.decide(tx, approval_id, decision, by, hash)
  if not DECISIONS[decision] then return nil, "invalid" end
  local o = source_of(approval_id)
  if o then return o.decide(tx, approval_id, decision, by, hash) end
  local approval, session = open(tx, approval_id)
  if not approval then return nil, "not_found" end
  if approval.decision then return answered(approval) end
  if approval.is_late then return nil, "not_found" end
  if hash and hash ~= approval.arguments_hash then return nil, "conflict" end
  if decision == "allow-always" and not approval.allows_always then return nil, "invalid" end
  if decision == "allow-prefix" and not (approval.allows_always and approval.prefix) then return nil, "invalid" end
  queue.cancel(tx, runs.EXPIRE, approval_id)
  carry_out(tx, session, approval, decision, by)
  if decision == "allow-prefix" then decision = "allow-always" end
  return { resolved = true, decision = decision }, nil, approval.tool
end

--- Answers an approval: "allow-once", "allow-always", "allow-prefix" (always, and whatever follows those of its first
--- words that were shown; from then on it is called "allow-always") or "deny". by: {id (who it is, for the record),
--- role}. hash: that of the arguments that were shown (optional; another one is refused).  Returns {resolved,
--- decision}: resolved is false when somebody has answered before, with that decision; of what is no call of a tool
--- also {said, not_carried_out}; or nil and "invalid", "forbidden", "not_found", "conflict".
function M.resolve(approval_id, decision, by, hash)
  by = type(by) == "table" and by or {}
  if not M.may(db, approval_id, by) then return nil, "forbidden" end
  return db.tx(function(tx) return M.decide(tx, approval_id, decision, by, hash) end)
end

--- A row of the queue, due when an approval expires.
function M.expire(row)
  db.tx(function(tx)
    local approval, session = open(tx, row.payload.approval)
    if approval and not approval.decision then carry_out(tx, session, approval, "expired", {}) end
    row:done(tx)
  end)
end

queue.define(runs.EXPIRE, "gateway.approvals.expire", { attempts = 1000, backoff = { 1, 10, 60 }, lease_s = 10 })

return M
