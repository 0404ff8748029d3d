-- scripts/agent/providers/offline_work.lua -- tasks of the marketplace, when no language model is configured: does what
-- offline_jobs.lua can do with the data in the task, in the shape that its output_schema asks for, or says plainly why
-- it cannot.  Pure.  How it comes to a task, and delivers: offline_trade.lua.

local json = require "human.json"
local jobs = require "agent.providers.offline_jobs"
local texts = require "human.text"

local M = {}

local DATA_BYTES, FIELDS, INSTRUCTION_BYTES = 64000, 40, 2000
-- What is more than any of these jobs, whatever else a task asks for.
local BEYOND = { "translat", "rewrite", "paraphrase", "poem", "story", "image", "opinion", "research", "scrape", "crawl",
                 "predict", "forecast", "recommend", "write code", "sentiment", "in your own words" }
local DATA_NAMES = { "text", "data", "input", "csv", "list", "lines", "items", "document", "content" }

-- ---- the task -------------------------------------------------------------------------------------------------

local function is_label(line)
  local word = line:lower():match "^%s*(%a+):%s*$"
  for _, name in ipairs(DATA_NAMES) do
    if word == name then return true end
  end
  return false
end

-- What a text asks for, and the data in it: behind ``` or a line such as "Data:", behind the first empty line, or
-- behind a colon.
local function split(text)
  local fence, from = text:find("```[%w]*\n")
  local to = fence and text:find("```", from + 1, true)
  if to then return text:sub(1, fence - 1), text:sub(from + 1, to - 1) end
  local at = 1
  while at <= #text do
    local stop = text:find("\n", at, true) or #text + 1
    local line = text:sub(at, stop - 1)
    if is_label(line) then return text:sub(1, at - 1), text:sub(stop + 1) end
    if not line:find "%S" and at > 1 then return text:sub(1, at - 1), text:sub(stop + 1) end
    at = stop + 1
  end
  local colon = text:find(":%s")
  if colon then return text:sub(1, colon - 1), text:sub(colon + 1) end
  return text, ""
end

local function text_of(value)
  if type(value) == "string" then return value end
  if type(value) ~= "table" or not json.is_array(value) then return nil end
  local parts = {}
  for i, one in ipairs(value) do parts[i] = type(one) == "table" and json.encode(one) or tostring(one) end
  return table.concat(parts, "\n")
end

local function data_of(input)
  if type(input) ~= "table" then return nil end
  for _, name in ipairs(DATA_NAMES) do
    local text = text_of(input[name])
    if text then return text end
  end
end

-- ---- what it asks for ---------------------------------------------------------------------------------------------

local SHORT = { string = "string", text = "string", number = "number", integer = "integer", int = "integer" }

-- A field's schema in its long form.
local function long(schema)
  if type(schema) ~= "string" then return type(schema) == "table" and schema or {} end
  local of = schema:match "^(%a+)%[%]$"
  if of then return { type = "array", items = { type = SHORT[of] or of } } end
  return { type = SHORT[schema] or schema }
end

local function properties_of(schema)
  if type(schema.properties) == "table" then return schema.properties, schema.required end
  if schema.type then return nil end
  return schema, nil
end

-- The fields: {name, schema, is_required}, sorted by name.
local function fields_of(schema)
  local properties, required = properties_of(schema)
  if not properties then return nil end
  local must, all = {}, {}
  for _, name in ipairs(type(required) == "table" and required or {}) do must[name] = true end
  for name, one in pairs(properties) do
    all[#all + 1] = { name = tostring(name), schema = long(one), is_required = required == nil or must[name] == true }
  end
  table.sort(all, function(a, b) return a.name < b.name end)
  return all
end

local function kind_of(value)
  if type(value) == "string" then return "string" end
  if type(value) == "number" then return "number" end
  local first = value[1]
  if first == nil then return "list" end
  return type(first) == "table" and "objects" or type(first) == "number" and "numbers" or "strings"
end

-- Whether what a job gives is what the schema of a field allows.
local function fits(kind, schema)
  local is = schema.type
  if is == nil then return true end
  if kind == "count" or kind == "number" then return is == "number" or is == "integer" end
  if kind == "string" then return is == "string" end
  if is ~= "array" then return false end
  local of = long(schema.items or {}).type
  if of == nil then return true end
  if kind == "strings" then return of == "string" end
  if kind == "numbers" then return of == "number" or of == "integer" end
  return of == "object"
end

local function has_word(list, word)
  return (" " .. list .. " "):find(" " .. word .. " ", 1, true) ~= nil
end

-- The job for a field: the one that has its name, else the first that the instruction speaks of.
local function job_for(field, words)
  local name = field.name:lower():gsub("[^%w]", "")
  for _, job in ipairs(jobs.list) do
    if has_word(job.fields, name) and fits(job.kind, field.schema) then return job end
  end
  for _, job in ipairs(jobs.list) do
    for _, word in ipairs(job.words) do
      if words:find(word, 1, true) and fits(job.kind, field.schema) then return job end
    end
  end
end

-- The rubric's least and greatest length of a field, in both forms of a rubric.
local function lengths(rubric, name)
  local least, most
  if type(rubric) ~= "table" then return nil end
  local function of(list) return type(list) == "table" and tonumber(list[name]) or nil end
  least, most = of(rubric.min_length), of(rubric.max_length)
  for _, check in ipairs(type(rubric.checks) == "table" and rubric.checks or {}) do
    if type(check) == "table" and check.field == name then
      if check.check == "min_length" then least = tonumber(check.value) end
      if check.check == "max_length" then most = tonumber(check.value) end
    end
  end
  return least, most
end

-- Objects with the names and members that the schema has for them: a product's "title" is its name.
local ALSO = { title = "name", product = "name", item = "name", amount = "price", cost = "price", price_usd = "price",
               keyword = "word", term = "word", n = "count" }

local function shaped(value, schema)
  local items = schema.items and long(schema.items).properties
  if type(items) ~= "table" or kind_of(value) ~= "objects" then return value end
  local out = json.array {}
  for i, one in ipairs(value) do
    out[i] = {}
    for name in pairs(items) do out[i][name] = one[name] == nil and one[ALSO[name]] or one[name] end
  end
  return out
end

local function run(job, field, task)
  local ask = { words = task.words, kinds = {} }
  local least, most = lengths(task.rubric, field.name)
  ask.min_length = least or tonumber(field.schema.minLength)
  ask.max_length = most or tonumber(field.schema.maxLength)
  local items = field.schema.items and long(field.schema.items).properties
  for name, one in pairs(type(items) == "table" and items or {}) do ask.kinds[name] = long(one).type end
  local value = job.run(task.data, ask)
  return value ~= nil and shaped(value, field.schema) or nil
end

local function no(why) return nil, why end

local function by_fields(task, fields)
  local out, done = {}, 0
  if #fields > FIELDS then return no("I take at most " .. FIELDS .. " fields.") end
  for _, field in ipairs(fields) do
    local job = job_for(field, task.words)
    local value = job and run(job, field, task)
    if value ~= nil then
      out[field.name], done = value, done + 1
    elseif field.is_required then
      return no(job and ("I find nothing in the data for the field %s."):format(field.name)
        or ("I have no way to fill the field %s."):format(field.name))
    end
  end
  if done == 0 then return no "I find nothing here that I can do." end
  return out
end

-- Without a schema: what the instruction asks for, under the job's name.
local function by_words(task)
  local out
  for _, job in ipairs(jobs.list) do
    for _, word in ipairs(job.words) do
      local value = task.words:find(word, 1, true) and not (out and out[job.name])
        and run(job, { name = job.name, schema = {} }, task)
      if value then
        out = out or {}
        out[job.name] = value
      end
    end
  end
  if out then return out end
  return no "I count, summarise by first sentences, extract, sort, deduplicate and convert; this asks for something else."
end

local function schema_of(task)
  local schema = task.output_schema
  if type(schema) ~= "table" or next(schema) == nil then return nil end
  return schema
end

--- Does a task: {title, description, input_data, output_schema, evaluation_rubric, part (the title of a milestone)}.
--- Returns the output; or nil and why not, a sentence.
function M.make(task)
  local instruction, data = split(tostring(task.description or ""))
  data = data_of(task.input_data) or data
  instruction = ("%s\n%s"):format(task.part or task.title or "", task.part and "" or instruction)
  local job = { data = data, rubric = task.evaluation_rubric, words = instruction:sub(1, INSTRUCTION_BYTES):lower() }
  for _, word in ipairs(BEYOND) do
    if job.words:find(word, 1, true) then return no(("I have no language model, and cannot do this (“%s…”)."):format(word)) end
  end
  if not texts.trim(data):find "%S" then return no "There are no data in the task to work on." end
  if #data > DATA_BYTES then return no(("The data are longer than the %d bytes that I take."):format(DATA_BYTES)) end
  local schema = schema_of(task)
  if not schema then return by_words(job) end
  local fields = fields_of(schema)
  if not fields then return no "I give objects, and this asks for something else." end
  return by_fields(job, fields)
end

return M
