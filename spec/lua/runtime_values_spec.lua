-- spec/lua/runtime_values_spec.lua -- settings, state and crypto as scripts see them.

local plain_host = require "plain_host"

describe("config", function()
  local config, sched = require "human.config", require "human.core.sched"
  local serving
  before_each(function()
    serving = sched.generation
    sched.generation = { config = { port = 3000, database = { pool = 8 }, cors = { "a" } } }
  end)
  after_each(function() sched.generation = serving end)

  it("reads settings by their dotted names", function()
    assert.equal(3000, config.port)
    assert.equal(8, config.database.pool)
    assert.same({ "a" }, config.cors)
  end)

  it("refuses names that do not exist, and names them", function()
    assert.has_error(function() return config.prot end, "no such setting: prot")
    assert.has_error(function() return config.database.pol end, "no such setting: database.pol")
  end)

  it("cannot be changed", function()
    assert.has_error(function() config.port = 1 end, "settings are read-only: port")
    assert.has_error(function() config.database.pool = 1 end, "settings are read-only: pool")
    assert.equal(8, config.database.pool)
  end)
end)

describe("state", function()
  local state = plain_host.fresh("human.state", plain_host.new())

  it("is the same table for the same name", function()
    state.table("a").x = 5
    assert.equal(5, state.table("a").x)
    assert.is_nil(state.table("b").x)
  end)

  it("copies tables on their way in", function()
    local t, mine = state.table "copy", { list = { 1 } }
    t.x = mine
    mine.list[1] = 2
    assert.same({ list = { 1 } }, t.x)
  end)

  for what, value in pairs { ["a function"] = print, ["a nested function"] = { { print } },
    ["a coroutine"] = coroutine.create(print), ["an object"] = setmetatable({}, {}), userdata = io.stdout } do
    it("refuses " .. what, function()
      assert.has_error(function() state.table("c").x = value end)
      assert.is_nil(state.table("c").x)
    end)
  end

  it("refuses a cycle", function()
    local loop = {}
    loop.loop = loop
    assert.has_error(function() state.table("c").x = loop end)
  end)

  it("is counted, iterated and bounded", function() -- limit: state entries
    local t, sum = state.table "many", 0
    for i = 1, 100000 do t[i] = i end
    t[1], t[1] = nil, nil
    assert.equal(99999, state.size "many")
    t.one = 1
    assert.has_error(function() t.more = 1 end, "state 'many' is full (100000 entries)")
    for _, v in state.pairs "many" do sum = sum + v end
    for k in state.pairs "many" do t[k] = nil end  -- it outlives this test
    assert.equal(100000 * 100001 / 2, sum)
  end)
end)

describe("crypto", function()
  local crypto = plain_host.fresh("human.crypto", plain_host.new())

  it("writes bytes as hex", function() assert.equal("00ff0a25", crypto.hex "\0\255\n%") end)

  for n = 0, 40 do
    it("gives back " .. n .. " bytes from base64url", function()
      local data = ("\255\254\0x"):rep(10):sub(1, n)
      local text = crypto.base64url(data)
      assert.is_nil(text:find "[^%w%-_]")
      assert.equal(data, crypto.unbase64url(text))
      assert.equal(data, crypto.unbase64(crypto.base64(data)))
    end)
  end

  it("refuses malformed base64url", function()
    for _, bad in ipairs { "a", "ab+c", "ab/c", "ab==", "a b" } do assert.is_nil(crypto.unbase64url(bad)) end
  end)

  it("makes numbers in [0, 1) and hex of the wanted length", function()
    for _ = 1, 100 do
      local n = crypto.random()
      assert.is_true(n >= 0 and n < 1)
    end
    assert.equal(32, #crypto.random_hex(16))
  end)
end)
