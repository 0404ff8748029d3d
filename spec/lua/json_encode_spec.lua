-- spec/lua/json_encode_spec.lua -- what free-form Lua values look like as JSON.

require("plain_host").install()
local json = require "human.json"

local cyclic = {}
cyclic[1] = cyclic

local CASES = {
  { "text", '"text"' }, { "a/b", '"a/b"' }, { "</script>", '"</script>"' },
  { "\\/", '"\\\\/"' }, { 'say "hi"\n', '"say \\"hi\\"\\n"' }, { "\1\31", '"\\u0001\\u001f"' },
  { "\226\128\168", '"\226\128\168"' }, { "💪", '"💪"' },
  { 0, "0" }, { -5, "-5" }, { 1e14, "100000000000000" }, { 1e15, "1000000000000000" },
  { 2 ^ 53, "9007199254740992" }, { -2 ^ 53, "-9007199254740992" }, { 1764237600123, "1764237600123" },
  { 0.1, "0.1" }, { 0.1 + 0.2, "0.30000000000000004" }, { 1 / 3, "0.3333333333333333" },
  { 1e300, "1e+300" }, { 5e-324, "4.9406564584125e-324" },
  { true, "true" }, { false, "false" }, { json.null, "null" },
  { {}, "{}" }, { json.array(), "[]" }, { json.array { 1 }, "[1]" }, { { {} }, "[{}]" },
  { { a = {} }, '{"a":{}}' }, { { a = json.array {} }, '{"a":[]}' }, { { "a/b", 1e15 }, '["a/b",1000000000000000]' },
  { { ["x/y"] = 1 }, '{"x/y":1}' }, { { 1, json.null, 3 }, "[1,null,3]" },
  { json.raw '{"b" : 1}', '{"b" : 1}' }, { { json.raw "[]" }, "[[]]" },
}

local REFUSED = {
  { "a function", print }, { "NaN", 0 / 0 }, { "infinity", 1 / 0 }, { "infinity inside", { a = { -1 / 0 } } },
  { "positions and names together", { 1, a = 2 } }, { "a hole in an array", { 1, nil, nil, 4 } }, { "another hole", { 1, nil, 3 } },
  { "names that are numbers", { [5] = 1 } }, { "names that are booleans", { [true] = 1 } },
  { "a cycle", cyclic }, { "userdata", io.stdout },
}

describe("json.encode", function()
  for i, case in ipairs(CASES) do
    it("writes case " .. i .. ": " .. case[2]:gsub("%c", "?"), function()
      assert.equal(case[2], json.encode(case[1]))
    end)
  end

  for _, case in ipairs(REFUSED) do
    it("refuses " .. case[1], function()
      assert.has_error(function() json.encode(case[2]) end)
      assert.equal('{"still":"works"}', json.encode { still = "works" })
    end)
  end

  it("gives back every double", function()
    for _ = 1, 2000 do
      local n = (math.random() - 0.5) * 10 ^ math.random(-300, 300)
      assert.equal(n, tonumber(json.encode(n)))
    end
  end)

  it("writes the same whether cjson or we do the work", function()
    local v = { s = "a/\"b\"\\", n = 12345678901234, t = true, list = { 1, 2, { x = "y" } }, z = json.null }
    local plain = json.decode(json.encode(v))
    v.force_slow_path = 0.5
    local slow = json.decode(json.encode(v))
    slow.force_slow_path = nil
    assert.same(plain, slow)
    v.force_slow_path = nil
    assert.same(v, plain)
  end)

  it("orders names when asked, the wished ones first", function()
    assert.equal('{"z":1,"a":2,"b":{"z":0,"c":3}}',
      json.encode_sorted({ b = { c = 3, z = 0 }, a = 2, z = 1 }, { "z" }))
  end)

  it("leaves an object in the order that it has been given", function()
    local given = json.in_order({ a = 2, z = 1, m = json.null }, { "z", "m", "a" })
    assert.equal('{"z":1,"m":null,"a":2}', json.encode_sorted(given, { "a" }))
    assert.same({ "z", "m", "a" }, json.order_of(given))
    assert.is_nil(json.order_of {})
  end)

  it("keeps the text of json.raw reachable", function()
    assert.equal("{}", json.raw_text(json.raw "{}"))
    assert.is_nil(json.raw_text {})
    assert.is_nil(json.raw_text "x")
  end)
end)
