-- spec/lua/replay_reads_spec.lua -- which facts a rule read, recorded without changing what it sees.

local fake_host = require "fake_host"

describe("the facts that a rule reads", function()
  local app, reads, rules
  before_each(function()
    app = fake_host.start()
    reads, rules = require "human.cli.replay_reads", require "human.scripts.rules"
  end)
  after_each(function() app:stop() end)

  -- A rule with that body.
  local function rule(body)
    local g = app:load {
      ["api/x.lua"] = "return {}",
      ["market/rules/r.lua"] = "local M = {}\nfunction M.f(facts, other)\n" .. body .. "\nend\nreturn M",
    }
    return g.rule_sources[1].mod.f
  end

  -- {path = value} of what is read of the arguments; and the answer's label.
  local function read(body, ...)
    local fn = rule(body)
    local ok, answer = rules.try(fn, ...)
    local label = ok and rules.label(rules.output(answer)) or nil
    local list = reads.of(fn, { ... }, select("#", ...), label)
    local out = {}
    for _, e in ipairs(list or {}) do out[e.path] = e.value == nil and "nil" or e.value end
    return out, label, list
  end

  it("are names of an object, also those that are not there", function()
    assert.same({ a = 1, ["b.c"] = "x", z = "nil" },
      (read("return facts.a .. facts.b.c .. tostring(facts.z)", { a = 1, b = { c = "x", d = 2 }, e = 3 })))
  end)

  it("leave # and ipairs of lists what they are", function()
    local facts = { list = { { n = 1, m = 9 }, { n = 2 } }, words = { "a", "b" }, none = {} }
    local out, label = read([[local sum = 0 for _, x in ipairs(facts.list) do sum = sum + x.n end
      return "s" .. sum .. #facts.list .. table.concat(facts.words) .. #facts.none]], facts)
    assert.equal("s32ab0", label)
    assert.same({ ["list[1].n"] = 1, ["list[2].n"] = 2, words = { "a", "b" }, none = {} }, out)
  end)

  it("are all of an object that it goes through, in the order that it always has", function()
    local out, label = read("local t = {} for k, v in pairs(facts) do t[#t + 1] = k .. tostring(v) end return table.concat(t)",
      { b = 2, a = 1, c = true })
    assert.equal("a1b2ctrue", label)
    assert.same({ a = 1, b = 2, c = true }, out)
    assert.same({ a = 1 }, (read("return tostring(next(facts))", { a = 1, b = 2 })))
    assert.same({}, (read("return tostring(next(facts) == nil)", {})))
  end)

  it("are not what it has written itself", function()
    local out, label = read("facts.a = 5 facts.b = nil facts.c = 1 return facts.a .. tostring(facts.b) .. facts.c .. facts.d",
      { a = 1, b = 2, d = 4 })
    assert.equal("5nil14", label)
    assert.same({ d = 4 }, out)
  end)

  it("are told of verdicts, failures and several arguments alike", function()
    assert.same({ a = 1 }, (read("return deny('conflict', { was = facts.a })", { a = 1, b = 2 })))
    assert.same({ a = 1 }, (read("return facts.a.b.c", { a = 1 })))
    assert.same({ ["[1].x"] = 1, ["[2]"] = 7 }, (read("return facts.x + other", { x = 1, y = 2 }, 7)))
  end)

  it("are not told where a rule answers otherwise to being watched", function()
    local _, _, list = read("local n = 0 for _ in ipairs(facts) do n = n + 1 end return tostring(facts[1] == nil)", { "a" })
    assert.is_table(list)
    local fn = rule "return 'said ' .. facts.a"
    assert.is_nil(reads.of(fn, { { a = "x" } }, 1, "something else"))
  end)
end)
