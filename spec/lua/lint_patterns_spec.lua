-- spec/lua/lint_patterns_spec.lua -- what the lint of patterns refuses, and what it lets pass.

local lint = dofile "spec/lint_patterns.lua"

describe("the lint of patterns", function()
  for _, pattern in ipairs { "%s+$", "%s*$", "/+$", " +$", "[^%w]+$", ".-x", ".-.-b", "^.-.-b", "^%s*(.-)%s*$", "([^,]*),", "(%w+)=", "%s+%S", "%%[^%a]*p",
    "^%d+%.?%d*$", "^%s*%d+%.?%d*%s*$", "/%*.-%*/", "%b()", "(a)%1", "a*a*b", "^(a*)(a*)b", "[\192-\255]?[\128-\191]*$", "<(%a+)%s?([^<>]-)/?>", ".*api/", "(%d+)$",
    "# What\n(.-)\n\n# How", '([%w_]+)="([^"]*)"', "%f[%w](sk%-)[%w%-]*%w%w$" } do
    it("refuses " .. pattern, function() assert.equal("string", type(lint.problem(pattern))) end)
  end

  for _, pattern in ipairs { "%s+", "[^%w]+", "^%s+", "^.*%S", "%S+%s*", "^(.-):", "^([%w_.]+)%.([%w_]+)$", "^[^{]*", "@.*$", "^([^:]+):(.*)$", "%f[%w_]([%w_]+)=\"([^\"]*)\"",
    "<([^<>]*)>", "{{%s*([%w_.]+)%s*}}", "{([^{}]*)}", "\n%s*", "^<m[^>]*>(.*)</m>$", "^%s*()", "[.!?] ", "^(%d+)(%a*)$", "[^\n]*\n?", "x", "", "^", "$", "%d%d", "(%w://[^%s:/@]*:)[^%s@/]+@" } do
    it("lets pass " .. pattern, function() assert.is_nil(lint.problem(pattern)) end)
  end

  it("takes ^ in gmatch for a character", function()
    assert.equal("string", type(lint.problem("^.-x", true)))
    assert.is_nil(lint.problem "^.-x")
  end)

  local function lines(text)
    local out = {}
    for i, f in ipairs(lint.check(text)) do out[i] = f.line end
    return out
  end

  it("finds patterns where they are given, with their line", function()
    assert.same({ 1 }, lines 'local x = s:gsub("%s+$", "")')
    assert.same({ 1, 2, 3, 4 }, lines [==[
      x = string.match(s, "%s+$")
      x = find(f(a, b), '%s+$')
      for w in text:gmatch [[(%w+)=]] do end
      x = (s:match "%s*$")]==])
    assert.same({ 3 }, lines("--[[ %s+$\n]] local y = 'x:gsub(\"%s+$\")'\nz = s:sub(1):gsub('%s+$', '')"))
  end)

  it("leaves alone what is no pattern, and what says why it is linear", function()
    assert.same({}, lines [==[
      x = s:find("%s+$", 1, true)
      function M.find(files, name) end
      x = M.find("%s+$", y)
      x = s:gsub("a", "%s+$")
      x = s:gsub("%s+$", "") -- linear: of at most 40 bytes
      -- s:gsub("%s+$", "")]==])
  end)
end)
