-- host/lua/cli/replay_reads.lua -- which facts did a rule read?  Replays it with inputs that record reads.
-- Each object among the inputs is replaced by a proxy that records what is read from it; lists are not
-- wrapped, so that # and ipairs work.  If a rule's answer differs with such inputs, it reads them in a
-- way that this cannot track: then nothing is reported.

local json = require "human.json"
local rules = require "human.scripts.rules"
local sandbox = require "human.scripts.sandbox"

local M = {}

local function is_list(v) return json.is_array(v) or #v > 0 end

local function joined(path, key)
  if type(key) == "number" then return ("%s[%d]"):format(path, key) end
  return path == "" and tostring(key) or path .. "." .. tostring(key)
end

-- Records a read of `value`.
local function note(seen, path, value)
  if not seen[path] then
    seen[path] = true
    seen.list[#seen.list + 1] = { path = path, value = value }
  end
end

local stand_in

local function list_of(v, path, seen)
  local out = {}
  for i, x in ipairs(v) do out[i] = stand_in(x, joined(path, i), seen) end
  return out
end

local function object_of(v, path, seen)
  local store, written = {}, {}
  for k, x in pairs(v) do store[k] = stand_in(x, joined(path, k), seen) end
  local function look(k)
    if k ~= nil and not written[k] then note(seen, joined(path, k), v[k]) end
    return store[k]
  end
  local proxy = setmetatable({}, {
    __index = function(_, k) return look(k) end,
    __newindex = function(_, k, x) store[k], written[k] = x, true end,
  })
  sandbox.stand_in(proxy, store, function()
    for k in next, store do look(k) end
  end)
  return proxy
end

function stand_in(v, path, seen)
  if type(v) ~= "table" then return v end
  return is_list(v) and list_of(v, path, seen) or object_of(v, path, seen)
end

-- The reads without reads of their parts: for a table whose parts were read, those say more.
local function leaves(list)
  local out = {}
  for i, e in ipairs(list) do
    local opened = false
    for k = i + 1, #list do
      local path, n = list[k].path, #e.path
      opened = opened or path:sub(1, n) == e.path and path:find("^[%.%[]", n + 1) ~= nil
    end
    if not opened then out[#out + 1] = e end
  end
  return out
end

--- The facts that fn, a rule, reads from its n arguments, in the order of the first read:
--- {{path = "messages[1].text" (as a rule writes it), value}, ..}; nil if that is unknown.
--- label: its answer; nil: it fails.  The arguments themselves are "[1]", "[2]"; if the only one is an
--- object, its names have no prefix.
function M.of(fn, args, n, label)
  local seen = { list = {} }
  local inputs = {}
  for i = 1, n do
    local path = "[" .. i .. "]"
    if type(args[i]) ~= "table" then note(seen, path, args[i]) end
    inputs[i] = stand_in(args[i], n == 1 and "" or path, seen)
  end
  local ok, answer = rules.try(fn, unpack(inputs, 1, n))
  local said = ok and rules.label(rules.output(answer)) or nil
  if said ~= label then return nil end
  return leaves(seen.list)
end

return M
