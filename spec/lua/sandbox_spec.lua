-- spec/lua/sandbox_spec.lua -- what scripts and rules can reach, and what they cannot.

local fake_host = require "fake_host"

describe("the sandbox", function()
  local app, sandbox

  setup(function()
    app = fake_host.start()
    sandbox = require "human.sandbox"
  end)
  teardown(function() app:stop() end)

  local function run(text, env)
    local chunk = assert(load(text, "@script.lua", "t", env or sandbox.new(function(name) return name end)))
    return pcall(chunk)
  end

  local function rule(text)
    return run(text, sandbox.rules(function(name) return name end, { allow = function() return "allowed" end }))
  end

  it("has no way to files, processes, other code or the machine below", function()
    for name in ([[io debug package ffi jit load loadstring loadfile dofile getfenv setfenv newproxy
                   collectgarbage module _G arg coroutine gcinfo]]):gmatch "%S+" do
      local ok, err = run("return " .. name)
      assert.is_false(ok, name)
      assert.equal("script.lua:1: undefined global '" .. name .. "'", err)
    end
    for text in ([[os.execute os.exit os.remove os.rename os.getenv os.tmpname string.dump
                   ('').dump]]):gmatch "%S+" do
      local _, value = run("return " .. text)
      assert.is_nil(value, text)
    end
  end)

  it("has what pure code needs, and the clock", function()
    local ok, value = run [[
      local t = setmetatable({}, { __index = function(_, k) return k .. "!" end })
      assert(select("#", 1, 2) == 2 and pcall(error) == false and tonumber "1" == 1 and next {} == nil)
      assert(type(os.time()) == "number" and os.date("!%Y", 0) == "1970" and bit.band(6, 3) == 2)
      table.sort { 2, 1 }
      return ("x"):rep(3) .. t.a .. math.floor(1.5) .. ("%d"):format(4) .. require "m"
    ]]
    assert.is_true(ok, value)
    assert.equal("xxxa!14m", value)
  end)

  it("refuses to make globals", function()
    local _, err = run "x = 1"
    assert.equal("script.lua:1: assignment to global 'x' (use a local)", err)
    _, err = run "function f() end"
    assert.is_truthy(err:find("assignment to global 'f'", 1, true))
  end)

  it("keeps its own copies of the libraries", function()
    assert.is_true(run "string.format, table.insert, math.floor = nil, nil, nil")
    assert.is_function(string.format)
    assert.is_true(run "return table.insert({}, 1)")
  end)

  it("bounds strings that repeat, and hides the metatable of strings", function() -- limit: repeated text
    for _, text in ipairs { "('x'):rep(1e9)", "string.rep('xx', 1e8)", "('x'):rep(2, ('y'):rep(2e7))" } do
      local ok, err = run("return " .. text)
      assert.is_false(ok)
      assert.is_truthy(err:find("string.rep: result would exceed", 1, true), err)
    end
    assert.is_true(run "assert(getmetatable('') == false)")
    assert.equal(("ab"):rep(2), "abab")
  end)

  it("hands out runtime modules that cannot be changed", function()
    local json = sandbox.trusted "human.json"
    assert.equal("[1]", json.encode { 1 })
    assert.has_error(function() json.encode = nil end)
    assert.is_nil((sandbox.trusted "human.host"))
    assert.is_nil((sandbox.trusted "io"))
    assert.is_table((sandbox.trusted "sse"))
  end)

  it("gives rules still less: no clock, no chance, no error handling", function()
    for _, name in ipairs { "os", "pcall", "error", "xpcall", "setmetatable", "print", "rawset" } do
      assert.is_false(rule("return " .. name), name)
    end
    assert.same({ true }, { rule "return math.random" })
    assert.same({ true, "allowed" }, { rule "return allow()" })
  end)

  it("lets rules match short texts only", function() -- limit: rule subject
    assert.is_true(rule "return string.find(string.rep('x', 4096), 'y')")
    for _, f in ipairs { "find", "match", "gmatch", "gsub" } do
      assert.is_false(rule("return string." .. f .. "(string.rep('x', 4097), 'y', '')"), f)
    end
    assert.is_false(rule "return string.rep('x', 65537)")
  end)
end)
