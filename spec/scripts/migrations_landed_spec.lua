-- spec/scripts/migrations_landed_spec.lua -- a migration's number is above all that have landed in its range, and a
-- migration that has landed stays as it is.

local crypto = require "human.crypto"
local landed = require "landed"
local migration_files = require "human.pg.migration_files"

local LIST = "spec/fixtures/migrations.txt"

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read "*a"
  f:close()
  return text
end

describe("the migrations that have landed", function()
  it("are in the tree as they landed, and new ones come after them", function()
    local wrong = landed.problem(read(LIST), migration_files.read(1), crypto.sha256_hex)
    assert.is_nil(wrong, ("%s: %s"):format(LIST, tostring(wrong)))
  end)

  describe("as a list", function()
    local function file(number, text, range)
      return { path = ("a/migrations/%04d_x.sql"):format(number), text = text or "", number = number, range = range or { 0, 999 } }
    end
    local function problem(list, files) return landed.problem(list, files, crypto.sha256_hex) end
    -- What a list says that has these files, each added when it came.
    local function list_of(files)
      local text, there = "", {}
      for _, one in ipairs(files) do
        there[#there + 1] = one
        text = text .. problem(text, there):match "^add these lines:\n(.+)$" .. "\n"
      end
      return text
    end

    it("takes those that follow, in each range for itself", function()
      local files = { file(1), file(1000, "", { 1000, 1999 }), file(2), file(1001, "", { 1000, 1999 }) }
      assert.is_nil(problem(list_of(files), files))
    end)

    it("refuses a number below one that has landed, wherever its line is put", function()
      local list, late = list_of { file(1), file(3) }, { file(1), file(2), file(3) }
      assert.equal("a/migrations/0002_x.sql: needs a number above 3, which has landed", problem(list, late))
      local line = problem("", { file(2) }):match "\n(.+)$"
      assert.truthy(problem(list .. line .. "\n", late):find("0002_x.sql: it, or what stands above it", 1, true))
      local first = list:match "^[^\n]+\n"
      assert.truthy(problem(list:gsub("^[^\n]+\n", first .. line .. "\n", 1), late):find("only added at the end", 1, true))
      local sorted = first .. list_of({ file(1), file(2) }):match "\n(.+)$" .. list:match "\n(.+)$"
      assert.truthy(problem(sorted, late):find("0003_x.sql: it, or what stands above it", 1, true))
    end)

    it("refuses one that was edited, renamed or taken out", function()
      local list = list_of { file(1, "create"), file(2) }
      assert.truthy(problem(list, { file(1, "drop"), file(2) }):find("0001_x.sql: it, or what", 1, true))
      assert.truthy(problem(list, { file(1, "create") }):find("0002_x.sql: has landed, and is not there", 1, true))
      assert.truthy(problem(list, { file(1, "create"), file(3) }):find("0002_x.sql: has landed, and is not there", 1, true))
    end)
  end)
end)
