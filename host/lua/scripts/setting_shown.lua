-- host/lua/scripts/setting_shown.lua -- settings as people are shown them: what is a secret in them is "***".
-- The only place that decides this.  A text is a secret by the name of its member, or below `env` and `headers`, or
-- where it follows an option of that name; within a text log.mask finds it, and in one that is JSON its members are
-- looked at as if they were settings.

local json = require "human.json"
local log = require "human.log"

local M = {}

M.HIDDEN = "***"
local MASK = log.mask("", "secret")
local COVERED = { env = true, headers = true }   -- people write secrets below these
local DEPTH_MAX = 32

local covered

local function says_secret(name) return type(name) == "string" and log.mask("", name) == MASK end

-- What only names a secret is shown.
local function is_reference(text) return text:find "^%a* ?%${%a+:[%w_.-]+}$" ~= nil end

local function masked(text) return (log.mask(text):gsub("%[redacted%]", M.HIDDEN)) end

local function is_table(v) return type(v) == "table" and v ~= json.null end

-- A text that is a JSON object or array: without its secrets, and as it was written if it has none.
local function json_text(text, depth)
  if not text:find "^%s*[{%[]" then return nil end
  local value, why = json.decode(text)
  if why or not is_table(value) then return nil end
  local out = json.encode_sorted(covered(value, nil, false, depth + 1))
  return out ~= json.encode_sorted(value) and out or nil
end

local function option(text)
  local head, name, value = text:match "^(%-%-?([%w_-]+)=)(.+)$"
  return name and says_secret(name) and not is_reference(value) and head .. M.HIDDEN or nil
end

local function shown_text(text, name, is_covered, depth)
  if (is_covered or says_secret(name)) and text ~= "" and not is_reference(text) then return M.HIDDEN end
  return option(text) or json_text(text, depth) or masked(text)
end

-- The name under which an entry of a list is looked at: that of an option before it.
local function option_before(list, i)
  local before = list[i - 1]
  return type(before) == "string" and before:match "^%-%-?([%w_-]+)$" or nil
end

function covered(value, name, is_covered, depth)
  if type(value) == "string" then return shown_text(value, name, is_covered, depth) end
  if not is_table(value) then return value end
  if depth > DEPTH_MAX then return M.HIDDEN end
  local is_list = json.is_array(value)
  local out = is_list and json.array() or {}
  for key, each in pairs(value) do
    local called = is_list and (option_before(value, key) or name) or key
    out[key] = covered(each, called, is_covered or COVERED[key] or false, depth + 1)
  end
  return out
end

--- The value of a setting of scripts as it is shown; nil: a secret that is not set.  def: one of config.defined().
function M.of(def)
  if def.secret then return def.is_set and M.HIDDEN or nil end
  local value = def.type == "list" and json.array(def.value) or def.value
  return covered(value, nil, false, 0)
end

return M
