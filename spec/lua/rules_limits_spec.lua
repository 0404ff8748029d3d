-- spec/lua/rules_limits_spec.lua -- what a rule cannot do: spin, be compiled, wait, remember, be changed.

local fake_host = require "fake_host"

local ROOT = "return {}"

describe("a rule", function()
  local app
  before_each(function() app = fake_host.start() end)
  after_each(function() app:stop() end)

  -- The modules of market/rules as other scripts see them.
  local function load(files)
    local all = { ["api/x.lua"] = ROOT }
    for name, text in pairs(files) do all["market/rules/" .. name .. ".lua"] = text end
    local g = app:load(all)
    return function(name) return g.loaded["market.rules." .. name] end, g
  end

  local function refusal(files)
    local ok, err = pcall(load, files)
    assert.is_false(ok)
    return err
  end

  it("is ended at the same instruction however hot it is, called from a rule or a script", function()
    local of = load {
      inner = "local M = {} function M.sum(n) local x = 0 for i = 1, n do x = x + i end return x end return M",
      outer = [[local inner = require "market.rules.inner" local M = {}
        function M.sum(n) return inner.sum(n) end
        function M.each(n) local x = 0 for i = 1, n do x = x + inner.sum(1) end return x end
        function M.sorted(n) local t = {} for i = 1, n do t[i] = n - i end
          table.sort(t, function(a, b) return a < b end) return t[1] end
        function M.paired(n) local t = {} for i = 1, n do t["k" .. i] = i end
          local x = 0 for _ = 1, n do for _, v in pairs(t) do x = x + v end end return x end
        return M]] }
    for _, case in ipairs { { "inner", "sum", 90000, 110000 }, { "outer", "sum", 90000, 110000 },
                            { "outer", "each", 3000, 60000 }, { "outer", "sorted", 1000, 60000 },
                            { "outer", "paired", 10, 300 } } do
      local fn = of(case[1])[case[2]]
      for _ = 1, 20 do                           -- LuaJIT compiles loops that ran 56 times
        assert.is_true(pcall(fn, case[3]))
        local ok, err = pcall(fn, case[4])
        assert.same({ false, "rule_budget" }, { ok, err.code })
      end
    end
  end)

  it("that runs out of its budget is named in the log, with the line", function()
    local of = load { r = "local M = {}\nfunction M.spin()\n  while true do end\nend\nreturn M" }
    assert.is_false(pcall(of("r").spin))
    local line = app.host.lines[#app.host.lines].line
    assert.matches('"at":"market/rules/r.lua:3"', line, 1, true)
    assert.matches('"rule":"market.rules.r.spin"', line, 1, true)
  end)

  it("has the same budget for its examples", function()
    assert.equal("market/rules/r.lua:3: example 1 (spin): market/rules/r.lua:2: used more than 200000 instructions",
      refusal { r = 'local M = {}\nfunction M.spin() while true do end end\nM.examples = { { "spin" } }\nreturn M' })
  end)

  it("cannot wait, even when it is handed something that waits", function()
    local of = load { r = "local M = {} function M.call(f) return f() end return M" }
    local sched, waited = require "human.core.sched", nil
    sched.spawn(function() waited = { pcall(of("r").call, function() sched.sleep(1) end) } end)
    app:advance(2)
    assert.is_false(waited[1])
    assert.matches("yield across C%-call boundary", tostring(waited[2]))
  end)

  it("must not remember what it was asked", function()
    local r = 'local M = {} local t = {} function M.f() table.insert(t, 1) return #t end M.examples = { { "f", expect = 1 } } return M'
    assert.matches("'t' has changed %(a rule must not remember%)", refusal { r = r })
  end)

  it("keeps nothing in any other way: what has changed after a call is put back, and the call fails", function()
    for body, name in pairs {
      ["local seen = {} local function put(t, x) t[#t + 1] = x end function M.f() put(seen, 1) return #seen end"] = "seen",
      ["local seen = { in_ = {} } local function put(t, x) t[1] = x end function M.f() put(seen.in_, 1) return 1 end"] = "seen.in_",
      ["local t = { 1, 2 } function M.f() table.remove(t) return #t end"] = "t", ["local t = { 2, 1 } function M.f() table.sort(t) return t[1] end"] = "t",
      ["local function counter() local n = 0 return function() n = n + 1 return n end end local next_id = counter() function M.f() return next_id() end"] = "n",
      ["M.list = {} local function put(t) t.x = 1 end function M.f() put(M.list) return 1 end"] = "list",
      ["local a = {} local b = { a = a } local function put(t) t.a.x = 1 end function M.f() put(b) return 1 end"] = "b.a",
      ["local a = { n = 1 } local function drop(t) t.n = nil end function M.f() drop(a) return a.n == nil end"] = "a",
    } do
      local of = load { r = "local M = {} " .. body .. " return M" }
      local r, said = of "r", {}
      for i = 1, 3 do said[i] = { pcall(r.f) } end
      assert.is_false(said[1][1], body)
      assert.matches("^market/rules/r.lua:1: '" .. name .. "' has changed %(a rule must not remember%)$", said[1][2], nil, nil, body)
      assert.same(said[1], said[2])
      assert.same(said[1], said[3])
      assert.matches("has changed", refusal { r = "local M = {} " .. body .. " M.examples = { { 'f' } } return M" })
    end
  end)

  it("holds a bounded number of values", function() -- limit: rule state
    assert.matches("holds at most 200000 values", refusal { r = [[local t = {} for i = 1, 200001 do t[i] = i end
      return { f = function() return t[1] end }]] })
  end)

  it("answers with copies, so that nobody can write into what it holds", function()
    local of = load { r = [[local list, facts = { 1, 2, { 3 } }, { max = 1 }
      return { list = function() return list end, sum = function() return list[1] + list[3][1] + facts.max end,
               no = function() return deny("conflict", facts) end, yes = function() return allow() end }]] }
    local r = of "r"
    local got = r.list()
    got[1], got[3][1], r.no().data.max = 100, 100, 100
    assert.equal(5, r.sum())
    r.yes().note = "x"
    assert.is_nil(r.yes().note)
    assert.is_nil(r.yes().__index)
  end)

  it("cannot hand out a function", function()
    local of = load { r = "return { f = function() return function() end end }" }
    local ok, err = pcall(of("r").f)
    assert.is_false(ok)
    assert.matches("answers with plain data", err)
  end)

  it("sees nothing that differs from run to run, while it is loaded as little as later", function()
    for body, message in pairs {
      ["return { a = ('%p'):format('x') }"] = "cannot show an address", ["return { a = ('%s'):format({}) }"] = "cannot show a table",
      ["local t = {} return { a = ('%5s'):format(next) }"] = "cannot show a function", ["return { a = os.time() }"] = "undefined global 'os'",
      ["return { a = math.random() }"] = "attempt to call field 'random'", ["return { a = collectgarbage() }"] = "undefined global",
      ["return { a = newproxy() }"] = "undefined global", ["return { a = jit.version }"] = "undefined global", ["return { a = pcall(next) }"] = "undefined global",
    } do
      assert.matches(message, refusal { r = body })
    end
    local of = load { r = "local a = tostring({}) .. tostring(next) return { a = a, f = function(x) return tostring(x) end }" }
    assert.equal("tablefunction", of("r").a)
    assert.equal("table", of("r").f({}))
  end)

  it("is refused when a function writes what outlives its call", function()
    for body, name in pairs {
      ["local n = 0\nfunction M.f() n = n + 1 end"] = "n", ["local n\nfunction M.f() n = 'x' end"] = "n",
      ["local n\nfunction M.f() n = nil end"] = "n", ["local n\nfunction M.f() if M.x then n = 1 end end"] = "n",
      ["local t = {}\nfunction M.f(k) t[k] = true end"] = "t", ["local t = {}\nfunction M.f() t.x = 1 end"] = "t",
      ["local t = {}\nfunction M.f() t[1] = 1 end"] = "t", ["local t = {}\nfunction M.f() local s = t s.x = 1 end"] = "t",
      ["local n = 0\nfunction M.f() local function g() n = n + 1 end g() end"] = "n", ["\nfunction M.f() M.n = 1 end"] = "M",
      ["local n\nM.on = { f = function() return function() n = 1 end end }"] = "n",
    } do
      assert.equal("market/rules/r.lua:2: a rule keeps nothing between calls: a function writes to '" .. name
        .. "' (fill it outside of functions)", refusal { r = "local M = {} " .. body .. " return M" })
    end
    load { r = [[local M, t, late = {}, {}, nil
      for word in ("a b"):gmatch "%S+" do t[word] = true end
      function late() return 1 end
      function M.f(list)
        local n, seen, sum = 0, {}, 0
        local function add(x) n = n + 1 seen[x] = n end
        for _, x in ipairs(list) do add(x) sum = sum + x end
        list[1] = t.a
        return n + late()
      end
      return M]] }
  end)

  it("cannot change its own module once it is loaded", function()
    local of = load { r = "local M = { n = 1 } local function set(t) t.n = 2 end function M.f() set(M) end return M" }
    local ok, err = pcall(of("r").f)
    assert.is_false(ok)
    assert.matches("module market.rules.r is read%-only", err)
  end)

  it("cannot be changed by others", function()
    local of = load { r = "local M = { n = 1, list = { 1, 2 } } function M.f() return M.n + M.list[1] end return M" }
    local r = of "r"
    assert.has_error(function() r.n = 5 end, "module market.rules.r is read-only")
    assert.has_error(function() r.f = print end)
    assert.equal("module market.rules.r", getmetatable(r))
    r.list[1] = 100                              -- a copy
    assert.equal(2, r.f())
  end)

  it("budgets functions wherever they stand in the module", function()
    local of = load { r = "local M = { on = {} } function M.on.spin() while true do end end return M" }
    local ok, err = pcall(of("r").on.spin)
    assert.same({ false, "rule_budget" }, { ok, err.code })
  end)

  it("may be another rule, or all of it and more", function()
    local of, g = load { a = "return { n = 1, f = function() return 2 end }", b = 'local a = require "market.rules.a" return a',
      c = 'local a, M = require "market.rules.a", {} for k, v in pairs(a) do M[k] = v end M.g = a.f return M' }
    for _, name in ipairs { "b", "c" } do assert.same({ 1, 2 }, { of(name).n, of(name).f() }) end
    assert.equal(2, of("c").g())
    assert.equal("market.rules.c.g", require("human.scripts.rules").about(of("c").g).name)
    assert.equal(3, #g.rule_sources)
  end)

  it("goes with its generation", function()
    local R = "local M = { list = {} } function M.f() return M.list end return M"
    local gone = setmetatable({ (select(2, load { r = R })) }, { __mode = "v" })
    load { r = R }
    jit.flush()                                  -- compiled code keeps what it has seen
    collectgarbage()
    collectgarbage()
    assert.is_nil(gone[1])
  end)

  it("is known to the generation by who requires it", function()
    local _, g = load { a = "return { n = 1 }", b = 'local a = require "market.rules.a" return { n = a.n }',
                        c = 'local b = require "market.rules.b" return { n = b.n }', d = "return { n = 1 }" }
    local replay = require "human.cli.replay"
    assert.same({ ["market.rules.a"] = true, ["market.rules.b"] = true, ["market.rules.c"] = true },
      replay.affected(g, { "market.rules.a" }))
    assert.same({ ["market.rules.d"] = true }, replay.affected(g, { "market.rules.d" }))
  end)
end)
