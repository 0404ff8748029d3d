-- host/lua/decisions.lua -- asks rules and records their decisions in the table rule_decisions.
-- A rule gets a copy of exactly what is recorded (plain data, secrets masked): it cannot change its caller's
-- data, and a replay asks the same question.  A decision made in a transaction
-- is written with its commit; a denial survives the rollback that it causes.

local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local host = require "human.core.host"
local json = require "human.json"
local log = require "human.log"
local metrics = require "human.metrics"
local rules = require "human.scripts.rules"
local texts = require "human.text"

local M = {}
local INPUT_MAX = 65536                          -- bytes of JSON; larger inputs are not kept whole
local HEAD_MAX = 1000                            -- bytes of larger inputs that are kept
local DEPTH_MAX = 32
local LABELS_MAX = 20                            -- verdicts of one rule that are counted separately
local UNKEPT = {}                                -- stands for a decision that is not recorded
local FORGET_BATCH, FORGET_BATCHES = 1000, 500   -- for one run of forget()

M.INPUT_MAX = INPUT_MAX
M.sql = {
  insert = [[insert into rule_decisions (bundle, rule, ref, subject, verdict, inputs, complete, output, share)
    select bundle, rule, ref, subject, verdict, inputs, complete, output, share
    from jsonb_to_recordset($1::jsonb) as d(bundle text, rule text, ref text, subject text, verdict text,
      inputs jsonb, complete boolean, output jsonb, share real)]],
  forget = [[delete from rule_decisions where ctid = any (array(select ctid from rule_decisions
    where at < now() - $1::int * interval '1 day' order by at limit $2::int))]],
}

metrics.describe("human_rule_decisions_total", "Decisions of rules, by rule and verdict.")
metrics.describe("human_rule_decisions_unkept_total", "Decisions that were not recorded, as their rule says.")
metrics.describe("human_rule_decisions_forgotten_total", "Recorded decisions deleted for their age.")

-- Inputs ----------------------------------------------------------------------------------------------

local copy

local function copy_table(v, depth)
  if depth > DEPTH_MAX then error("inputs of a rule are nested too deep, or a cycle", 0) end
  if getmetatable(v) ~= nil and not json.is_array(v) then
    error("inputs of a rule must be plain data, not an object", 0)
  end
  local out = json.is_array(v) and json.array {} or {}
  for k, x in next, v do out[k] = copy(x, k, depth + 1) end
  return out
end

-- Copies a value and masks secrets; null becomes nil.
function copy(v, name, depth)
  local t = type(v)
  if t == "string" then return log.mask(v, name) end
  if t == "table" then return copy_table(v, depth) end
  if v == json.null then return nil end
  if t == "number" or t == "boolean" or t == "nil" then return v end
  error("inputs of a rule must be plain data, not a " .. t, 0)
end

-- Recorded inputs as arguments of a rule: null becomes nil, other values stay as they are.
function M.arguments(inputs)
  for k, x in next, inputs do
    if x == json.null then inputs[k] = nil
    elseif type(x) == "table" then M.arguments(x) end
  end
  return inputs
end

local function fits_jsonb(text)
  return not text:find("\\u0000", 1, true) and host.utf8_ok(text)
end

local function utf8_head(text)
  local head = texts.cut(text, HEAD_MAX)
  return host.utf8_ok(head) and head or head:gsub("[\128-\255]", "?")
end

-- {arguments} as JSON, and whether it is complete.
local function encoded(args, n)
  local list = {}
  for i = 1, n do list[i] = args[i] == nil and json.null or args[i] end
  local text = json.encode(json.array(list))
  if #text <= INPUT_MAX and fits_jsonb(text) then return text, true end
  return json.encode { truncated = true, bytes = #text, head = utf8_head(text):gsub("\\u0000", "?") }, false
end

-- Metrics ---------------------------------------------------------------------------------------------

local counted = {}                               -- rule -> {label = true, n = how many}

local function count(rule, label)
  local labels = counted[rule] or { n = 0 }
  counted[rule] = labels
  if not labels[label] then
    if labels.n >= LABELS_MAX then label = "other" end
    labels.n, labels[label] = labels.n + 1, true
  end
  metrics.add("human_rule_decisions_total", 1, { rule = rule, verdict = label })
end

-- Asking ----------------------------------------------------------------------------------------------

local function recorded_output(v)
  local text = json.encode(v == nil and json.null or v)
  if #text <= INPUT_MAX and fits_jsonb(text) then return text, true end
  return json.encode { truncated = true, bytes = #text }, false
end

local function is_denial(answer) return rules.is_verdict(answer) and answer.verdict == "deny" end

-- The share of such decisions to record: all denials and failures; of the others, the share that the rule declares.
local function share_of(rule, label, answer, failed)
  local keep = rule.keep
  if not keep or failed or is_denial(answer) then return 1 end
  if type(keep) == "number" then return keep end
  return keep[label] or keep[label:match "^%S+"] or 1
end

-- Counts the decision, and draws whether to record it: the share that it stands for, or nil.
local function drawn(rule, label, answer, failed)
  local share = share_of(rule, label, answer, failed)
  count(rule.name, label)
  if share >= 1 or crypto.random() < share then return share end
  metrics.add("human_rule_decisions_unkept_total", 1, { rule = rule.name })
  return nil
end

-- failed: from rules.ask, or nil.  If a rule failed, the answer is a substitute, not the rule's.
local function row_of(rule, about, inputs, answer, failed)
  local output = rules.output(answer)
  local label = failed and "failed" or rules.label(output)
  local share = drawn(rule, label, answer, failed)
  if not share then return UNKEPT end
  local said, complete = inputs()
  if failed then output = { failed = texts.cut(failed.error, HEAD_MAX), by = failed.by, instead = output } end
  local text, whole = recorded_output(output)
  return {
    survives = is_denial(answer),
    row = { bundle = rule.bundle, rule = rule.name, ref = about.ref, subject = about.subject, verdict = label,
            inputs = json.raw(said), complete = complete and whole, output = json.raw(text), share = share },
  }
end

--- Asks a rule.  fn: a function of a rule module, as `require` gave it; about: {ref = what it is for (run,
--- request), subject = whom it concerns}, texts, both optional; then the rule's inputs: plain data.
--- Returns the rule's answer (one value) and the decision, which the caller has to record.
function M.ask(fn, about, ...)
  local rule = rules.about(fn)
  if not rule then error("decisions.ask: not a function of a rule module", 2) end
  local n, given = select("#", ...), { ... }
  local function copies()                        -- a failed rule may have changed its arguments
    local list = { n = n }
    for i = 1, n do list[i] = copy(given[i], nil, 1) end
    return list
  end
  local args, text, complete = copies(), nil, nil
  if not rule.keep then text, complete = encoded(args, n) end
  local answer, failed = rules.ask(fn, copies, unpack(args, 1, n))
  local function inputs()                        -- encoded late: most decisions may not be recorded
    if text then return text, complete end
    return encoded(copies(), n)
  end
  return answer, row_of(rule, about or {}, inputs, answer, failed)
end

local function statement(entries)
  local rows = {}
  for i, entry in ipairs(entries) do rows[i] = entry.row end
  return M.sql.insert, json.encode(json.array(rows))
end

db.on_end(statement)

--- Records a decision of ask().  q: a transaction (written with its commit) or human.db (written now, or
--- with the commit of the task's transaction).  Writes nothing when the rule's sampling leaves this one out.
function M.record(q, decision)
  if decision == UNKEPT then return end
  local tx = q.keep and q or db.current_tx()
  if tx then return tx:keep(decision) end
  db.exec(statement { decision })
end

--- Asks and records at once; returns the rule's answer.
function M.decide(q, fn, about, ...)
  local answer, decision = M.ask(fn, about, ...)
  M.record(q, decision)
  return answer
end

--- The same, and a denial fails the request with its code (of about.errors, or the catalogue in service).
function M.enforce(q, fn, about, ...)
  local answer = M.decide(q, fn, about, ...)
  if is_denial(answer) then
    fail.throw(answer.code, answer.data, about and about.errors)
  end
  return answer
end

-- Keeping ---------------------------------------------------------------------------------------------

--- Deletes decisions older than `days`, in a limited number of batches: the next run continues.  Returns how many
--- it deleted.
function M.forget(days)
  local total = db.sweep(M.sql.forget, FORGET_BATCH, FORGET_BATCHES, days, FORGET_BATCH)
  if total > 0 then metrics.add("human_rule_decisions_forgotten_total", total) end
  return total
end

return M
