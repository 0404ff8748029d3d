-- spec/rocks/socketio_engine3_spec.lua -- the payloads of Engine.IO v3.
local engine3 = require "socketio.engine3"

local SMILE = "\240\159\152\128"
local function base64(s) return "<" .. s .. ">" end

describe("a payload of Engine.IO v3", function()
  local texts = {
    ["1:2"] = { "2" }, ["1:24:42[]"] = { "2", "42[]" }, ["3:4\195\164x"] = { "4\195\164x" },
    ["3:4" .. SMILE .. "1:2"] = { "4" .. SMILE, "2" }, ["0:1:2"] = { "", "2" }, ["2:4\226\130\172"] = { "4\226\130\172" },
  }
  for text, packets in pairs(texts) do
    it("is split by UTF-16 code units: " .. text, function()
      assert.same(packets, engine3.decode_text(text, 10))
      assert.equal(text, (engine3.encode_payload(packets, #packets, base64)))
    end)
  end

  for _, text in ipairs { "", "x", ":", "5", "5:", "2:4", "1:" .. SMILE, "2:4" .. SMILE, "1:2x", "-1:2", "1:2\0301:2",
                          "99999999999:4", "2:4\195", ("1:2"):rep(11) } do
    it(("as text is refused: %q"):format(text:sub(1, 20)), function()
      assert.is_nil((engine3.decode_text(text, 10)))
    end)
  end

  it("is bytes when there are bytes among its packets, and the client takes them", function()
    local list = { "4\195\164", { data = "\0\255" } }
    local payload, is_bytes = engine3.encode_payload(list, 2, base64)
    assert.same({ "\0\3\2554\195\164\1\3\255\4\0\255", true }, { payload, is_bytes })
    assert.same(list, engine3.decode_bytes(payload, 10))
    assert.same({ "2:4\195\1646:b4<\0\255>", false }, { engine3.encode_payload(list, 2, base64, true) })
  end)

  it("has lengths of several digits", function()
    local text = ("x"):rep(1234)
    assert.same({ text, "2" }, engine3.decode_bytes("\0\1\2\3\4\255" .. text .. "\0\1\2552", 10))
  end)

  for _, text in ipairs { "", "\2\1\2552", "\0\2552", "\0\1", "\0\2\2552", "\0\1\1\1\1\1\1\1\1\1\1\1\2552", "\1\1\2552", "\0a\2552",
                          ("\0\1\2552"):rep(11), "\1\0\255" } do
    it(("as bytes is refused: %q"):format(text:sub(1, 20)), function()
      assert.is_nil((engine3.decode_bytes(text, 10)))
    end)
  end
end)
