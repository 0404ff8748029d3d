-- spec/rocks/cron_spec.lua -- cron patterns by hand; spec/e2e/cron.test.mjs compares with npm's croner.

local cron = require "cron"
local calendar = require "cron.calendar"

local function at(text)
  local y, mo, d, h, mi = text:match "^(%d+)-(%d+)-(%d+) (%d+):(%d+)$"
  return calendar.day(tonumber(y), tonumber(mo), tonumber(d)) * 86400 + tonumber(h) * 3600 + tonumber(mi) * 60
end

local function shown(time) return time and os.date("!%Y-%m-%d %H:%M", time) or "never" end

-- A TZif file of version 2 without times: all is in the rule at its end.
local function slim(rule)
  local function block(version)
    local function be(n) return string.char(0, 0, 0, n) end
    return "TZif" .. version .. ("\0"):rep(15) .. be(0) .. be(0) .. be(0) .. be(0) .. be(1) .. be(4)
      .. "\0\0\0\0\0\0" .. "UTC\0"
  end
  return block "2" .. block "2" .. "\n" .. rule .. "\n"
end

describe("A cron pattern", function()
  local cases = {
    { "0 0 29 2 *", "2026-01-01 00:00", "2028-02-29 00:00" },
    { "0 0 29 2 *", "2097-01-01 00:00", "2104-02-29 00:00" },
    { "0 0 * 2 MON#5", "2026-01-01 00:00", "2044-02-29 00:00" },
    { "0 0 31 2 *", "2026-01-01 00:00", "never" }, -- limit: cron search
    { "*/15 * * * *", "2026-01-01 00:14", "2026-01-01 00:15" },
    { "*/15 * * * *", "2026-12-31 23:45", "2027-01-01 00:00" },
    { "0 0 LW 5 *", "2026-01-01 00:00", "2026-05-29 00:00" },
    { "@weekly", "2026-01-01 00:00", "2026-01-04 00:00" },
  }
  for _, case in ipairs(cases) do
    it(case[1] .. " after " .. case[2] .. " is " .. case[3], function()
      assert.equal(case[3], shown(assert(cron.parse(case[1])):next(at(case[2]))))
    end)
  end

  it("is refused with a sentence, and one that is too long at once (limit: cron pattern)", function()
    assert.same({ nil, "minute: 61 is out of range" }, { cron.parse "61 * * * *" })
    assert.truthy(select(2, cron.parse "* * * *"):find "five fields")
    assert.truthy(select(2, cron.parse(("1,"):rep(200) .. "1 * * * *")):find "longer than 256")
  end)
end)

describe("A time zone", function()
  it("goes on by the rule at its end", function()
    local zone = assert(cron.tzif(slim "CET-1CEST,M3.5.0,M10.5.0/3"))
    assert.equal(3600, cron.offset(zone, at "2150-01-15 00:00"))
    assert.equal(7200, cron.offset(zone, at "2150-07-15 00:00"))
    assert.equal("2150-03-29 01:00", shown(cron.parse("30 2 29 3 *"):next(at "2150-03-01 00:00", zone)))
  end)

  it("knows rules of the south, of negative summer time, of days by number, and of hours beyond a day", function()
    local rules = {
      { "AEST-10AEDT,M10.1.0,M4.1.0/3", 39600, 36000 },
      { "IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3600 },
      { "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", -10800, -7200 },
      { "EET-2EEST,J60/0,J300/24", 7200, 10800 },
      { "XYZ5", -18000, -18000 },
      { "<+0530>-5:30", 19800, 19800 },
    }
    for _, rule in ipairs(rules) do
      local zone = assert(cron.tzif(slim(rule[1])))
      assert.equal(rule[2], cron.offset(zone, at "2030-01-15 00:00"), rule[1])
      assert.equal(rule[3], cron.offset(zone, at "2030-07-15 00:00"), rule[1])
    end
  end)

  it("is refused when its bytes are none, wherever they are cut or changed", function()
    local whole = slim "CET-1CEST,M3.5.0,M10.5.0/3"
    for n = 0, #whole - 1 do assert.is_nil((cron.tzif(whole:sub(1, n)))) end
    for _, rule in ipairs { "CET", "CET-1CEST", "CET-1CEST,M13.1.0,M1.1.0", "CET-1CEST,M3.5.0", "1", "CET-1CEST,M3.5.0,M10.5.0x" } do
      assert.is_nil((cron.tzif(slim(rule))))
    end
    for i = 1, #whole do
      for _, b in ipairs { 0, 127, 255 } do
        local zone = cron.tzif(whole:sub(1, i - 1) .. string.char(b) .. whole:sub(i + 1))
        if zone then cron.parse("* * * * *"):next(0, zone) end
      end
    end
    assert.truthy(select(2, cron.tzif(("x"):rep(70000))):find "too long") -- limit: time zone
  end)

  it("is refused when it counts leap seconds, as the zones below right/ do: no clock here does", function()
    local function be(...) return string.char(...) end
    local function block(time)
      return "TZif2" .. ("\0"):rep(15) .. be(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4)
        .. "\0\0\0\0\0\0" .. "UTC\0" .. time .. be(0, 0, 0, 1)
    end
    local bytes = block(be(4, 178, 88, 0)) .. block(be(0, 0, 0, 0, 4, 178, 88, 0)) .. "\nUTC0\n"
    assert.truthy(select(2, cron.tzif(bytes)):find "leap seconds")
  end)
end)
