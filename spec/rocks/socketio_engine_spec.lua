-- spec/rocks/socketio_engine_spec.lua -- Engine.IO packets and polling payloads.
local engine = require "socketio.engine"

local function fake_base64(s) return "<" .. s .. ">" end

describe("an Engine.IO payload", function()
  for _, case in ipairs {
    { "4a", { "4a" } }, { "4a\0302\0304b", { "4a", "2", "4b" } },
    { "", { "" } }, { "4a\030", { "4a", "" } }, { "\0304a", { "", "4a" } },
  } do
    it(("splits %q"):format(case[1]), function()
      assert.same(case[2], engine.decode_payload(case[1], 10))
    end)
  end

  it("has at most as many packets as its reader wants", function()
    assert.is_nil(engine.decode_payload(("2\030"):rep(11), 10))
  end)

  it("joins packets and writes bytes as base64", function()
    local list = { "4a", { data = "xy" }, "2" }
    assert.equal("4a\030b<xy>\0302", engine.encode_payload(list, 3, fake_base64))
  end)
end)

describe("an Engine.IO packet", function()
  it("begins with a digit from 0 to 6", function()
    for digit = 0, 6 do assert.is_true(engine.is_packet(tostring(digit))) end
    for _, text in ipairs { "", "7", "a", " 4", "\0" } do assert.is_false(engine.is_packet(text)) end
  end)

  it("carries bytes behind a b", function()
    local function unbase64(s) return s == "AA==" and "\0" or nil end
    assert.equal("\0", engine.binary("bAA==", unbase64))
    assert.is_nil(engine.binary("b!", unbase64))
    assert.is_false(engine.binary("4b", unbase64))
  end)

  describe("with bytes as clients write them", function()
    local taken
    local function unbase64(s)
      if not s:find "^[%w+/]*=?=?$" or #s % 4 ~= 0 then return nil end
      taken = s
      return "bytes"
    end

    for text, want in pairs {
      ["AQI=\n"] = "AQI=", ["AQI=\r\n"] = "AQI=", ["AQ\r\nI\t= "] = "AQI=", ["AQI"] = "AQI=", ["AQ"] = "AQ==",
      ["AQIDBA"] = "AQIDBA==", ["-_-_"] = "+/+/", ["_w"] = "/w==", ["-_8=\n"] = "+/8=", ["AQI==" ] = "AQI=",
      [("A"):rep(76) .. "\r\n" .. ("B"):rep(76) .. "\r\n"] = ("A"):rep(76) .. ("B"):rep(76),
    } do
      it(("takes %q"):format(text), function()
        assert.equal("bytes", engine.binary("b" .. text, unbase64))
        assert.equal(want, taken)
      end)
    end

    for _, text in ipairs { "A", "AQIDB", "AQ!=", "=AQI", "AQ=I", "AQI===", "AQ\0=", "\195\188", "A\n" } do
      it(("refuses %q"):format(text), function() assert.is_nil(engine.binary("b" .. text, unbase64)) end)
    end
  end)

  it("opens with the session's terms in the reference's order", function()
    local tail = engine.open_tail { upgrade = true, ping_interval_ms = 300, ping_timeout_ms = 200,
                                    max_payload = 1000000 }
    assert.equal('","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}',
      tail)
  end)
end)
