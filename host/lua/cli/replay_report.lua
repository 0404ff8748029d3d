-- host/lua/cli/replay_report.lua -- the report of human.replay for people and for programs.

local json = require "human.json"
local texts = require "human.text"

local M = {}
local INPUTS_MAX, VALUE_MAX, FACT_MAX = 300, 200, 80 -- bytes of JSON in the text form

local function cut(text, max)
  if #text <= max then return text end
  return texts.cut(text, max) .. "..."
end

local function plural(n, noun) return n .. " " .. noun .. (n == 1 and "" or "s") end

local function write_changes(out, report)
  local last
  for _, group in ipairs(report.groups) do
    if group.rule ~= last then out[#out + 1], last = group.rule, group.rule end
    local other = group.from == group.to and " (another value)" or ""
    out[#out + 1] = ("  %6d  %s -> %s%s"):format(group.count, group.from, group.to, other)
  end
  if #report.errors > 0 then out[#out + 1] = "failed" end
  for _, e in ipairs(report.errors) do out[#out + 1] = ("  %6d  %s: %s"):format(e.count, e.rule, e.message) end
end

local function is_table_list(v) return type(v) == "table" and type(v[1]) == "table" end

-- What a rule read, in order: `others=3 messages[1].text="hello" typing_ms=null`.
local function read_line(list)
  local words = {}
  for i, e in ipairs(list) do
    local value = e.value == nil and "null" or json.encode_sorted(e.value)
    words[i] = e.path .. "=" .. (is_table_list(e.value) and ("[%d items]"):format(#e.value) or cut(value, FACT_MAX))
  end
  return table.concat(words, " ")
end

local function write_sample(out, s)
  out[#out + 1] = ("#%d  %s  %s%s%s"):format(s.id, s.at, s.rule, s.ref and "  ref " .. s.ref or "",
    s.subject and "  subject " .. s.subject or "")
  out[#out + 1] = "    asked  " .. cut(s.inputs, INPUTS_MAX)
  out[#out + 1] = "    said   " .. cut(s.was, VALUE_MAX)
  out[#out + 1] = "    now    " .. (s.now and cut(s.now, VALUE_MAX) or "fails: " .. s.problem)
  if s.read then out[#out + 1] = "    read   " .. cut(read_line(s.read), INPUTS_MAX) end
end

-- Sorts by rule, the largest groups of a rule first.
local function by_rule(report)
  table.sort(report.groups, function(a, b)
    if a.rule ~= b.rule then return a.rule < b.rule end
    if a.count ~= b.count then return a.count > b.count end
    return a.from .. a.to < b.from .. b.to
  end)
end

-- What was replayed: one file in place of a rule, or all edits.
local function subject_of(report)
  local words = {}
  for i, e in ipairs(report.edits) do words[i] = e.file == e.path and e.path or e.file .. " as " .. e.path end
  return table.concat(words, ", ")
end

--- The report as lines for a terminal.
function M.text(report)
  local out = { ("%s: %s%s"):format(subject_of(report), plural(report.examined, "decision"),
    report.since and " since " .. report.since or "") }
  out[2] = ("%d unchanged, %d changed, %d failed, %d skipped"):format(report.unchanged, report.changed,
    report.failed, report.skipped)
  if report.skipped > 0 then out[#out + 1] = "(skipped: too large to have been kept whole)" end
  if report.taken > report.examined then
    local more = report.taken - report.examined
    out[#out + 1] = ("(about %d more were taken and not kept, as their rules say)"):format(more)
  end
  if report.examined == report.limit then out[#out + 1] = "(--limit reached: there may be older ones)" end
  by_rule(report)
  if report.changed + report.failed > 0 then out[#out + 1] = "" end
  write_changes(out, report)
  if #report.sample > 0 then out[#out + 1] = "" end
  for _, s in ipairs(report.sample) do write_sample(out, s) end
  return table.concat(out, "\n") .. "\n"
end

local function read_of(list)
  local out = json.array {}
  for i, e in ipairs(list) do out[i] = { path = e.path, value = e.value == nil and json.null or e.value } end
  return out
end

local function sample_of(s)
  return { id = s.id, at = s.at, rule = s.rule, bundle = s.bundle, ref = s.ref, subject = s.subject, what = s.what,
           from = s.from, to = s.to, problem = s.problem, inputs = json.raw(s.inputs), was = json.raw(s.was),
           now = s.now and json.raw(s.now), read = s.read and read_of(s.read) }
end

local function array(list)
  local out = json.array {}
  for i, v in ipairs(list) do out[i] = v end
  return out
end

--- The same as a value to be written as JSON.
function M.data(report)
  by_rule(report)
  local sample = json.array {}
  for i, s in ipairs(report.sample) do sample[i] = sample_of(s) end
  return {
    edits = array(report.edits or {}), since = report.since, limit = report.limit,
    rules = array(report.rules), bundles = report.bundles, examined = report.examined, taken = report.taken,
    unchanged = report.unchanged, changed = report.changed, failed = report.failed, skipped = report.skipped,
    groups = array(report.groups), errors = array(report.errors), sample = sample,
  }
end

--- The same as one JSON document.
function M.json(report)
  return json.encode_sorted(M.data(report), {
    "edits", "file", "path", "since", "limit", "rules", "bundles", "examined", "taken", "unchanged", "changed",
    "failed", "skipped", "groups", "errors", "sample", "id", "at", "rule", "bundle", "from", "to", "count", "path",
    "value",
  }) .. "\n"
end

return M
