-- host/lua/scripts/rule_examples.lua -- the examples of a rule file: {"function", arguments.., expect = answer}.
-- They run at each load, within the usual budget of a call; one that fails refuses the load.

local rules = require "human.scripts.rules"

local M = {}

local function shown(v)
  if rules.is_verdict(v) then return tostring(v) end
  if type(v) ~= "table" then return tostring(v) end
  local parts = {}
  for i, x in ipairs(v) do parts[i] = shown(x) end
  if #parts == 0 then
    for k, x in pairs(v) do parts[#parts + 1] = tostring(k) .. "=" .. shown(x) end
    table.sort(parts)
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

-- Nil if example `ex` of the members holds, else the problem; and the answer, if there is one.
local function try_example(members, ex, errors)
  local fn = members[ex[1]]
  if type(fn) ~= "function" then return "no function '" .. tostring(ex[1]) .. "'" end
  local ok, got = rules.try(fn, unpack(ex, 2, table.maxn(ex)))
  if not ok then return got end
  if rules.is_verdict(got) then
    if got.verdict == "deny" and not errors[got.code] then
      return "denies with '" .. got.code .. "', which is in no errors.lua", shown(got)
    end
    got = tostring(got)
  end
  if not rules.same(got, ex.expect) then
    return "expected " .. shown(ex.expect) .. ", got " .. shown(got), shown(got)
  end
  return nil, shown(got)
end

-- What an example asks, as texts.
local function given(ex)
  local parts = {}
  for i = 2, table.maxn(ex) do parts[i - 1] = shown(ex[i]) end
  return table.concat(parts, ", ")
end

-- Runs members.examples ({"function", arguments.., expect = "allow" | code | "escalate" | value}).
-- Returns {{number, fn, given, expected, got = texts (got: nil if it fails), problem = text or nil}, ..}.
-- They run twice, the second time backwards: a rule that remembers earlier calls gives different answers.
function M.run(members, errors)
  local list, out = members.examples or {}, {}
  for i, ex in ipairs(list) do
    local problem, got = try_example(members, ex, errors)
    out[i] = { number = i, fn = tostring(ex[1]), given = given(ex), expected = shown(ex.expect), got = got,
               problem = problem }
  end
  for i = #list, 1, -1 do
    local problem = not out[i].problem and try_example(members, list[i], errors)
    if problem then out[i].problem = "asked a second time: " .. problem .. " (a rule must not remember)" end
  end
  return out
end

-- The line of example n in the text of a file, if each example begins a line, as is usual; else of the list;
-- nil if there is neither.
function M.line_of(text, n, count)
  local line, list, found, nth = 0, nil, 0, nil
  for source in text:gmatch "([^\n]*)\n?" do
    line = line + 1
    if list and source:find "^%s*{%s*[\"']" then
      found = found + 1
      if found == n then nth = line end
    end
    if source:find "examples%s*=" then list, found, nth = line, 0, nil end
  end
  return found == count and nth or list
end

-- Raises "path:line: example N (function): ..." on the first that does not hold.  text: of the file, or nil.
function M.check(path, members, errors, text)
  for _, ex in ipairs(M.run(members, errors)) do
    if ex.problem then
      local line = text and M.line_of(text, ex.number, #members.examples)
      local at = line and ":" .. line or ""
      error(("%s%s: example %d (%s): %s"):format(path, at, ex.number, ex.fn, ex.problem), 0)
    end
  end
end

return M
