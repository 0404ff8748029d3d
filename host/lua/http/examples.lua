-- host/lua/http/examples.lua -- examples of requests and answers, as scripts declare them (api.examples).
-- They are JSON texts, as people print them; rocks/openapi/example.lua fills in what such examples leave out.

local example = require "openapi.example"
local json = require "human.json"
local regex = require "jsonschema.regex"

local M = {}

local function decoded(text, where)
  local value, why = json.decode(text)
  if value == nil then error(where .. ": an example " .. why, 0) end
  return value
end

--- Checks a declaration {requests = {text, ..}, reply = text} and returns it with values in place of the texts.
function M.read(sample, where)
  if type(sample) ~= "table" then error(where .. ": wants {requests = {..}, reply = ..}", 0) end
  local out = { requests = {} }
  for i, text in ipairs(sample.requests or {}) do out.requests[i] = decoded(text, where) end
  if sample.reply then out.reply = decoded(sample.reply, where) end
  return out
end

local WORK = 100000                              -- of one match
local compiled = {}                              -- pattern -> regex, or false; there are as many as schemas have

local function matches(pattern, text)
  if compiled[pattern] == nil then compiled[pattern] = regex.compile(pattern) or false end
  local ok, found = pcall(function() return not compiled[pattern] or compiled[pattern]:test(text, { work = WORK }) end)
  return ok and found
end

M.tools = { is_array = json.is_array, array = json.array, in_order = json.in_order, order_of = json.order_of,
                null = json.null, matches = matches }

--- A value as an example of a JSON Schema; nil: one that is made up.
function M.complete(value, shown) return example.complete(value, shown, M.tools) end

return M
