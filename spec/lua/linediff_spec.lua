-- spec/lua/linediff_spec.lua -- differences of texts, as `diff -u` would show them.

local linediff = require "human.core.linediff"

-- What `patch` would make of a text.
local function patched(before, diff)
  local lines, out, at = {}, {}, 1
  for line in before:gmatch "[^\n]*\n?" do lines[#lines + 1] = line end
  for line in diff:gmatch "[^\n]*\n?" do
    local from, n = line:match "^@@ %-(%d+),?(%d*)"
    if from then
      local first = tonumber(from) + (n == "0" and 1 or 0)
      while at < first do out[#out + 1], at = lines[at], at + 1 end
    elseif line:find "^\\" then
      out[#out] = out[#out]:gsub("\n$", "")
    elseif line:find "^ " or (line:find "^%-" and not line:find "^%-%-%- ") then
      if line:sub(1, 1) == " " then out[#out + 1] = lines[at] end
      at = at + 1
    elseif line:find "^%+" and not line:find "^%+%+%+ " then
      out[#out + 1] = line:sub(2)
    end
  end
  while lines[at] do out[#out + 1], at = lines[at], at + 1 end
  return table.concat(out)
end

local function numbers(from, to, change)
  local out = {}
  for i = from, to do out[#out + 1] = (change and change[i] or "line " .. i) .. "\n" end
  return table.concat(out)
end

describe("the difference of two texts", function()
  it("is nothing when they are equal", function()
    assert.equal("", linediff.unified("a\nb\n", "a\nb\n", "x", "y"))
    assert.equal(0, linediff.count("a\nb\n", "a\nb\n"))
  end)

  it("is shown in pieces with three lines around", function()
    local diff = linediff.unified(numbers(1, 30), numbers(1, 30, { [5] = "five", [25] = "twenty-five" }), "old", "new")
    assert.equal("--- old\n+++ new\n@@ -2,7 +2,7 @@\n line 2\n line 3\n line 4\n-line 5\n+five\n line 6\n line 7\n"
      .. " line 8\n@@ -22,7 +22,7 @@\n line 22\n line 23\n line 24\n-line 25\n+twenty-five\n line 26\n line 27\n line 28\n",
      diff)
  end)

  it("counts a line that reads otherwise once", function()
    for after, n in pairs {
      [numbers(1, 9)] = 0, [numbers(1, 9, { [4] = "x" })] = 1, [numbers(1, 8)] = 1, [numbers(1, 11)] = 2,
      [numbers(2, 9)] = 1, [numbers(1, 9, { [1] = "x", [9] = "y" })] = 2, [""] = 9,
    } do
      assert.equal(n, linediff.count(numbers(1, 9), after), after)
    end
  end)

  it("tells a missing newline at the end", function()
    assert.equal("--- x\n+++ y\n@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n",
      linediff.unified("a\n", "a", "x", "y"))
  end)

  it("leads from the one to the other, whatever they are", function()
    math.randomseed(7)
    local function text()
      local out = {}
      for i = 1, math.random(0, 30) do out[i] = ("abcd"):sub(math.random(4)):sub(1, 1) .. "\n" end
      return table.concat(out)
    end
    for _ = 1, 500 do
      local a, b = text(), text()
      assert.equal(b, patched(a, linediff.unified(a, b, "x", "y")), a .. "=>\n" .. b)
    end
  end)

  it("of large texts without a common line takes no time", function()
    local function lines(word)
      local out = {}
      for i = 1, 20000 do out[i] = word .. i .. "\n" end
      return table.concat(out)
    end
    assert.equal(20000, linediff.count(lines "a", lines "b"))
  end)
end)
