-- spec/lua/limits_doc_spec.lua -- docs/limits.md is correct: every setting `limits.*` with its default, and
-- for each row a place that enforces it and a spec that trips it.

local function read(path)
  local f = io.open(path, "rb")
  local text = f and f:read "*a"
  if f then f:close() end
  return text
end

local rows = {}
for line in read("docs/limits.md"):gmatch "[^\n]+" do
  local name, default, what, where, breach, spec =
    line:match "^| `([^`]+)` | (.-) | (.-) | (.-) | (.-) | `([^`]+)` |$"
  if name then
    rows[#rows + 1] = { name = name, default = default, what = what, where = where, breach = breach, spec = spec }
    rows[name] = rows[#rows]
  end
end

-- "256 MB", "10 s", "20,000" as a setting has it.
local FACTOR = { KB = 1024, MB = 1024 ^ 2, s = 1000, ms = 1, [""] = 1 }
local function number_of(text)
  local digits, unit = text:match "^([%d,]+) ?(%a*)$"
  return tonumber((digits:gsub(",", ""))) * FACTOR[unit]
end

local settings = {}
for name, fallback in read("host/core/conftable.c"):gmatch '%sINT%("([%w_.]+)", "(%d+)"' do settings[name] = tonumber(fallback) end

-- Of settings that scripts define: as they are without a file.
local function defined(name)
  local group, key = name:match "^(%l+)%.([%w_]+)$"
  local values = group and require("human.scripts.settings").present()[group]
  return values and values[key]
end

describe("docs/limits.md", function()
  it("lists every limit among the settings", function()
    local n = 0
    for name in pairs(settings) do
      if name:find "^limits%." then
        n = n + 1
        assert.truthy(rows[name], name)
      end
    end
    assert.is_true(n >= 18)
    assert.is_true(#rows > 60)
  end)

  for _, row in ipairs(rows) do
    it("is right about " .. row.name, function()
      if row.name:find("%a%.%a") and not row.name:find " " then
        assert.equal(settings[row.name] or defined(row.name), number_of(row.default))
      end
      for file in row.where:gmatch "[%w_/]+%.%a+" do
        assert.truthy(read(file) or read("host/" .. file), file)
      end
      local spec = assert.is_truthy(read(row.spec), row.spec) and read(row.spec)
      assert.truthy(spec:find("limit: " .. row.name, 1, true), row.spec .. " does not say where it trips this")
    end)
  end
end)
