-- spec/lua/migration_files_spec.lua -- migrations have numbers of their area, and are refused if out of order.

local fake_host = require "fake_host"

local RANGES = 'return { agent = { 0, 999 }, api = { 0, 999 }, gateway = { 1000, 1999 } }'

describe("migrations", function()
  local app
  before_each(function() app = fake_host.start() end)
  after_each(function() app:stop() end)

  local function load(files)
    files["migrations.lua"] = files["migrations.lua"] or RANGES
    return app:load(files)
  end

  local function says(want, files)
    local ok, err = pcall(load, files)
    assert.is_false(ok, want)
    assert.is_truthy(err:find(want, 1, true), err)
  end

  local function numbers()
    local list = {}
    for i, file in ipairs(require("human.pg.migration_files").read(1)) do list[i] = file.number end
    return list
  end

  it("are applied in the order of their numbers, wherever they are", function()
    load { ["gateway/migrations/1001_b.sql"] = "", ["api/gateway/migrations/1000_a.sql"] = "",
           ["agent/migrations/0002_b.sql"] = "", ["api/migrations/0001_a.sql"] = "",
           ["api/shop/migrations/9001_a.sql"] = "", ["shop/migrations/10000_b.sql"] = "" }
    assert.same({ 1, 2, 1000, 1001, 9001, 10000 }, numbers())
  end)

  it("are refused outside of the range of their area", function()
    for path, range in pairs {
      ["agent/migrations/1000_x.sql"] = "agent have numbers from 0000 to 0999",
      ["api/agent/migrations/9001_x.sql"] = "agent have numbers from 0000 to 0999",
      ["gateway/migrations/0999_x.sql"] = "gateway have numbers from 1000 to 1999",
      ["api/gateway/migrations/2000_x.sql"] = "gateway have numbers from 1000 to 1999",
      ["shop/migrations/8999_x.sql"] = "shop have numbers from 9000 up",
      ["api/shop/migrations/0001_x.sql"] = "shop have numbers from 9000 up",
    } do
      says(path .. ": migrations of " .. range, { [path] = "" })
    end
  end)

  it("are refused when two have one number", function()
    says("api/migrations/0007_b.sql: number 0007 is taken by agent/migrations/0007_a.sql",
      { ["agent/migrations/0007_a.sql"] = "", ["api/migrations/0007_b.sql"] = "" })
    says("shop/migrations/09001_b.sql: number 9001 is taken by api/crm/migrations/9001_a.sql",
      { ["api/crm/migrations/9001_a.sql"] = "", ["shop/migrations/09001_b.sql"] = "" })
  end)

  it("are refused under a name that would be passed over", function()
    for _, base in ipairs { "12_x.sql", "0012-x.sql", "x.sql", "0012_.sql", "0012_x.y.sql", "1234567890_x.sql",
                            "old/0012_x.sql" } do
      says("agent/migrations/" .. base .. ": a migration is called NNNN_name.sql", { ["agent/migrations/" .. base] = "" })
    end
    says("migrations/0001_x.sql: a migration belongs into AREA/migrations", { ["migrations/0001_x.sql"] = "" })
  end)

  it("have ranges that make sense", function()
    for ranges, why in pairs {
      ["return { a = { 0, 9 }, b = { 5, 20 } }"] = "overlap", ["return { a = { 9, 0 } }"] = "a needs {first, last}",
      ["return { a = { 0, 9000 } }"] = "below 9000", ["return { a = { 0.5, 9 } }"] = "a needs", ["return { a = 1 }"] = "a needs",
      ["return 1"] = "must return a table", ["return require 'human.db'"] = "migrations.lua:1:",
    } do
      says(why, { ["migrations.lua"] = ranges })
    end
  end)

  it("are refused when the database has had a later one of the same range", function()
    load { ["gateway/migrations/1001_b.sql"] = "", ["agent/migrations/0002_b.sql"] = "" }
    local files = require "human.pg.migration_files"
    local agent, gateway = unpack(files.read(1))
    local done = { [3] = { number = 3, name = "c" }, [1] = { number = 1, name = "a" } }
    files.check_order(gateway, done)
    assert.has_error(function() files.check_order(agent, done) end, "agent/migrations/0002_b.sql: comes too late: this "
      .. "database has had 0003_c, which is above it in the range from 0000; give it a number above 0003")
  end)
end)
