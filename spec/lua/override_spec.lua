-- spec/lua/override_spec.lua -- metadata of scripts, and whether it still holds.

local fake_host = require "fake_host"

local BASE = "return { n = 1 }\n"
local PATH, SHIPPED = "shop/rules/x.lua", "shipped:shop/rules/x.lua"

-- A sum of 64 digits that tells texts of different length apart.
local function sum(text) return (("%032d"):format(#text)) end
local function hex(text) return (sum(text):gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end

describe("an override", function()
  local app, override
  before_each(function()
    app = fake_host.start()
    app.host.sha256 = sum
    override = require "human.scripts.override"
  end)
  after_each(function() app:stop() end)

  local function warnings(own, shipped)
    return app:load({ [PATH] = own, [SHIPPED] = shipped }).warnings
  end

  local function says(want, own, shipped)
    local ok, err = pcall(warnings, own, shipped)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find(want, 1, true), err)
  end

  it("speaks in the comments that it begins with, and only there", function()
    local said = override.metadata "-- x -- y.\n--% host: >= 1\n\n--%version:  2 \n--% host: >= 9\nlocal M = 1\n--% base: no\n"
    assert.same({ host = { value = ">= 1", line = 2 }, version = { value = "2", line = 4 } }, said)
    assert.same({}, override.metadata "")
    assert.same({}, override.metadata "return {}")
  end)

  it("based on the shipped text of today says nothing", function()
    assert.same({}, warnings("--% base: " .. hex(BASE) .. "\n" .. BASE, BASE))
    assert.same({}, warnings(BASE, BASE .. "--\n"))
  end)

  it("based on an older text is told, with the file", function()
    local list = warnings("--% base: " .. hex(BASE) .. "\n" .. BASE, BASE .. "-- new\n")
    assert.same({ "/own/shop/rules/x.lua: based on an older shipped version; it has changed upstream "
      .. "(human overrides --diff)" }, list)
  end)

  it("based on an older text is refused where strict_overrides says so", function()
    app:stop()
    app = fake_host.start { conf = { strict_overrides = true } }
    app.host.sha256 = sum
    says("/own/shop/rules/x.lua: based on an older shipped version",
      "--% base: " .. hex(BASE) .. "\n" .. BASE, BASE .. "-- new\n")
    assert.same({}, warnings("--% base: " .. hex(BASE) .. "\n" .. BASE, BASE))
  end)

  it("that needs a newer host is refused, shipped or not", function()
    assert.same({}, warnings("--% host: >= 1\n" .. BASE, BASE))
    says("/own/shop/rules/x.lua:2: needs a host of API level 99", "-- x\n--% host: >= 99\n" .. BASE, BASE)
    says("shop/rules/x.lua:1: needs a host of API level 99", BASE, "--% host: >= 99\n" .. BASE)
  end)

  it("that says it wrongly is refused with its line", function()
    says("/own/shop/rules/x.lua:1: --% host: must read >= N", "--% host: 3\n" .. BASE, BASE)
    says("/own/shop/rules/x.lua:1: --% base: must be a SHA-256", "--% base: abc\n" .. BASE, BASE)
    says("--% base: must be a SHA-256", "--% base: " .. ("G"):rep(64) .. "\n" .. BASE, BASE)
  end)

  it("is compared without the line that names its base", function()
    assert.equal(BASE, override.without_base("--% base: " .. hex(BASE) .. "\n" .. BASE))
    assert.equal("-- x\n" .. BASE, override.without_base("-- x\n--% base: " .. hex(BASE) .. "\n" .. BASE))
    assert.equal(BASE, override.without_base(BASE))
  end)
end)
