-- spec/fuzz/msgpack_fuzz_spec.lua -- MessagePack against mutated texts, from a fixed seed.
local msgpack = require "msgpack"
local packed = require "socketio.packed"

local ROUNDS = 60000
local NULL = {}
local encode, decode = msgpack.codec { null = NULL, array = function(t) t.is_list = nil return t end }

local random_state = 987654321
local function random(n) -- Park and Miller: the same everywhere
  random_state = random_state * 16807 % 2147483647
  return random_state % n + 1
end

local function value(depth)
  local kind = random(depth > 4 and 6 or 8)
  if kind == 1 then return random(2) == 1 end
  if kind == 2 then return NULL end
  if kind == 3 then return random(2 ^ random(30)) * (random(2) == 1 and 1 or -1) end
  if kind == 4 then return random(1000000) / random(997) * 2 ^ (random(200) - 100) end
  if kind <= 6 then return ("t"):rep(random(300) - 1) end
  local out = {}
  for i = 1, random(20) do
    if kind == 7 then out[i] = value(depth + 1) else out["k" .. i] = value(depth + 1) end
  end
  return out
end

local function mutate(text)
  for _ = 1, random(4) do
    local at, what = random(#text + 1), random(3)
    local head, tail = text:sub(1, at - 1), text:sub(at)
    if what == 1 then text = head .. string.char(random(256) - 1) .. tail
    elseif what == 2 then text = head .. tail:sub(random(8))
    else text = head .. string.char(random(256) - 1) .. tail:sub(2) end
  end
  return text
end

describe("MessagePack", function()
  it("reads back what it wrote", function()
    for _ = 1, 500 do
      local v = value(0)
      assert.same(v, decode(encode(v)))
    end
  end)

  it("survives " .. ROUNDS .. " mutated texts, and so does the packet in them", function()
    local read = packed.decoder { decode = decode, is_array = function(t) return t[1] ~= nil end, null = NULL }
    local seeds, good = {}, 0
    for i = 1, 50 do seeds[i] = encode { type = i % 5, nsp = "/n", id = i, data = { "e", value(1) } } end
    for _ = 1, ROUNDS do
      local text = mutate(seeds[random(#seeds)])
      local kind, name = read(text)
      if kind then
        good = good + 1
        assert(kind >= 0 and kind <= 4 and kind % 1 == 0 and name:sub(1, 1) == "/")
      else
        assert(type(name) == "string")
      end
    end
    assert.is_true(good > ROUNDS / 100 and good < ROUNDS)
  end)
end)
