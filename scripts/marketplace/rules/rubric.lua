-- scripts/marketplace/rules/rubric.lua -- what a rubric asks of an output, and what comes of it.  Pure: how long a text
-- is, and what is in it, has been measured before (marketplace/rubrics.lua).
-- A rubric: {"checks": [{"check": "min_length", "field": "summary", "value": 200, "weight": 1}], "pass_threshold": 1},
-- or {"min_length": {"summary": 200}, "url_format": ["report_url"], "field_complete": ["summary"],
-- "no_placeholder": true}.
--% version: 1

local M = {
  checks_max = 50,                 -- of one rubric
  field_chars = 200,               -- of the name of a field
  length_max = 1000000,
  weight_max = 1000,
  pass_threshold = 1,              -- of the weight of all checks, that has to pass where the rubric says nothing

  -- What shows that somebody meant to write something there, as whole words in lower case.
  placeholders = { "lorem ipsum", "todo", "tbd", "fixme", "placeholder", "n/a" },
}

M.returns = {
  checks_max = "integer 1..200", field_chars = "integer 1..1000", length_max = "integer 1..1000000000",
  weight_max = "integer 1..1000000", pass_threshold = "number 0..1", placeholders = "string[]",
  read = { checks = "table?", threshold = "number?", at = "string?", problem = "string?" },
  judge = { passed = "boolean", score = "number 0..1", results = "table" },
}

local NAMES = { "schema_valid", "field_complete", "min_length", "max_length", "no_placeholder", "url_format" }
local KIND = { schema_valid = "whole", no_placeholder = "either", field_complete = "field", url_format = "field",
               min_length = "length", max_length = "length" }

local function wrong(at, problem) return { at = at, problem = problem } end

local function is_count(v) return type(v) == "number" and v % 1 == 0 and v >= 0 and v <= M.length_max end

-- One check in its plain form; or nil and {at, problem}.
local function plain(c, at)
  if type(c) ~= "table" then return nil, wrong(at, "must be an object") end
  local kind = KIND[c.check]
  if not kind then return nil, wrong(at .. ".check", "must be one of " .. table.concat(NAMES, ", ")) end
  local has_field = type(c.field) == "string" and c.field ~= "" and #c.field <= M.field_chars
  if kind == "whole" and c.field ~= nil then return nil, wrong(at .. ".field", "is not for this check") end
  local may_lack = kind == "whole" or kind == "either" and c.field == nil
  if not has_field and not may_lack then
    return nil, wrong(at .. ".field", ("must be a name of 1 to %d characters"):format(M.field_chars))
  end
  if kind == "length" and not is_count(c.value) then
    return nil, wrong(at .. ".value", ("must be a whole number from 0 to %d"):format(M.length_max))
  end
  local weight = c.weight == nil and 1 or c.weight
  if type(weight) ~= "number" or not (weight > 0 and weight <= M.weight_max) then
    return nil, wrong(at .. ".weight", ("must be above 0 and at most %d"):format(M.weight_max))
  end
  return { check = c.check, field = c.field, value = kind == "length" and c.value or nil, weight = weight }
end

local function too_many(at) return wrong(at, ("at most %d checks are taken"):format(M.checks_max)) end

local function of_list(list)
  local checks = {}
  if type(list) ~= "table" then return nil, wrong("checks", "must be a list") end
  for i, c in ipairs(list) do
    if i > M.checks_max then return nil, too_many "checks" end
    local check, problem = plain(c, ("checks[%d]"):format(i - 1))
    if not check then return nil, problem end
    checks[i] = check
  end
  if next(list) ~= nil and #checks == 0 then return nil, wrong("checks", "must be a list") end
  return checks
end

-- {"summary": 200}, ["summary"] or true of the short form, as plain checks that are added to `out`.
local function spread(name, v, out)
  if v == true and KIND[name] ~= "field" and KIND[name] ~= "length" then
    out[#out + 1] = { check = name }
    return
  end
  if v == false and KIND[name] ~= "length" then return end
  if type(v) ~= "table" then
    local is_length = KIND[name] == "length"
    return wrong(name, is_length and "must be an object of fields and lengths" or "must be a list of fields")
  end
  local fields = {}
  for key in pairs(v) do
    if #out + #fields >= M.checks_max then return too_many(name) end
    fields[#fields + 1] = key
  end
  table.sort(fields, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(fields) do
    local is_length = KIND[name] == "length"
    out[#out + 1] = { check = name, field = is_length and key or v[key], value = is_length and v[key] or nil }
  end
end

local function of_map(rubric)
  local asked, checks = {}, {}
  for name in pairs(rubric) do
    if name ~= "pass_threshold" and not KIND[name] then
      return nil, wrong(type(name) == "string" and name:sub(1, 100) or "", "is no check")
    end
  end
  for _, name in ipairs(NAMES) do
    local problem = rubric[name] ~= nil and spread(name, rubric[name], asked)
    if problem then return nil, problem end
  end
  if #asked > M.checks_max then return nil, too_many "" end
  for i, c in ipairs(asked) do
    local check, problem = plain(c, c.check)
    if not check then return nil, wrong(c.check, problem.problem) end
    checks[i] = check
  end
  return checks
end

-- A rubric in its plain form: {checks = {{check, field, value, weight}, ..}, threshold}; or {at, problem}: what is
-- wrong with it, and where.
function M.read(rubric)
  local threshold = rubric.pass_threshold == nil and M.pass_threshold or rubric.pass_threshold
  if type(threshold) ~= "number" or not (threshold > 0 and threshold <= 1) then
    return wrong("pass_threshold", "must be above 0 and at most 1")
  end
  local checks, problem
  if rubric.checks ~= nil then checks, problem = of_list(rubric.checks) else checks, problem = of_map(rubric) end
  if not checks then return problem end
  return { checks = checks, threshold = threshold }
end

local SAYS = {}                                  -- by check: what is wrong with what was measured, or nil

function SAYS.schema_valid(c) return not c.is_valid and (c.why or "The output does not match the schema") or nil end

function SAYS.field_complete(c)
  if c.is_missing then return ("Field %s is missing"):format(c.field) end
  return c.is_empty and ("Field %s is empty"):format(c.field) or nil
end

function SAYS.min_length(c)
  return c.length < c.value and ("Field %s length %d < required %d"):format(c.field, c.length, c.value) or nil
end

function SAYS.max_length(c)
  return c.length > c.value and ("Field %s length %d > allowed %d"):format(c.field, c.length, c.value) or nil
end

function SAYS.no_placeholder(c)
  if c.is_too_much then return "The output has too many values to look at" end
  return c.found and ("Field %s has placeholder text: %s"):format(c.at, c.found) or nil
end

function SAYS.url_format(c) return not c.is_url and ("Field %s is no http(s) address"):format(c.field) or nil end

-- What comes of checks that have been measured: {checks = {{check, field, value, weight, and what was measured}, ..},
-- threshold}.  The score is the share of the weight that has passed; a schema has to hold whatever the score.
function M.judge(facts)
  local results, sum, good, holds = {}, 0, 0, true
  for i, c in ipairs(facts.checks) do
    local message = SAYS[c.check](c)
    results[i] = { check = c.check, passed = message == nil, message = message }
    sum = sum + c.weight
    if not message then good = good + c.weight end
    if message and c.check == "schema_valid" then holds = false end
  end
  local score = sum > 0 and math.min(1, good / sum) or 1
  return { passed = holds and score >= facts.threshold, score = score, results = results }
end

local function check(name, more)
  local c = { check = name, weight = 1 }
  for key, value in pairs(more or {}) do c[key] = value end
  return c
end
local function says(name, message) return { check = name, passed = message == nil, message = message } end
local short = check("min_length", { field = "summary", value = 200, length = 50 })

M.examples = {
  { "read", { checks = { { check = "min_length", field = "summary", value = 200, weight = 1 } }, pass_threshold = 1 },
    expect = { checks = { check("min_length", { field = "summary", value = 200 }) }, threshold = 1 } },
  { "read", { min_length = { summary = 200 }, url_format = { "report_url" }, field_complete = { "summary" },
              no_placeholder = true },
    expect = { threshold = 1, checks = { check("field_complete", { field = "summary" }),
      check("min_length", { field = "summary", value = 200 }), check "no_placeholder",
      check("url_format", { field = "report_url" }) } } },
  { "read", {}, expect = { checks = {}, threshold = 1 } },
  { "read", { schema_valid = true, pass_threshold = 0.5 },
    expect = { checks = { check "schema_valid" }, threshold = 0.5 } },
  { "read", { minimum = 3 }, expect = { at = "minimum", problem = "is no check" } },
  { "read", { pass_threshold = 2 }, expect = { at = "pass_threshold", problem = "must be above 0 and at most 1" } },
  { "read", { min_length = { summary = -1 } },
    expect = { at = "min_length", problem = "must be a whole number from 0 to 1000000" } },
  { "read", { min_length = 200 },
    expect = { at = "min_length", problem = "must be an object of fields and lengths" } },
  { "read", { checks = { { check = "url_format" } } },
    expect = { at = "checks[0].field", problem = "must be a name of 1 to 200 characters" } },
  { "read", { checks = { { check = "no_placeholder", weight = 0 } } },
    expect = { at = "checks[0].weight", problem = "must be above 0 and at most 1000" } },
  { "judge", { threshold = 1, checks = { check("schema_valid", { is_valid = true }), short } },
    expect = { passed = false, score = 0.5, results = { says "schema_valid",
      says("min_length", "Field summary length 50 < required 200") } } },
  { "judge", { threshold = 0.5, checks = { check("schema_valid", { is_valid = true }), short } },
    expect = { passed = true, score = 0.5, results = { says "schema_valid",
      says("min_length", "Field summary length 50 < required 200") } } },
  { "judge", { threshold = 0.1, checks = { check("schema_valid", { is_valid = false }), check "no_placeholder" } },
    expect = { passed = false, score = 0.5, results = {
      says("schema_valid", "The output does not match the schema"), says "no_placeholder" } } },
  { "judge", { threshold = 1, checks = { check("no_placeholder", { at = "a.b", found = "todo" }) } },
    expect = { passed = false, score = 0, results = {
      says("no_placeholder", "Field a.b has placeholder text: todo") } } },
  { "judge", { threshold = 1, checks = { check("field_complete", { field = "a", is_missing = true }),
                                         check("url_format", { field = "u", is_url = true }) } },
    expect = { passed = false, score = 0.5, results = {
      says("field_complete", "Field a is missing"), says "url_format" } } },
}

return M
