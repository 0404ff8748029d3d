-- spec/lua/sandbox_spec.lua -- what scripts and rules can reach, and what they cannot.

local fake_host = require "fake_host"

describe("the sandbox", function()
  local app, sandbox

  setup(function()
    app = fake_host.start()
    sandbox = require "human.scripts.sandbox"
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

  it("lets nobody change the libraries, by whatever way", function()
    for _, text in ipairs {
      "string.format = nil", "math.n = 1", "table.insert = nil", "bit.band = nil", "os.time = nil", "math['pi'] = 3", "rawset(math, 'n', 1)",
      "table.insert(math, 1)", "table.remove(math)", "table.sort(string)", "setmetatable(math, {})", "setmetatable(string, nil)",
      "local m = math m.n = 1", "local function set(t) t.n = 1 end set(os)", "getmetatable(string).__index = nil", "getmetatable('').__index = nil",
    } do
      local ok, err = run(text)
      assert.is_false(ok, text)
      assert.matches("^script.lua:1: ", tostring(err), nil, nil, text)
    end
    assert.is_true(run "return table.insert({}, 1)")
    assert.is_true(run "assert(math.n == nil and string.format('%d', 1) == '1' and ('x'):rep(2) == 'xx')")
  end)

  it("lets nobody replace a builtin, as a forgotten local would", function()
    for name in ([[type pairs ipairs next tostring tonumber select unpack assert error pcall require print string table
                   math os bit setmetatable rawset]]):gmatch "%S+" do
      local _, err = run(name .. " = 1")
      assert.equal("script.lua:1: assignment to global '" .. name .. "' (use a local)", err)
    end
  end)

  it("leaves the objects of the runtime and their metatables alone, and scripts theirs", function()
    local env = sandbox.new(function() return setmetatable({}, { __index = { a = 1 } }) end)
    for _, text in ipairs { "getmetatable(require 'x').__index.a = 2", "setmetatable(require 'x', {})" } do
      assert.is_false(run(text, env), text)
    end
    assert.is_true(run([[
      local mt = { __index = { a = 1 } }
      local t = setmetatable({}, mt)
      assert(getmetatable(t) == mt and t.a == 1 and getmetatable(setmetatable(t, nil)) == nil and getmetatable({}) == nil)
      rawset(setmetatable(t, mt), "b", 2)
      table.insert(t, 3)
      assert(t.b == 2 and t[1] == 3)]], env))
  end)

  it("gives scripts no way from an object to the methods of all its kind", function()
    local fail, schema = require "human.fail", require "human.schema"
    for kind, object in pairs { schema = schema.string, fail = select(2, pcall(fail.throw, "internal")) } do
      local methods = object.__index
      assert.is_nil(methods, kind)
    end
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
    assert.is_nil((sandbox.trusted "human.core.host"))
    assert.is_nil((sandbox.trusted "human.spec"))
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

  it("ends C functions of scripts that would not end, with the script's line", function() -- limit: pattern steps
    for text, message in pairs {
      ["return (('x' .. (' '):rep(60000) .. 'y'):gsub('%s+$', ''))"] = "tries too many ways", ["local t = {} table.insert(t, -2e9, 5)"] = "position",
      ["local x = string.find(('.'):rep(4096), '.-.-b')"] = "tries too many ways", ["local x = table.concat({}, '', 1, 1e9)"] = "invalid value",
      ["for _ in ('a'):rep(60000):gmatch('a*a*b') do end"] = "tries too many ways", ["local x = unpack({}, 1, 1e8)"] = "too many results",
    } do
      local ok, err = run(text)
      assert.is_false(ok, text)
      assert.matches(message, err)
      if text:sub(1, 6) ~= "return" then assert.matches("^script.lua:1: ", err) end
    end
    assert.is_true(run "local t = {} for i = 1, 3000 do t[i] = 1 end table.sort(t, function() return true end)")
  end)

  it("lets rules repeat short texts only", function()
    assert.is_false(rule "return string.rep('x', 65537)")
  end)
end)
