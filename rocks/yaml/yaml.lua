-- rocks/yaml/yaml.lua -- YAML 1.2 with its core schema: what a text says, as tables, strings, numbers and booleans.
-- A text may be a stranger's: its work is linear in its length, and every size has a limit.

local cursor = require "yaml.cursor"
local stream = require "yaml.stream"
local compose = require "yaml.compose"
local write = require "yaml.write"

local M = {}

--- What null is where `options.null` is not given.
M.null = setmetatable({}, { __tostring = function() return "null" end, __newindex = function() error("null", 2) end })

local DEFAULTS = {
  null = M.null, array = function(list) return list end, is_array = function(t) return t[1] ~= nil end,
  max_bytes = 1048576,  -- of a text, and once more of the scalars for which aliases stand
  max_depth = 64,       -- collections within collections
  max_nodes = 100000,   -- scalars and collections of a text, what aliases stand for counted each time
  max_keys = 10000,     -- of one mapping
  max_documents = 1000, -- of a text
}

local function settings(options)
  local o = {}
  for name, default in pairs(DEFAULTS) do o[name] = default end
  for name, given in pairs(options or o) do
    if DEFAULTS[name] == nil then error("yaml has no option " .. tostring(name), 3) end
    o[name] = given
  end
  return o
end

-- What fn says, or nil, the error as a sentence, its line and its column.
local function guarded(text, fn, ...)
  local ok, result = pcall(fn, text, ...)
  if ok then return result end
  if type(result) ~= "table" then error(result, 0) end
  local line, column = 1, 1
  if result.at then line, column = cursor.place(text:gsub("\r\n?", "\n"), result.at) end
  return nil, "line " .. line .. ", column " .. column .. ": " .. result.why, line, column
end

local function documents(text, o)
  if #text > o.max_bytes then error({ why = "longer than " .. o.max_bytes .. " bytes" }, 0) end
  return stream(text, o)
end

local function read_one(text, o)
  local list = documents(text, o)
  if list[2] then error({ at = list[2].root.at, why = "more than one document" }, 0) end
  if not list[1] then return o.null end
  return compose(o)(list[1].root)
end

local function read_all(text, o)
  local out, value_of = {}, compose(o)
  for i, each in ipairs(documents(text, o)) do out[i] = value_of(each.root) end
  return out
end

--- The value of a text of one document; or nil, what is wrong, its line and its column.  An empty text is null.
--- options, all optional: null; array(list), which marks a list as one; max_bytes, max_depth, max_nodes, max_keys,
--- max_documents.
function M.parse(text, options) return guarded(text, read_one, settings(options)) end

--- The values of all documents of a text, as a list; or nil and so on, as of parse.
function M.parse_all(text, options) return guarded(text, read_all, settings(options)) end

--- What stands above a text between two lines "---" (as in SKILL.md), and the text below; or nil and so on, as of
--- parse.  max_bytes is of what stands above alone.
function M.front_matter(text, options)
  local o = settings(options)
  local first = text:match "^\239\187\191()" or 1
  local above = text:match("^%-%-%-[ \t]*\r?\n()", first)
  if not above then return nil, "line 1, column 1: no '---'", 1, 1 end
  local last, below = text:match("\n()%-%-%-[ \t]*\r?\n()", above - 1)
  if not last then last, below = text:match("\n()%-%-%-[ \t\r]*$", above - 1), #text + 1 end
  if not last then return nil, "line 1, column 1: the '---' has no second one", 1, 1 end
  local value, err, line, column = guarded(text:sub(1, last - 1), read_one, o)
  if err then return nil, err, line, column end
  return value, text:sub(below)
end

--- The documents as trees of nodes, {root, marked, ended}: for tools, and to be compared with other readers.
function M.nodes(text, options) return guarded(text, documents, settings(options)) end

--- A value as a text, its keys in order; raises where YAML has no way to say it.  options: null, is_array(t) and
--- max_depth.
function M.write(value, options) return write(value, settings(options)) end

return M
