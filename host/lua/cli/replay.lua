-- host/lua/cli/replay.lua -- replays recorded decisions: what would a rule have decided?
-- Reads rule_decisions newest first, in pages of bounded size, calls the rules of a generation that is
-- built separately (and serves nothing), and compares their answers with the recorded ones.

local db = require "human.db"
local decisions = require "human.decisions"
local json = require "human.json"
local reads = require "human.cli.replay_reads"
local rules = require "human.scripts.rules"

local M = {}
local PAGE = 50                                  -- rows of at most 2 * 64 KB: below what a query may return
local LAST_ID = "9223372036854775807"            -- of a bigint
local GROUPS_MAX = 200                           -- pairs of verdicts that are counted separately
M.FIRST = { "verdict", "action", "code", "reason" }  -- shown first of an answer

M.sql = {
  is_there = "select to_regclass('rule_decisions') is not null",
  -- The rules that have decisions, each found by one index lookup.
  rules = [[with recursive r as (
      (select rule from rule_decisions order by rule limit 1)
      union all
      select (select d.rule from rule_decisions d where d.rule > r.rule order by d.rule limit 1)
      from r where r.rule is not null)
    select rule from r where rule is not null]],
  -- The newest of each rule, by its index, and of those the newest: bounded, however rare a rule is.
  page = [[select d.* from jsonb_array_elements_text($1::jsonb) as r(name) cross join lateral (
      select id, at, to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' as place,
        bundle, rule, ref, subject, verdict, inputs, complete, output, share
      from rule_decisions
      where rule = r.name and at >= $2::timestamptz and (at, id) < ($3::timestamptz, $4::bigint)
      order by at desc, id desc limit $5::int) d
    order by d.at desc, d.id desc limit $5::int]],
}

-- Rules -----------------------------------------------------------------------------------------------

-- The rule modules of generation g that change with those named: they and all that require them, even
-- indirectly.  {module name = true}
function M.affected(g, names)
  local out, grown = {}, true
  for _, name in ipairs(names) do out[name] = true end
  while grown do
    grown = false
    for _, r in ipairs(g.rule_sources) do
      for used in pairs(g.uses[r.name] or {}) do
        if out[used] and not out[r.name] then out[r.name], grown = true, true end
      end
    end
  end
  return out
end

local function add_functions(out, name, members)
  for k, v in pairs(members) do
    local full = name .. "." .. tostring(k)
    if type(v) == "function" then out[full] = v
    elseif type(v) == "table" and k ~= "examples" then add_functions(out, full, v) end
  end
end

-- {rule = function} of those modules.
local function functions_of(g, modules)
  local out = {}
  for _, r in ipairs(g.rule_sources) do
    if modules[r.name] then add_functions(out, r.name, r.mod) end
  end
  return out
end

local function is_of(rule, modules)
  for name in pairs(modules) do
    if rule:sub(1, #name + 1) == name .. "." then return true end
  end
  return false
end

-- Names of the recorded rules that belong to those modules.
local function recorded_rules(modules)
  local list = json.array {}
  for _, row in ipairs(db.query(M.sql.rules)) do
    if is_of(row.rule, modules) then list[#list + 1] = row.rule end
  end
  return list
end

-- Calling rules ----------------------------------------------------------------------------------------------

-- The value of a JSON text as rules see it; scalars, too.
local function value_of(text)
  local list = assert(json.decode("[" .. text .. "]"))
  return decisions.arguments(list)[1]
end

-- The recorded arguments and their number; a null at the end counts.
local function arguments_of(text)
  local list = assert(json.decode(text))
  local n = #list
  return decisions.arguments(list), n
end

-- The output of fn as it would be recorded, or nil and the reason.
local function answer(fn, row)
  if not fn then return nil, "there is no function " .. row.rule .. " any more" end
  local args, n = arguments_of(row.inputs)
  local ok, result = rules.try(fn, unpack(args, 1, n))
  if not ok then return nil, result end
  local said, text = pcall(json.encode_sorted, rules.output(result), M.FIRST)
  if not said then return nil, "its answer is not plain data: " .. tostring(text) end
  return { value = result == nil and nil or value_of(text), text = text }
end

local Report = {}
Report.__index = Report

local function counted(list, by_name, name, fields)
  local entry = by_name[name]
  if not entry then
    if #list >= GROUPS_MAX then return end
    entry = fields
    entry.count = 0
    by_name[name], list[#list + 1] = entry, entry
  end
  entry.count = entry.count + 1
end

-- The text with its names in a fixed order, however it was stored.
local function in_order(text) return json.encode_sorted(assert(json.decode("[" .. text .. "]"))[1], M.FIRST) end

-- The facts that fn read to get to `label` (nil: to fail), or nil.
local function facts_read(fn, row, label)
  if not fn then return nil end
  local args, n = arguments_of(row.inputs)
  return reads.of(fn, args, n, label)
end

function Report:keep(row, what, more, fn)
  if #self.sample >= self.sample_max then return end
  local entry = { id = row.id, at = row.at, rule = row.rule, bundle = row.bundle, ref = row.ref,
                  subject = row.subject, what = what, from = row.verdict, inputs = in_order(row.inputs),
                  was = in_order(row.output), read = facts_read(fn, row, more.to) }
  for k, v in pairs(more) do entry[k] = v end
  self.sample[#self.sample + 1] = entry
end

function Report:look(row, fn)
  self.examined, self.taken = self.examined + 1, self.taken + 1 / row.share
  self.bundles[row.bundle] = (self.bundles[row.bundle] or 0) + 1
  if not row.complete then
    self.skipped = self.skipped + 1
    return
  end
  local now, problem = answer(fn, row)
  if not now then
    self.failed = self.failed + 1
    counted(self.errors, self.by_error, row.rule .. problem, { rule = row.rule, message = problem })
    return self:keep(row, "failed", { problem = problem }, fn)
  end
  if rules.same(now.value, value_of(row.output)) then
    self.unchanged = self.unchanged + 1
    return
  end
  self.changed = self.changed + 1
  local to = rules.label(now.value)
  counted(self.groups, self.by_group, ("%s\0%s\0%s"):format(row.rule, row.verdict, to),
    { rule = row.rule, from = row.verdict, to = to })
  self:keep(row, "changed", { to = to, now = now.text }, fn)
end

local function biggest_first(a, b)
  if a.count ~= b.count then return a.count > b.count end
  return a.rule .. (a.from or a.message) < b.rule .. (b.from or b.message)
end

local function finished(report)
  table.sort(report.groups, biggest_first)
  table.sort(report.errors, biggest_first)
  report.by_group, report.by_error = nil, nil
  report.taken = math.floor(report.taken + 0.5)
  return setmetatable(report, nil)
end

--- Calls the rules of generation g again.  options: modules (their names; includes those that require
--- them), since (a time that PostgreSQL reads, or nil), limit (of decisions), sample (how many to
--- show).  Returns {examined, taken (about how many decisions those stand for: rules may keep a share), unchanged,
--- changed, failed, skipped, rules = {name, ..}, bundles = {hash = count}, groups = {{rule, from, to, count}},
--- errors = {{rule, message, count}}, sample = {{id, at, rule, bundle, ref, subject, what = "changed" | "failed",
--- from, to, inputs, was, now (JSON texts), problem, read = {{path, value}, ..} (human.replay_reads)}}},
--- or nil if this database has never recorded a decision.  Awaits.
function M.run(g, options)
  if not db.value(M.sql.is_there) then return nil end
  local modules = M.affected(g, options.modules)
  local functions, names = functions_of(g, modules), recorded_rules(modules)
  local report = setmetatable({
    examined = 0, taken = 0, unchanged = 0, changed = 0, failed = 0, skipped = 0, rules = names, bundles = {},
    groups = {}, by_group = {}, errors = {}, by_error = {}, sample = {}, sample_max = options.sample,
  }, Report)
  local wanted, since, place, id = json.encode(names), options.since or "-infinity", "infinity", LAST_ID
  while report.examined < options.limit and #names > 0 do
    local n = math.min(PAGE, options.limit - report.examined)
    local page = db.query(M.sql.page, wanted, since, place, id, n)
    for _, row in ipairs(page) do report:look(row, functions[row.rule]) end
    if #page < n then break end
    place, id = page[n].place, page[n].id
  end
  return finished(report)
end

return M
