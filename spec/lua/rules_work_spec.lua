-- spec/lua/rules_work_spec.lua -- a rule's budget covers the work of library functions, and work that is not counted.

local ffi = require "ffi"
local cost = require "cost"
local fake_host = require "fake_host"

local C = require "c_types" ("time.h", "struct timespec", "clock_gettime")
local THREAD_CPU = 3
local function processor_s()
  local t = ffi.new "struct timespec"
  C.clock_gettime(THREAD_CPU, t)
  return tonumber(t.tv_sec) + tonumber(t.tv_nsec) * 1e-9
end

-- Bodies of functions that do too much.
local ENDLESS = {
  -- C loops, one call
  "return ('.'):rep(4096):find('.-.-b')", "return ('.'):rep(4096):match('.-.-.-b')", "return ('a'):rep(4000):gsub('a*a*a*b', '')",
  "for _ in ('a'):rep(4000):gmatch('a-a-a-b') do end", "return (' '):rep(60000):gsub('%s+$', 'x') .. (' '):rep(60000):find('%s+x')",
  "return ('('):rep(60000):find('%b()')", "return string.find(('x'):rep(60000), ('[' .. ('y'):rep(60000) .. ']+x'))",
  "return string.gsub(('a'):rep(30000), '(a+)%1b', 'x')", "return string.find(('ab'):rep(30000), '[%w_]-[%w_]-!')",
  -- C work, many calls
  "local t = {} for i = 1, 20000 do table.insert(t, 1, i) end", "local t = {} for i = 1, 60000 do t[i] = i end for i = 1, 60000 do table.remove(t, 1) end",
  "local s = ('x'):rep(65536) for i = 1, 60000 do s:upper() end", "local s = ('x'):rep(65536) for i = 1, 60000 do s:reverse() end",
  "local s = ('x'):rep(65536) for i = 1, 60000 do s:sub(2) end", "for i = 1, 60000 do (('x'):rep(65536)):len() end",
  "local s = ('x'):rep(65536) for i = 1, 60000 do ('%s%s'):format(s, s) end", "local s = ('x'):rep(65536) for i = 1, 60000 do ('%q'):format(s) end",
  "local s = ('x'):rep(65536) for i = 1, 60000 do s:find('y', 1, true) end", "local s = ('x'):rep(65536) for i = 1, 60000 do s:find(s .. 'y', 1, true) end",
  "local s = ('1'):rep(65536) for i = 1, 60000 do tonumber(s) end", "local t = {} for i = 1, 1000 do t[i] = 'x' end for i = 1, 60000 do table.concat(t) end",
  "local t = {} for i = 1, 250 do t[i] = i end for i = 1, 60000 do unpack(t) end", "local t = {} for i = 1, 250 do t[i] = i end for i = 1, 60000 do select(250, unpack(t)) end",
  "local s = ('x'):rep(250) for i = 1, 60000 do s:byte(1, -1) end", "local t = {} for i = 1, 5000 do t[i] = i end for i = 1, 60000 do table.maxn(t) end",
  "local t = {} for i = 1, 5000 do t[i] = i end for i = 1, 60000 do table.sort(t) end", "local t = {} for i = 1, 5000 do t['k' .. i] = i end for i = 1, 60000 do next(t) end",
  "local t = {} for i = 1, 20000 do t[i] = i end table.sort(t, function() return true end)", "local t = {} for i = 1, 60000 do t[i] = (i * 7919) % 60000 end table.sort(t, function(a, b) return a ~= b end)",
  "for i = 1, 1e9 do math.fmod(1e308, 3) end", "local function f(...) return f(...) end return f(1, 2, 3)", "while true do end", "repeat until false", "for _ = 1, math.huge do end",
  -- what no function does
  "local s = 'x' while true do s = s .. s end", "local s = ('x'):rep(60000) while true do s = s .. 'x' end", "local s = ('x'):rep(60000) for i = 1, 1e9 do local y = s .. s .. s end",
  "local s = ('x'):rep(60000) s = s .. s .. s .. s .. s .. s .. s .. s s = s .. s .. s .. s for i = 1, 1e9 do local y = s .. s end",
  "local a, b = ('x'):rep(65535) .. 'a', ('x'):rep(65535) .. 'b' a = a .. a b = a .. b for i = 1, 1e9 do local y = a < b end",
  "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(60000) .. i end", "local t = {} for i = 1, 1e9 do t[i] = {} end", "local t = {} while true do t = { t, t } end",
  "local function g(...) return ... end local t = {} for i = 1, 250 do t[i] = i end for i = 1, 1e9 do local x = { g(unpack(t)) } end",
}

-- Bodies whose single call is refused.
local REFUSED = {
  ["table.insert({}, -2e9, 5)"] = "position %-2000000000 is not within 1 and 1", ["table.insert({}, 0, 5)"] = "position 0", ["table.insert({}, 3, 5)"] = "position 3",
  ["table.insert({}, 0/0, 5)"] = "position", ["table.insert({}, 'x', 5)"] = "number expected", ["table.insert({})"] = "wrong number of arguments",
  ["table.concat({}, '', 1, 1e9)"] = "invalid value %(nil%) at index 1", ["table.concat({ 'a' }, '', -2e9, 1)"] = "invalid value", ["('x'):rep(1e9)"] = "would exceed",
  ["('x'):rep(2, ('y'):rep(65000))"] = "would exceed", ["unpack({}, 1, 1e8)"] = "at most 250 values", ["unpack({}, -1e300, 1e300)"] = "at most 250 values",
  ["('x'):rep(65536):byte(1, -1)"] = "at most 250 bytes", ["('%99999d'):format(1)"] = "invalid", ["table.sort({ 1, 'a' })"] = "attempt to compare",
  ["table.sort({ 2, 1 }, 5)"] = "function expected", ["table.insert(math, 1)"] = "read%-only", ["table.remove(5)"] = "table expected", ["string.find('a', '[')"] = "missing ']'",
  ["string.find('a', '%')"] = "ends with '%%'", ["string.gsub('a', 'a', '%2')"] = "invalid capture index",
}

describe("what a rule does in one call", function()
  local app
  setup(function() app = fake_host.start() end)
  teardown(function() app:stop() end)

  local function functions(bodies)
    local text, n = { "local M = {}" }, 0
    for _, body in ipairs(bodies) do
      n = n + 1
      text[#text + 1] = ("function M.f%d() %s end"):format(n, body)
    end
    text[#text + 1] = "return M"
    local g = app:load { ["api/x.lua"] = "return {}", ["market/rules/r.lua"] = table.concat(text, "\n") }
    return g.loaded["market.rules.r"]
  end

  it("is ended within its budget, with its line, whatever it calls", function() -- limit: rule budget, limit: rule memory
    local of = functions(ENDLESS)
    for i, body in ipairs(ENDLESS) do
      local begun = processor_s()
      local ok, err = pcall(of["f" .. i])
      local took = processor_s() - begun
      assert.same({ false, "rule_budget" }, { ok, type(err) == "table" and err.code or tostring(err) }, body)
      assert.is_true(took < 2 * cost.SLOWER, ("%s took %.0f ms"):format(body, took * 1000))
      local line = app.host.lines[#app.host.lines].line
      assert.truthy(line:find(('"at":"market/rules/r.lua:%d"'):format(i + 1), 1, true), body .. "\n" .. line)
    end
  end)

  it("is ended at the same place each time", function()
    local text = [[local M = {} function M.f(n) local s, k = ('.'):rep(n), 0
      for i = 1, 1e9 do k = k + 1 if s:find('.-b') then return 0 end M.note(k) end end
      function M.note() end return M]]
    local g = app:load { ["api/x.lua"] = "return {}", ["market/rules/r.lua"] = text }
    local native, seen = require "human.native", {}
    local call = native.rule_call
    for round = 1, 30 do
      native.rule_call = function(...)
        local results = { call(...) }
        seen[round] = results[2]
        return unpack(results)
      end
      assert.is_false(pcall(g.loaded["market.rules.r"].f, 100 + round % 2))
      if round > 2 then assert.equal(seen[round - 2], seen[round]) end
    end
    native.rule_call = call
  end)

  it("is refused when it makes no sense, and names its line", function() -- limit: rule values
    local bodies, wanted = {}, {}
    for body, message in pairs(REFUSED) do bodies[#bodies + 1], wanted[#wanted + 1] = "return " .. body, message end
    local of = functions(bodies)
    for i, body in ipairs(bodies) do
      local ok, err = pcall(of["f" .. i])
      assert.is_false(ok, body)
      assert.matches(wanted[i], tostring(err), nil, nil, body)
      assert.matches("^market/rules/r.lua:" .. (i + 1) .. ":", tostring(err), nil, nil, body)
    end
  end)

  it("sorts, inserts, removes and joins as ever", function()
    local of = functions {
      "local t = { 3, 1, 2 } table.sort(t) return table.concat(t, ',')", "local t = { 'b', 'a', 'c' } table.sort(t, function(a, b) return a > b end) return table.concat(t)",
      "local t = {} for i = 1, 500 do t[i] = (i * 37) % 500 end table.sort(t) for i = 1, 500 do if t[i] ~= i - 1 then return i end end return 'sorted'",
      "local t = { 1, 2 } table.insert(t, 3) table.insert(t, 1, 0) table.insert(t, 5, 9) return table.concat(t, ' ')",
      "local t = { 1, 2, 3 } local a, b = table.remove(t, 1), table.remove(t) return a .. b .. #t .. tostring(table.remove({}))",
      "local t = { { k = 1, v = 'a' }, { k = 0, v = 'b' }, { k = 1, v = 'c' } } table.sort(t, function(a, b) return a.k < b.k end) return t[1].v .. t[2].v .. t[3].v",
      "return select('#', unpack({ 1, nil, 3 }, 1, 3)) .. select(2, 'a', 'b')", "return table.maxn { [7] = 1, 2 }",
    }
    for i, expected in ipairs { "1,2,3", "cba", "sorted", "0 1 2 3 9", "131nil", "bac", "3b", 7 } do
      assert.equal(expected, of["f" .. i](), "f" .. i)
    end
  end)
end)
