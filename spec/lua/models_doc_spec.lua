-- spec/lua/models_doc_spec.lua -- docs/models.md is correct: every provider that can be configured has its line, and
-- the spec that a line names exists and has that case.

local function read(path)
  local f = io.open(path, "rb")
  local text = f and f:read "*a"
  if f then f:close() end
  return text
end

local SETTINGS = "scripts/agent/providers/config.lua"
local doc = read "docs/models.md"
local rows = {}
for line in doc:gmatch "[^\n]+" do
  local server, provider, spec, case = line:match "^| ([^|]+) | `([%w_]+)` |.*| `(spec/[^`]+)`: ([^|]+) |$"
  if server then rows[#rows + 1] = { server = server, provider = provider, spec = spec, case = case } end
end

describe("docs/models.md", function()
  it("has a line for each provider that can be set, and for no other", function()
    local listed, settable = {}, {}
    for _, row in ipairs(rows) do listed[row.provider] = true end
    for name in read(SETTINGS):match("PROVIDERS = %b{}"):gmatch '"([^"]+)"' do
      if name ~= "offline" then settable[name] = true end
    end
    assert.same(settable, listed)
    assert.is_true(#rows >= 13)
  end)

  for _, row in ipairs(rows) do
    it("names a spec that plays " .. row.server, function()
      local spec = read(row.spec)
      assert.truthy(spec, row.spec)
      assert.truthy(spec:find(row.case, 1, true), row.spec .. " has no case: " .. row.case)
    end)
  end

  it("names settings that exist", function()
    local table_of = read(SETTINGS)
    for name in doc:gmatch "`(llm%.[%w_]+)`" do assert.truthy(table_of:find('"' .. name .. '"', 1, true), name) end
  end)
end)
