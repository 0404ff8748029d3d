-- spec/rocks/socketio_parser_spec.lua -- Socket.IO packets: what is read, refused and written.
local cjson = require "cjson"
local binary = require "socketio.binary"
local parser = require "socketio.parser"

local function json_decode(text)
  local ok, value = pcall(cjson.decode, text)
  if ok then return value end
  return nil, value
end
local decode = parser.decoder { json_decode = json_decode, max_attachments = 10 }

local function read(text)
  local kind, name, id, data, count = decode(text, 1)
  return { kind = kind, name = name, id = id, data = data, count = count }
end

describe("the Socket.IO decoder", function()
  local good = {
    { '2["hi"]', kind = 2, name = "/", id = false, data = { "hi" }, count = 0 },
    { '2/chat,["hi",1]', kind = 2, name = "/chat", id = false, data = { "hi", 1 }, count = 0 },
    { '217["hi"]', kind = 2, name = "/", id = "17", data = { "hi" }, count = 0 },
    { '2/a,0["hi"]', kind = 2, name = "/a", id = "0", data = { "hi" }, count = 0 },
    { "2[7]", kind = 2, name = "/", id = false, data = { 7 }, count = 0 },
    { "0", kind = 0, name = "/", id = false, count = 0 },
    { '0{"token":"x"}', kind = 0, name = "/", id = false, data = { token = "x" }, count = 0 },
    { "0/custom", kind = 0, name = "/custom", id = false, count = 0 },
    { "0/custom,", kind = 0, name = "/custom", id = false, count = 0 },
    { "0/custom?x=1,{}", kind = 0, name = "/custom?x=1", id = false, data = {}, count = 0 },
    { "1", kind = 1, name = "/", id = false, count = 0 },
    { "1/admin,", kind = 1, name = "/admin", id = false, count = 0 },
    { "312[]", kind = 3, name = "/", id = "12", data = {}, count = 0 },
    { "312", kind = 3, name = "/", id = "12", count = 0 },
    { '4{"message":"no"}', kind = 4, name = "/", id = false, data = { message = "no" }, count = 0 },
    { '51-["a",{"_placeholder":true,"num":0}]', kind = 5, name = "/", id = false, count = 1,
      data = { "a", { _placeholder = true, num = 0 } } },
    { '50-["a"]', kind = 5, name = "/", id = false, data = { "a" }, count = 0 },
    { '61-/a,3[{"_placeholder":true,"num":0}]', kind = 6, name = "/a", id = "3", count = 1,
      data = { { _placeholder = true, num = 0 } } },
  }
  for _, case in ipairs(good) do
    it("reads " .. case[1], function()
      local got = read(case[1])
      for key, value in pairs(got) do assert.same(case[key], value) end
      assert.equal(case.kind, got.kind)
    end)
  end

  local bad = {
    "", "7", "a", '9["x"]', "2", "2{}", '2"x"', "2[]", "2[null]", "2[true]", "2[{}]", '2["a"',
    '2["connect"]', '2["connect_error"]', '2["disconnect"]', '2["disconnecting"]',
    '2["newListener"]', '2["removeListener"]', "0[]", '0"x"', "0{", "1{}", '1"bye"', '3{"a":1}',
    '5["a"]', '5-["a"]', '5x-["a"]', '511-["a"]', '5-1-["a"]', '51.5-["a"]', '599999999999-["a"]',
    "4[]", "4 1", "2 [1]", "2" .. ("1"):rep(19) .. '["a"]', "0/" .. ("n"):rep(300),
  }
  for _, text in ipairs(bad) do
    it("refuses " .. (text == "" and "an empty packet" or text:sub(1, 40)), function()
      local kind, message = decode(text, 1)
      assert.is_nil(kind)
      assert.is_string(message)
    end)
  end

  it("reads from the given position on", function()
    assert.equal(2, (decode('42["x"]', 2)))
  end)
end)

describe("the Socket.IO encoder", function()
  it("writes what the decoder reads", function()
    assert.equal('2["a",1]', (parser.encode("2", "/", "", { "a", 1 }, cjson.encode)))
    assert.equal('2/n,5["a"]', (parser.encode("2", "/n", "5", { "a" }, cjson.encode)))
    assert.equal("1/n,", parser.packet("1", "/n", "", ""))
  end)

  it("takes bytes out and leaves its arguments alone", function()
    local args = { "a", { deep = { binary.new "\0\1" } }, binary.new "xyz" }
    local text, parts = parser.encode("2", "/", "", args, cjson.encode)
    assert.equal("52-", text:sub(1, 3))
    local back = cjson.decode(text:sub(4))
    assert.same({ "\0\1", "xyz" }, { parts[back[2].deep[1].num + 1], parts[back[3].num + 1] })
    assert.is_true(binary.is(args[3]))
  end)

  it("has placeholders written as raw text where the JSON writer has such a thing", function()
    local text = parser.encode("2", "/", "", { binary.new "x" }, function(args) return "[" .. args[1].text .. "]" end,
      function(raw) return { text = raw } end)
    assert.equal('51-[{"_placeholder":true,"num":0}]', text)
  end)

  it("writes an acknowledgement with bytes as type 6", function()
    local text = parser.encode("3", "/", "9", { binary.new "x" }, cjson.encode)
    assert.equal('61-9[', text:sub(1, 5))
  end)
end)

describe("attachments", function()
  local function restore(args) return binary.restore(args, { binary.new "A", binary.new "B" }) end

  it("return to where their placeholders stood", function()
    local out = restore { "e", { x = { { _placeholder = true, num = 1 } } } }
    assert.equal("B", out[2].x[1].data)
    assert.is_true(out[2].x[1].is_binary)
  end)

  for _, num in ipairs { -1, 2, 0.5, "0", cjson.null } do
    it("are refused for a placeholder with num " .. tostring(num), function()
      assert.is_nil(restore { "e", { _placeholder = true, num = num } })
    end)
  end

  it("leave tables with another _placeholder alone", function()
    assert.same({ "e", { _placeholder = 1 } }, restore { "e", { _placeholder = 1 } })
  end)
end)
