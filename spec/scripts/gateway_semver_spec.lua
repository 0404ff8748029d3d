-- spec/scripts/gateway_semver_spec.lua -- versions are ordered as semver.org orders them.

local semver = require "gateway.semver"

local function order(a, b) return semver.compare(assert(semver.parse(a)), assert(semver.parse(b))) end

describe("versions", function()
  -- Section 11, and what people write.
  local ORDERED = { "0.4.0", "0.4.1", "0.10.0", "1.0.0-0", "1.0.0-2", "1.0.0-11", "1.0.0-99999999999999999999", "1.0.0-alpha",
                    "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",
                    "v1.0.1", "2.0.0" }

  it("are older, as old or newer by their place in semver's own example", function()
    for i, a in ipairs(ORDERED) do
      for j, b in ipairs(ORDERED) do
        assert.equal(i < j and -1 or i == j and 0 or 1, order(a, b), a .. " and " .. b)
      end
    end
  end)

  it("are equal if only the build or a leading v differs", function()
    assert.equal(0, order("0.4.0", "v0.4.0"))
    assert.equal(0, order("1.0.0+build.1", "1.0.0+2"))
  end)

  for _, text in ipairs { "", "1", "1.2", "1.2.3.4", "1.2.x", "01.2.3", "1.2.3-", "1.2.3-a..b", "1.2.3-01", "1.2.3+", "1.2.3 ", "latest",
                          "1.2.99999999999", ("1"):rep(200) .. ".0.0", ("9."):rep(60000) } do
    it("do not look like " .. text:sub(1, 20), function() assert.is_nil(semver.parse(text)) end)
  end

  it("are texts", function()
    for _, value in ipairs { 1, true, {} } do assert.is_nil(semver.parse(value)) end
  end)
end)
