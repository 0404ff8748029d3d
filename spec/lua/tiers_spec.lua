-- spec/lua/tiers_spec.lua -- the two environments, name by name.  Additions to one must be added here.

local fake_host = require "fake_host"

local SHARED = [[assert bit ipairs math next pairs require select string table tonumber tostring type unpack]]
local SCRIPT = SHARED .. [[ error getmetatable os pcall print rawequal rawget rawset setmetatable xpcall]]
local RULES = SHARED .. [[ allow deny escalate]]

local LIBRARIES = {
  { "table", "concat insert maxn remove sort", both = true },
  { "string", "byte char find format gmatch gsub len lower match rep reverse sub upper", both = true },
  { "bit", "arshift band bnot bor bswap bxor lshift rol ror rshift tobit tohex", both = true },
  { "math", [[abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max min modf
              pi pow rad sin sinh sqrt tan tanh]], both = true, script = " random randomseed" },
  { "os", "clock date difftime time" },
}

-- Of LuaJIT's globals, and modules that anybody could think of.
local NEVER = [[_G arg collectgarbage coroutine debug dofile ffi gcinfo getfenv io jit load loadfile loadstring
                module newproxy package rawlen setfenv string.buffer table.new table.clear os.execute os.exit
                os.getenv os.remove os.rename os.setlocale os.tmpname string.dump]]

local function sorted(names)
  local list = {}
  for name in names:gmatch "%S+" do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function keys(t)
  local list = {}
  for k in pairs(require("human.scripts.sandbox").behind(t)) do list[#list + 1] = k end
  table.sort(list)
  return list
end

describe("the environment", function()
  local app, script, rule
  setup(function()
    app = fake_host.start()
    local sandbox, rules = require "human.scripts.sandbox", require "human.scripts.rules"
    local function no_modules(name) error("module '" .. name .. "' not found", 0) end
    script, rule = sandbox.new(no_modules), sandbox.rules(no_modules, rules.verdicts)
  end)
  teardown(function() app:stop() end)

  it("of scripts and of rules is what the table says", function()
    assert.same(sorted(SCRIPT), keys(script))
    assert.same(sorted(RULES), keys(rule))
    for _, lib in ipairs(LIBRARIES) do
      assert.same(sorted(lib[2] .. (lib.script or "")), keys(script[lib[1]]))
      if lib.both then assert.same(sorted(lib[2]), keys(rule[lib[1]])) end
    end
  end)

  it("refuses every other name, to read and to write", function()
    for _, env in ipairs { script, rule } do
      for name in NEVER:gmatch "%S+" do
        local lib = name:match "^(%w+)%."
        local chunk = assert(load("return " .. name, "@x.lua", "t", env))
        local ok, value = pcall(chunk)
        if ok then assert.is_nil(value, name) end
        if not lib then assert.is_false(ok, name) end
        if not lib then assert.is_false(pcall(assert(load(name .. " = 1", "@x.lua", "t", env))), name) end
      end
    end
  end)

  -- Code -> what it gives; scripts may have more than rules have.
  for _, case in ipairs {
    { "return ('').dump", script = { true }, rule = { true } },
    { "return getmetatable('')", script = { true, false } },
    { "rawset(require_view, 'encode', 1)", script = { false, "read%-only" } },
    { "rawset({}, 1, 2)", script = { true } },
    { "require_view.encode = 1", script = { false, "module human.json is read%-only" } },
    { "setmetatable(require_view, {})", script = { false, "protected metatable" } },
    { "return ('x'):rep(65537)", script = { true, ("x"):rep(65537) }, rule = { false, "would exceed 65536 bytes" } },
    { "return (('x'):rep(9000)):find('y')", script = { true }, rule = { true } },
    { "return (('x'):rep(9000)):find('x-x-y')", script = { false, "too many ways" }, rule = { false, "used more than" } },
    { "math.n = 1", script = { false, "math is read%-only" }, rule = { false, "math is read%-only" } },
    { "type = 1", script = { false, "global 'type'" }, rule = { false, "global 'type'" } },
    { "string.x = 1", script = { false, "string is read%-only" }, rule = { false, "string is read%-only" } },
    { "local v = allow() v.note = 1 return allow().note", rule = { true, nil } },
    { "return allow().__index", rule = { true, nil } },
    { "return ('%p'):format 'x'", rule = { false, "cannot show an address" } },
    { "return ('%-20p'):format(1)", rule = { false, "cannot show an address" } },
    { "return ('%%p %d'):format(1)", rule = { true, "%p 1" } },
    { "return tostring({})", rule = { true, "table" } },
    { "return tostring(pairs)", rule = { true, "function" } },
    { "return ('%s'):format({})", rule = { false, "a rule cannot show a table" } },
    { "return ('%p'):format(pairs)", rule = { false, "cannot show an address" } },
    { "return tostring(deny 'conflict')", rule = { true, "conflict" } },
    { "local s = '' for k in pairs { z = 1, a = 1, m = 1, 5, [true] = 1 } do s = s .. tostring(k) end return s",
      rule = { true, "1amztrue" } },
    { "local t = { a = 1, b = 2 } for k in pairs(t) do t[k] = nil end return next(t)", rule = { true, nil } },
    { "return next { b = 1, a = 2 }", rule = { true, "a" } },
    { "return next({ a = 1 }, 'a')", rule = { false, "iterate over tables with pairs" } },
    { "for _ in pairs { [{}] = 1 } do end", rule = { false, "whose keys are tables" } },
    { "return assert(false, 'no')", rule = { false, "no" } },
  } do
    it("answers as it should: " .. case[1], function()
      local sandbox, rules = require "human.scripts.sandbox", require "human.scripts.rules"
      local call = { script = pcall, rule = rules.try }
      local names = sandbox.behind(script)
      names.require_view = sandbox.trusted "human.json"
      for tier, env in pairs { script = script, rule = rule } do
        local expected = case[tier]
        if expected then
          local chunk = assert(load(case[1], "@x.lua", "t", env))
          jit.off(chunk, true)
          local ok, value = call[tier](chunk)
          assert.equal(expected[1], ok, tostring(value))
          if ok then assert.equal(expected[2], value) else assert.matches(expected[2], tostring(value)) end
        end
      end
      names.require_view = nil
    end)
  end

  it("gives the methods of strings back to scripts when a rule has ended, however", function()
    local rules = require "human.scripts.rules"
    for _, text in ipairs { "return 1", "return nil + 1", "while true do end" } do
      local chunk = assert(load(text, "@x.lua", "t", rule))
      jit.off(chunk, true)
      rules.try(chunk)
      assert.equal(100000, #(("x"):rep(100000)))
    end
  end)
end)
