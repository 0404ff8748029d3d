-- spec/lua/time_spec.lua -- RFC 3339 times in and out.

require("plain_host").install()
local time = require "human.time"

local SAME = { -- text, the same instant in UTC
  { "2025-11-27T10:00:00Z", "2025-11-27T10:00:00.000Z" },
  { "2025-11-27T10:00:00.123Z", "2025-11-27T10:00:00.123Z" },
  { "2025-11-27T10:00:00.1239Z", "2025-11-27T10:00:00.123Z" },
  { "2025-11-27t10:00:00.5z", "2025-11-27T10:00:00.500Z" },
  { "2025-11-27 10:00:00+00:00", "2025-11-27T10:00:00.000Z" },
  { "2025-11-27T00:30:00+01:00", "2025-11-26T23:30:00.000Z" },
  { "2025-12-31T23:30:00-05:30", "2026-01-01T05:00:00.000Z" },
  { "2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000Z" },
  { "2000-02-29T12:00:00Z", "2000-02-29T12:00:00.000Z" },
  { "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z" },
  { "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z" },
  { "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z" },
  { "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z" },
  { "2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z" }, -- a leap second
}

local NOT_TIMES = {
  "", "now", "2025-11-27", "2025-11-27T10:00:00", "2025-11-27T10:00Z", "2025-11-27T24:00:00Z",
  "2025-11-27T10:60:00Z", "2025-11-27T10:00:61Z", "2025-00-27T10:00:00Z", "2025-13-27T10:00:00Z",
  "2025-02-29T10:00:00Z", "1900-02-29T10:00:00Z", "2025-04-31T10:00:00Z", "2025-11-00T10:00:00Z",
  "2025-11-27T10:00:00+1:00", "2025-11-27T10:00:00+24:00", "2025-11-27T10:00:00+0100",
  "2025-11-27T10:00:00.Z", "2025-11-27T10:00:00ZZ", " 2025-11-27T10:00:00Z", "25-11-27T10:00:00Z",
  "0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
}

describe("time", function()
  for _, case in ipairs(SAME) do
    it("takes " .. case[1], function()
      assert.equal(case[2], time.normalize(case[1]))
    end)
  end

  for _, text in ipairs(NOT_TIMES) do
    it("refuses '" .. text .. "'", function()
      assert.is_nil(time.normalize(text))
    end)
  end

  it("counts milliseconds since 1970", function()
    assert.equal(0, time.parse "1970-01-01T00:00:00Z")
    assert.equal(1764237600123, time.parse "2025-11-27T10:00:00.123Z")
  end)

  it("agrees with the C library on every day of 400 years", function()
    for day = -25567, 120528, 97 do
      assert.equal(os.date("!%Y-%m-%dT%H:%M:%S.000Z", day * 86400), time.format(day * 86400000))
      assert.equal(day * 86400000, time.parse(time.format(day * 86400000)))
    end
  end)
end)

describe("time.zone_file", function()
  it("has the files of zones, and none of others", function()
    assert.equal("TZif", time.zone_file("Europe/Stockholm"):sub(1, 4))
    assert.equal("TZif", time.zone_file("Etc/GMT+3"):sub(1, 4))
    for _, name in ipairs { "Mars/Base", "Europe", "../../../etc/passwd", "/etc/passwd", "", "Europe/../UTC", "tzdata.zi", "UTC\0",
                            ("a"):rep(65), "leapseconds" } do
      assert.is_nil(time.zone_file(name), name)
    end
    assert.is_nil(time.zone_file(5))
  end)
end)
