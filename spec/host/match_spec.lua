-- spec/host/match_spec.lua -- host/core/match.c against LuaJIT's own string library, and how long it takes.

local cost = require "cost"
local host = require "human.core.host"
local pattern = require "human.scripts.pattern"

local SEED, ROUNDS = tonumber(os.getenv "HUMAN_TEST_SEED") or 20251127, 20000
local ITEMS = { "a", "b", ".", "%a", "%d", "%s", "%w", "%S", "%W", "%p", "%x", "%z", "%u", "%l", "%c", "%.", "%%", "%g", "%]",
  "[ab]", "[^a]", "[a-c]", "[%d_]", "[]]", "[^]]", "[a-]", "[%]x]", "[^%s,]", "x", " ", "\\", "-", "]", "^", "\195", "[\128-\255]" }
local REPEATS = { "", "", "", "*", "+", "-", "?" }
local ODD = { "%b()", "%bxx", "%f[%w]", "%f[^a]", "%1", "%2", "%0", "(", ")", "[", "[^", "%", "%b", "%bx", "%f", "()", "$", "[a", "[%", "\0" }
local LETTERS = { "a", "b", "c", "x", "1", "_", " ", "(", ")", ".", ",", "\n", "\0", "\195", "\164", "]", "%", "-", "^", "$", "A" }
local REPL = { "", "<%0>", "%1", "[%1-%2]", "%%", "%x", "%", "a%0b%1", "\0%0" }

describe("the matcher", function()
  local ours = pattern.for_scripts(host)
  local real = {}                                -- of this process, before anybody bounds it
  for _, name in ipairs { "find", "match", "gmatch", "gsub" } do real[name] = string[name] end

  local function any(list) return list[math.random(#list)] end

  local function some(list, n)
    local out = {}
    for i = 1, math.random(0, n) do out[i] = any(list) end
    return table.concat(out)
  end

  local function some_pattern()
    local out = { math.random(6) == 1 and "^" or "" }
    for _ = 1, math.random(0, 4) do
      local item = math.random(6) == 1 and any(ODD) or any(ITEMS) .. any(REPEATS)
      if math.random(5) == 1 then item = "(" .. item .. ")" end
      out[#out + 1] = item
    end
    out[#out + 1] = math.random(6) == 1 and "$" or ""
    return table.concat(out)
  end

  -- Results as a text; of an error only what it says, for a function's name depends on who calls it.
  local function told(ok, ...)
    if not ok then return "error: " .. tostring((...)):gsub("^.-:%d+: ", ""):gsub("'[%w?]+' %(", "'f' ("):gsub("got nil", "got no value") end
    local out = {}
    for i = 1, select("#", ...) do out[i] = ("%q"):format(tostring((select(i, ...)))) end
    return table.concat(out, " ")
  end

  local function all_of(gmatch, s, p)
    local out = {}
    for a, b, c in gmatch(s, p) do out[#out + 1] = told(true, a, b, c) end
    return table.concat(out, "|")
  end

  local function alike(what, a, b)
    if a ~= b then error(what .. "\nLuaJIT: " .. a .. "\nours:   " .. b, 2) end
  end

  local function shown(f, ...)
    local list = {}
    for i = 1, select("#", ...) do list[i] = ("%q"):format(tostring((select(i, ...)))) end
    return f .. "(" .. table.concat(list, ", ") .. ")"
  end

  it("finds, captures and refuses what LuaJIT does, for random patterns and texts", function()
    math.randomseed(SEED)
    for _ = 1, ROUNDS do
      local s, p, init = some(LETTERS, 12), some_pattern(), math.random(-14, 14)
      for _, f in ipairs { "find", "match" } do
        alike(shown(f, s, p, init), told(pcall(real[f], s, p, init)), told(pcall(ours[f], s, p, init)))
      end
      alike(shown("find", s, p, init, true), told(pcall(real.find, s, p, init, true)), told(pcall(ours.find, s, p, init, true)))
      alike(shown("gmatch", s, p), told(pcall(all_of, real.gmatch, s, p)), told(pcall(all_of, ours.gmatch, s, p)))
    end
  end)

  it("replaces what LuaJIT does, by texts, tables and functions", function()
    math.randomseed(SEED + 1)
    local function call(...) return select("#", ...) > 1 and (select(2, ...)) or false end
    for _ = 1, ROUNDS do
      local s, p = some(LETTERS, 12), some_pattern()
      local max = math.random(4) == 1 and math.random(-1, 3) or nil
      for _, repl in ipairs { any(REPL), { a = "<a>", [""] = 7, b = false, x = {} }, call } do
        alike(shown("gsub", s, p, repl, max), told(pcall(real.gsub, s, p, repl, max)), told(pcall(ours.gsub, s, p, repl, max)))
      end
    end
  end)

  it("takes numbers for texts and refuses other arguments as LuaJIT does", function()
    for _, case in ipairs {
      { "find", 12, 2 }, { "find", "a" }, { "find", {}, "a" }, { "find", "a", "a", "x" }, { "match", 12, "%d", "2" }, { "match", nil, "a" },
      { "gsub", "a", "a" }, { "gsub", "a", "a", true }, { "gsub", 1, 1, 2 }, { "gsub", "a", "a", "b", "x" }, { "find", "abc", "b", 1.9 },
      { "find", "abc", "b", -1.5 }, { "find", "a.b", ".", 1, true }, { "find", "", "" }, { "find", "abc", "", 10 }, { "gmatch", "a" },
    } do
      local f, a, b, c, d = unpack(case, 1, 5)
      local function of(lib)
        return told(pcall(function() return lib[f](unpack({ a, b, c, d }, 1, d and 4 or c and 3 or b and 2 or 1)) end))
      end
      alike(shown(f, a, b, c, d), of(real), of(ours))
    end
  end)

  it("calls a replacing function that matches, too", function()
    local function shout(word) return (ours.gsub(word, "%l", string.upper)) end
    assert.same({ "AB CD", 2 }, { ours.gsub("ab cd", "%w+", shout) })
  end)

  it("ends in little time whatever the pattern, and says so", function() -- limit: pattern steps
    for _, case in ipairs {
      { (" "):rep(60000) .. "x", "%s+$" }, { ("."):rep(4096), ".-.-b" }, { ("a"):rep(100000), "a*a*a*b" },
      { ("("):rep(100000), "%b()" }, { ("a"):rep(50000), "(a*)%1b" }, { ("ab"):rep(50000), "[" .. ("x"):rep(1000) .. "]+$" },
      { ("a"):rep(200000), "%f[b]b" .. ".-" .. "%f[b]" }, { ('x"'):rep(50000), '"(.-)"$' },
    } do
      for _, f in ipairs { "find", "match", "gmatch", "gsub" } do
        assert.is_true(cost.within(1, function()
          pcall(function()
            if f == "gmatch" then for _ in ours.gmatch(case[1], case[2]) do end else ours[f](case[1], case[2], "") end
          end)
        end), case[2])
      end
    end
    local ok, err = pcall(ours.gsub, "x" .. (" "):rep(60000) .. "y", "%s+$", "")
    assert.is_false(ok)
    assert.equal("string.gsub: the pattern tries too many ways to match this text of 60002 bytes", (err:gsub("^.-:%d+: ", "")))
  end)

  it("looks for a plain text in linear time", function()
    local text, part, found = ("a"):rep(2000000), ("a"):rep(1000000) .. "b", nil
    assert.is_true(cost.within(1, function() found = ours.find(text, part, 1, true) end))
    assert.is_nil(found)
  end)
end)
