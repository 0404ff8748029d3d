-- host/lua/scripts/rule_shape.lua -- the shape of rules' answers, as their files declare it in `returns`.
-- A shape is
--   "string" "boolean" "number" "integer" "table"   a value of that kind; numbers are finite, integers whole
--   "integer 1..100"  "number 0.."                  within bounds
--   "string[]"                                      a list of them
--   "verdict"                                       allow(), deny(..) or escalate(..)
--   { "yes", "no" }                                 one of these texts
--   { name = shape, .. }                            an object with these names and no others
--   { { .. } }                                      a list of the shape within
-- A "?" after a word, or after a name in an object, means that it may be missing.
-- compile() reads a shape, once; problem() says what is wrong with an answer.  Both are pure.

local M = {}
local DEPTH_MAX = 16
local WHOLE_MAX = 2 ^ 53
local KINDS = { string = true, boolean = true, number = true, integer = true, table = true, verdict = true }

local compile

local function wrong(where, what) error(("returns.%s: %s"):format(where, what), 0) end

local function bound(text, other, where)
  if text == "" then return other end
  return tonumber(text) or wrong(where, "'" .. text .. "' is no number")
end

-- "integer 1..9[]?"
local function compile_word(word, where)
  local shape, rest = {}, word
  if rest:sub(-1) == "?" then rest, shape.optional = rest:sub(1, -2), true end
  if rest:sub(-2) == "[]" then
    shape.kind, shape.of = "list", compile_word(rest:sub(1, -3), where)
    return shape
  end
  local kind, range = rest:match "^(%l+) (.*)$"
  kind = kind or rest
  if not KINDS[kind] or range and kind ~= "integer" and kind ~= "number" then
    wrong(where, "'" .. word .. "' is no shape")
  end
  local most = kind == "integer" and WHOLE_MAX or math.huge
  shape.kind, shape.low, shape.high = kind, -most, most
  if range then
    local from, to = range:find("..", 1, true)
    if not from then wrong(where, "'" .. word .. "' is no shape") end
    shape.low, shape.high = bound(range:sub(1, from - 1), -most, where), bound(range:sub(to + 1), most, where)
  end
  return shape
end

local function compile_choice(list, where)
  local shape = { kind = "choice", words = {} }
  for k, word in pairs(list) do
    if type(k) ~= "number" or type(word) ~= "string" then wrong(where, "must list texts, and nothing else") end
    shape.words[word] = true
  end
  shape.text = table.concat(list, ", ")
  return shape
end

local function compile_object(t, where, depth)
  local shape = { kind = "object", names = {} }
  for name, inner in pairs(t) do
    if type(name) ~= "string" then wrong(where, "must be a list of texts, or an object") end
    local bare = name:match "^(.-)%??$"
    local compiled = compile(inner, where .. "." .. bare, depth + 1)
    compiled.optional = compiled.optional or bare ~= name
    shape.names[bare] = compiled
  end
  return shape
end

function compile(t, where, depth)
  if depth > DEPTH_MAX then wrong(where, "nested too deep, or a cycle") end
  if type(t) == "string" then return compile_word(t, where) end
  if type(t) ~= "table" or next(t) == nil then wrong(where, "must be a word, a list of texts, or an object") end
  if type(t[1]) == "string" then return compile_choice(t, where) end
  if type(t[1]) == "table" and #t == 1 and next(t, 1) == nil then
    return { kind = "list", of = compile(t[1], where .. "[]", depth + 1) }
  end
  return compile_object(t, where, depth)
end

--- The shape that `t`, the value of returns[name], declares; raises "returns.name: .." if it is not a shape.
function M.compile(t, name) return compile(t, tostring(name), 1) end

local function shown(v)
  if type(v) == "string" then return #v <= 40 and ("'%s'"):format(v) or "a text" end
  if type(v) == "number" or type(v) == "boolean" or v == nil then return tostring(v) end
  return "a " .. type(v)
end

local function must(where, what, v) return ("%s must be %s, not %s"):format(where, what, shown(v)) end

local function number_problem(shape, v, where)
  local what = shape.kind == "integer" and "a whole number" or "a number"
  if type(v) ~= "number" or v ~= v or v == math.huge or v == -math.huge then return must(where, what, v) end
  if shape.kind == "integer" and v % 1 ~= 0 then return must(where, what, v) end
  if v < shape.low then return must(where, ("%s of at least %.15g"):format(what, shape.low), v) end
  if v > shape.high then return must(where, ("%s of at most %.15g"):format(what, shape.high), v) end
end

local problem
local special = { integer = number_problem, number = number_problem }

function special.verdict(_, v, where, is_verdict)
  if not is_verdict(v) then return must(where, "allow(), deny() or escalate()", v) end
end

function special.choice(shape, v, where)
  if type(v) ~= "string" or not shape.words[v] then return must(where, "one of " .. shape.text, v) end
end

function special.list(shape, v, where, is_verdict)
  if type(v) ~= "table" or is_verdict(v) then return must(where, "a list", v) end
  local n = #v
  for k in next, v do
    if type(k) ~= "number" or k < 1 or k > n or k % 1 ~= 0 then return where .. " must be a list" end
  end
  for i, x in ipairs(v) do
    local what = problem(shape.of, x, ("%s[%d]"):format(where, i), is_verdict)
    if what then return what end
  end
end

function special.object(shape, v, where, is_verdict)
  if type(v) ~= "table" or is_verdict(v) then return must(where, "an object", v) end
  for k in next, v do
    if not shape.names[k] then return ("%s has '%s', which its shape does not know"):format(where, tostring(k)) end
  end
  for name, inner in pairs(shape.names) do
    local what = problem(inner, v[name], where .. "." .. name, is_verdict)
    if what then return what end
  end
end

function problem(shape, v, where, is_verdict)
  if v == nil and shape.optional then return nil end
  local check = special[shape.kind]
  if check then return check(shape, v, where, is_verdict) end
  if type(v) ~= shape.kind or is_verdict(v) then return must(where, "a " .. shape.kind, v) end
end

--- What is wrong with v, called `where` in the text, or nil.  is_verdict(v): whether v is a verdict.
M.problem = problem

return M
