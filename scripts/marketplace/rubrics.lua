-- scripts/marketplace/rubrics.lua -- runs an output through what was agreed: its schema, and a rubric.  The sandbox,
-- what is run at a delivery and what is run again in a dispute are this one function.  Schemas, rubrics and outputs are
-- strangers': how much is looked at is limited, and no time is more than linear in it.

local fail = require "human.fail"
local json = require "human.json"
local rule = require "marketplace.rules.rubric"
local shapes = require "marketplace.shapes"

local M = {}

local VALUES_MAX = 20000                         -- of an output, that one no_placeholder looks at
local TEXT_MAX = 2e6                             -- bytes that all of a rubric's look at
local URL_MAX = 2048
local BRACKET_MAX = 80                           -- of "[your name here]"
local WHY_MAX = 500

local function present(v) return v ~= nil and v ~= json.null end

local function has_more(t, most)
  local n = 0
  for _ in pairs(t) do
    n = n + 1
    if n > most then return true end
  end
end

-- The name of a part of a rubric that is too large for the rule to read; nil: there is none.
local function too_large(rubric)
  if has_more(rubric, rule.checks_max) then return "" end
  for name, part in pairs(rubric) do
    if type(part) == "table" and has_more(part, rule.checks_max) then return name:sub(1, rule.field_chars) end
  end
end

--- Reads a rubric (JSON): {checks, threshold}; or nil and {at, problem}.
local function read(text)
  local rubric = json.decode(text)
  if type(rubric) ~= "table" or json.is_array(rubric) then return nil, { at = "", problem = "must be an object" } end
  local large = too_large(rubric)
  if large then return nil, { at = large, problem = ("at most %d checks are taken"):format(rule.checks_max) } end
  local found = rule.read(rubric)
  if found.problem then return nil, found end
  return found
end

--- Refuses a rubric (JSON, or nil) that is none, with the name of its field.
function M.must_be_valid(text, field)
  if not present(text) then return end
  local rubric, wrong = read(text)
  if rubric then return end
  local path = wrong.at == "" and field or field .. "." .. wrong.at
  fail.throw("validation_error", { details = { { path = path, message = wrong.problem } } })
end

-- A field of the output: a name of it, or names within each other, "report.summary".
local function value_of(output, field)
  if present(output[field]) then return output[field] end
  local at = output
  for name in field:gmatch "[^.]+" do
    if type(at) ~= "table" then return nil end
    at = at[name]
  end
  return present(at) and at or nil
end

local function chars(text) return select(2, text:gsub("[^\128-\191]", "")) end

local function length_of(v)
  if type(v) == "string" then return chars(v) end
  return type(v) == "table" and json.is_array(v) and #v or 0
end

local function is_empty(v)
  if type(v) == "string" then return not v:find "%S" end
  return type(v) == "table" and next(v) == nil
end

local function is_url(v)
  if type(v) ~= "string" or #v > URL_MAX or v:find "[%s%c]" then return false end
  local host, rest = v:match "^[hH][tT][tT][pP][sS]?://([%w.-]+)(.*)$"
  if not host or not host:find "%w" then return false end
  rest = rest:gsub("^:%d+", "")
  return rest == "" or rest:find "^[/?#]" ~= nil
end

local function is_word_at(text, from, to)
  return not text:sub(from - 1, from - 1):find "[%w_]" and not text:sub(to + 1, to + 1):find "[%w_]"
end

local function find_word(text, word)
  local from, to = text:find(word, 1, true)
  while from do
    if is_word_at(text, from, to) then return word end
    from, to = text:find(word, to + 1, true)
  end
end

-- "xxx" and longer, as a word.
local function find_crosses(text)
  local from, to = text:find("xxx+", 1)
  while from do
    if is_word_at(text, from, to) then return "xxx" end
    from, to = text:find("xxx+", to + 1)
  end
end

-- "[your name here]".
local function find_bracket(text)
  local from, to = text:find("here]", 1, true)
  while from do
    local before = text:sub(math.max(1, from - BRACKET_MAX), from - 1):reverse()
    local open, close = before:find("[", 1, true), before:find("]", 1, true)
    if open and (not close or close > open) then return text:sub(from - open, to) end
    from, to = text:find("here]", to + 1, true)
  end
end

--- What shows in a text that it is still to be written, or nil.
function M.placeholder(text)
  text = text:lower()
  for _, word in ipairs(rule.placeholders) do
    if find_word(text, word) then return word end
  end
  return text:find("<insert", 1, true) and "<insert" or find_bracket(text) or find_crosses(text)
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) == type(b) then return a < b end
    return type(a) == "number"
  end)
  return keys
end

-- The place of something below a key: "a.b[0]".
local function below(key, rest)
  if type(key) == "number" then key = ("[%d]"):format(key - 1) end
  return key .. (rest == "" and "" or rest:sub(1, 1) == "[" and rest or "." .. rest)
end

-- Looks through a value: state = {left (values), bytes (of texts)}.  Returns the place, and what was found there.
local function search(v, state)
  state.left = state.left - 1
  if state.left < 0 then
    state.is_too_much = true
    return nil
  end
  if type(v) == "string" then
    state.bytes = state.bytes - #v
    if state.bytes < 0 then state.is_too_much = true end
    local found = not state.is_too_much and M.placeholder(v) or nil
    return found and "", found
  end
  if type(v) ~= "table" then return nil end
  for _, key in ipairs(sorted_keys(v)) do
    local rest, found = search(v[key], state)
    if rest then return below(key, rest), found end
    if state.is_too_much then return nil end
  end
end

local MEASURE = {}                               -- by check: fn(check, output, schema) -> what the rule wants to know

function MEASURE.schema_valid(_, _, schema) return { is_valid = schema.is_valid, why = schema.why } end

function MEASURE.field_complete(c, output)
  local v = value_of(output, c.field)
  return { is_missing = v == nil, is_empty = v ~= nil and is_empty(v) }
end

function MEASURE.min_length(c, output) return { length = length_of(value_of(output, c.field)) } end
MEASURE.max_length = MEASURE.min_length

function MEASURE.url_format(c, output) return { is_url = is_url(value_of(output, c.field)) } end

function MEASURE.no_placeholder(c, output, _, state)
  state.left = VALUES_MAX
  local v = output
  if c.field then v = value_of(output, c.field) end
  local at, found = search(v, state)
  if at and c.field then at = at == "" and c.field or below(c.field, at) end
  return { at = at and at:sub(1, rule.field_chars), found = found, is_too_much = state.is_too_much }
end

local function schema_of(text, output_text)
  if not present(text) then return { is_valid = true } end
  local is_valid, details = shapes.verdict(text, output_text, "output_data")
  if is_valid then return { is_valid = true } end
  local first = details[1]
  return { is_valid = false, why = first and ("%s %s"):format(first.path, first.message):sub(1, WHY_MAX) }
end

local function measured(c, output, schema, state)
  local facts = MEASURE[c.check](c, output, schema, state)
  facts.check, facts.field, facts.value, facts.weight = c.check, c.field, c.value, c.weight
  return facts
end

--- What an output (JSON) is worth: {passed, score (0 to 1), results = {{check, passed, message}, ..}}; nil: neither a
--- rubric nor a schema (JSON, or nil) says what to look for.  A schema is always looked at, and first.
function M.report(rubric_text, schema_text, output_text)
  local rubric = present(rubric_text) and read(rubric_text) or { checks = {}, threshold = rule.pass_threshold }
  local schema, output = schema_of(schema_text, output_text), json.decode(output_text)
  local facts, has_schema = {}, false
  for _, c in ipairs(rubric.checks) do has_schema = has_schema or c.check == "schema_valid" end
  if present(schema_text) and not has_schema then
    facts[1] = measured({ check = "schema_valid", weight = 1 }, output, schema)
  end
  local state = { bytes = TEXT_MAX }
  for _, c in ipairs(rubric.checks) do facts[#facts + 1] = measured(c, output, schema, state) end
  if #facts == 0 then return nil end
  return rule.judge { checks = facts, threshold = rubric.threshold }
end

return M
