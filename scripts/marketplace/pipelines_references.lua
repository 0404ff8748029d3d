-- scripts/marketplace/pipelines_references.lua -- how the input of a step refers to the run's input and to outputs of
-- earlier steps: a text that is ${input}, ${input.topic}, ${steps.scrape.output} or ${steps.scrape.output.items.0.url}
-- stands for that value, whatever it is.  Parts are names of members or places in lists, from 0; nothing is evaluated.
-- A text that is to begin with ${ itself begins with $${.

local json = require "human.json"
local rules = require "marketplace.rules.pipelines"

local M = {}

local FORM = "must be ${input}, ${input.PATH}, ${steps.NAME.output} or ${steps.NAME.output.PATH}; "
  .. "a text that begins with ${ is written $${"
local LONGEST = 512

local function parts_of(path)
  local parts = {}
  for part in path:gmatch "%.([^.]+)" do parts[#parts + 1] = part end
  local is_whole = path == "" or parts[1] and path == "." .. table.concat(parts, ".")
  return is_whole and #parts <= rules.reference_parts and parts or nil
end

--- A reference {step (nil: the run's input), parts, text}; nil and why, when a text that looks like one is none; nil:
--- it is a plain text.
function M.parse(text)
  if text:sub(1, 2) ~= "${" then return nil end
  local inside = #text <= LONGEST and text:match "^%${([^{}]+)}$"
  if not inside then return nil, FORM end
  local step, path = inside:match "^steps%.([%w_-]+)%.output(.*)$"
  if not step then path = inside:match "^input(.*)$" end
  local parts = path and parts_of(path)
  if not parts then return nil, FORM end
  return { step = step, parts = parts, text = text }
end

--- Calls each(reference, path) for all references in a decoded value.  Returns a path and what is wrong there, or nil.
function M.each(value, path, each)
  if type(value) == "string" then
    local reference, why = M.parse(value)
    if reference then why = each(reference, path) end
    if why then return path, why end
  elseif type(value) == "table" and value ~= json.null then
    for name, one in pairs(value) do
      local at = json.is_array(value) and ("%s[%d]"):format(path, name - 1) or path .. "." .. tostring(name)
      local wrong_at, why = M.each(one, at, each)
      if wrong_at then return wrong_at, why end
    end
  end
end

local function member(value, part)
  if type(value) ~= "table" or value == json.null then return nil end
  if not json.is_array(value) then return value[part] end
  return part:find "^%d+$" and #part < 10 and value[tonumber(part) + 1] or nil
end

-- What a reference stands for, as JSON; nil: there is no such thing.
local function found(reference, sources)
  local text = reference.step and sources.outputs[reference.step] or not reference.step and sources.input or nil
  if not text or #reference.parts == 0 then return text end
  local value = sources.decoded[text]
  if value == nil then
    value = json.decode(text)
    sources.decoded[text] = value
  end
  for _, part in ipairs(reference.parts) do
    value = member(value, part)
    if value == nil then return nil end
  end
  return json.encode(value)
end

local function filled(value, sources)
  if type(value) == "string" then
    local reference = M.parse(value)
    if not reference then return value:sub(1, 3) == "$${" and value:sub(2) or value end
    local text = found(reference, sources)
    if not text then error({ missing = reference.text }, 0) end
    sources.bytes = sources.bytes + #text
    if sources.bytes > rules.input_bytes then error({ too_large = true }, 0) end
    return json.raw(text)
  elseif type(value) ~= "table" or value == json.null then
    return value
  end
  local out = json.is_array(value) and json.array {} or {}
  for name, one in pairs(value) do out[name] = filled(one, sources) end
  return out
end

--- A template of an input (JSON) with its references filled in, as JSON; nil, a code and a message when there is no
--- such value, or all are too large.  sources: {input, outputs = {[step] = JSON}}.
function M.fill(template, sources)
  sources.decoded, sources.bytes = {}, 0
  local ok, value = pcall(filled, json.decode(template), sources)
  if not ok and type(value) ~= "table" then error(value, 0) end
  if not ok and value.missing then return nil, "reference_not_found", "There is no " .. value.missing end
  local text = ok and json.encode(value)
  if not text or #text > rules.input_bytes then
    return nil, "input_too_large", ("The input is larger than %d bytes"):format(rules.input_bytes)
  end
  if json.decode(text) == nil then return nil, "input_too_large", "The input is nested too deep" end
  return text
end

return M
