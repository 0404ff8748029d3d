-- spec/fuzz/socketio_fuzz_spec.lua -- the codec against mutated packets, from a fixed seed.
-- Whatever comes, the decoder answers with a packet that keeps its promises, or nil and a message.
local cjson = require "cjson"
local binary = require "socketio.binary"
local engine = require "socketio.engine"
local engine3 = require "socketio.engine3"
local parser = require "socketio.parser"

local ROUNDS = 40000
local SEEDS = {
  '2["message",{"a":[1,2,{"b":null}]}]', '217/chat,4["x"]', "0", '0/admin,{"token":"t"}', "1/admin,",
  '312["ok"]', '52-["b",{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}]]',
  '61-/n,8[{"_placeholder":true,"num":0}]', '44{"message":"x","data":{}}', "2/a/b?c=d,0[1e308]",
}
local SPICE = { "-", ",", "/", "[", "]", "{", "}", '"', "\0", "\030", "9", "0", "b", "\\", "\255" }

local function json_decode(text)
  local ok, value = pcall(cjson.decode, text)
  if ok then return value end
  return nil, value
end
local decode = parser.decoder { json_decode = json_decode }

local random_state = 20240131
local function random(n) -- Park and Miller: the same everywhere
  random_state = random_state * 16807 % 2147483647
  return random_state % n + 1
end

local function mutate(text)
  for _ = 1, random(4) do
    local at, what = random(#text + 1), random(4)
    local head, tail = text:sub(1, at - 1), text:sub(at)
    if what == 1 then text = head .. SPICE[random(#SPICE)] .. tail
    elseif what == 2 then text = head .. tail:sub(2)
    elseif what == 3 then text = head .. tail:sub(1, random(8)) .. tail
    else text = head .. string.char(random(256) - 1) .. tail:sub(2) end
  end
  return text
end

local function check(kind, name, id, data, count)
  assert(kind >= 0 and kind <= 6 and kind % 1 == 0, "kind")
  assert(name:sub(1, 1) == "/" and not name:find(",", 1, true) and #name <= 256, "namespace")
  assert(id == false or id:find "^%d+$" and #id <= 18, "id")
  assert(count >= 0 and count <= 10 and (count == 0 or kind >= 5), "attachments")
  if kind == 2 or kind == 5 then
    assert(type(data[1]) == "string" and not parser.RESERVED[data[1]] or type(data[1]) == "number",
      "event name")
  end
  if kind == 1 then assert(data == nil, "payload of DISCONNECT") end
end

describe("the codec", function()
  it("survives " .. ROUNDS .. " mutated packets", function()
    local good = 0
    for _ = 1, ROUNDS do
      local text = mutate(SEEDS[random(#SEEDS)])
      local kind, name, id, data, count = decode(text, 1)
      if kind then
        good = good + 1
        check(kind, name, id, data, count)
        if type(data) == "table" then
          local parts = {}
          for i = 1, count do parts[i] = binary.new(tostring(i)) end
          binary.restore(data, parts)
        end
      else
        assert(type(name) == "string", "no message for " .. text)
      end
    end
    assert.is_true(good > ROUNDS / 50 and good < ROUNDS)
  end)

  it("splits mutated payloads without losing a byte", function()
    for _ = 1, ROUNDS / 4 do
      local payload = mutate(SEEDS[random(#SEEDS)] .. "\030" .. SEEDS[random(#SEEDS)])
      local packets = engine.decode_payload(payload, #payload + 1)
      assert(table.concat(packets, "\030") == payload)
    end
  end)

  it("splits mutated payloads of Engine.IO v3, or says why not", function()
    for _ = 1, ROUNDS / 4 do
      local list = { SEEDS[random(#SEEDS)], { data = mutate "bytes" }, "4\240\159\152\128\195\164" }
      local text = engine3.encode_payload({ list[1], list[3] }, 2, tostring, true)
      assert(engine3.decode_text(text, 10)[2] == list[3])
      local bytes = engine3.encode_payload(list, 3, tostring)
      assert.same(list, engine3.decode_bytes(bytes, 10))
      for read, payload in pairs { [engine3.decode_text] = mutate(text), [engine3.decode_bytes] = mutate(bytes) } do
        local packets, err = read(payload, 10)
        assert(packets and #packets <= 10 or type(err) == "string")
      end
    end
  end)

  it("reads back every event it writes", function()
    for i = 1, 500 do
      local args = { "e" .. i, { n = i, bytes = binary.new(mutate "abc") }, mutate "text" }
      args[3] = args[3]:gsub("[^%w]", "?")
      local text, parts = parser.encode("2", "/n", tostring(i), args, cjson.encode)
      local kind, name, id, data, count = decode(text, 1)
      assert(kind == 5 and name == "/n" and id == tostring(i) and count == 1)
      local wrapped = { binary.new(parts[1]) }
      local back = binary.restore(data, wrapped)
      assert.equal(args[2].bytes.data, back[2].bytes.data)
      assert.equal(args[3], back[3])
    end
  end)
end)
