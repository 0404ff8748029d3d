-- spec/rocks/archive_spec.lua -- archives by hand, and their limits; spec/e2e/archive.test.mjs has those of other programs.

local archive = require "archive"
local inflater = require "archive.inflate"

local function octal(n, digits) return ("%0" .. digits .. "o\0"):format(n) end

local function header(name, size, kind)
  local head = name .. ("\0"):rep(100 - #name) .. octal(420, 7) .. octal(0, 7) .. octal(0, 7) .. octal(size, 11) .. octal(0, 11)
  local tail = (kind or "0") .. ("\0"):rep(100) .. "ustar\0" .. "00" .. ("\0"):rep(247)
  local sum = 8 * 32
  for c in (head .. tail):gmatch "." do sum = sum + c:byte() end
  return head .. ("%06o\0 "):format(sum) .. tail
end

local function tar(files)
  local out = {}
  for i, file in ipairs(files) do
    out[i] = header(file[1], #file[2], file[3]) .. file[2] .. ("\0"):rep(-#file[2] % 512)
  end
  return table.concat(out) .. ("\0"):rep(1024)
end

local function little(n, bytes)
  local out = {}
  for i = 1, bytes do
    out[i] = string.char(n % 256)
    n = math.floor(n / 256)
  end
  return table.concat(out)
end

-- {name, data, told size}: stored, or with a told size deflated.
local function zip(files)
  local body, directory, at = {}, {}, 0
  for i, file in ipairs(files) do
    local name, data = file[1], file[2]
    local fields = little(0, 2) .. little(file[3] and 8 or 0, 2) .. little(0, 4) .. little(file[4] or inflater.crc32(data), 4)
      .. little(#data, 4) .. little(file[3] or #data, 4) .. little(#name, 2) .. little(0, 2)
    body[i] = "PK\3\4" .. little(20, 2) .. fields .. name .. data
    directory[i] = "PK\1\2" .. little(20, 2) .. little(20, 2) .. fields .. little(0, 2) .. little(0, 2) .. little(0, 2)
      .. little(0, 4) .. little(at, 4) .. name
    at = at + #body[i]
  end
  local central = table.concat(directory)
  return table.concat(body) .. central .. "PK\5\6" .. little(0, 4) .. little(#files, 2) .. little(#files, 2)
    .. little(#central, 4) .. little(at, 4) .. little(0, 2)
end

-- Deflated: one zero byte.
local ZERO = "\99\0\0"

describe("An archive", function()
  for kind, make in pairs { tar = tar, zip = zip } do
    it("that is a " .. kind .. " has its entries, with clean names", function()
      local entries = assert(archive.read(make { { "./a//b.txt", "hello" }, { "c", "" } }))
      assert.equal(2, #entries)
      assert.same({ "a/b.txt", "file", 5, "hello" }, { entries[1].name, entries[1].kind, entries[1].size, entries[1].read() })
      assert.equal("c", entries[2].name)
    end)

    it("that is a " .. kind .. " is refused for its name, wherever it leads", function()
      for _, name in ipairs { "../a", "a/../b", "/a", "c:/a", "a\\b", "a\nb", "\255", "", ".", "a/", ("x"):rep(90) .. "/../y" } do
        local entries, why = archive[kind](make { { name, "x" } })
        assert.is_nil(entries, name)
        assert.truthy(why:find("is not a " .. kind, 1, true))
      end
    end)

    it("that is a " .. kind .. " has limits (limit: archive entries)", function()
      local three = make { { "a", "1234" }, { "b", "1234" }, { "c", "1234" } }
      assert.equal(3, #archive[kind](three, { max_entries = 3, max_bytes = 12 }))
      assert.truthy(select(2, archive[kind](three, { max_entries = 2 })):find "more than 2 entries")
      assert.truthy(select(2, archive[kind](three, { max_bytes = 11 })):find "more than 11 bytes")
      assert.is_nil((archive[kind](make { { ("d/"):rep(33) .. "x", "" } })))
      assert.is_nil((archive[kind](make { { "a", "" }, { "a", "" } })))
      assert.is_nil((archive[kind](make { { "a", "" }, { "a/b", "" } })))
    end)
  end

  it("that is a tar is refused with links and devices", function()
    for _, kind in ipairs { "1", "2", "3", "4", "6", "S", "Z" } do assert.is_nil((archive.tar(tar { { "a", "", kind } }))) end
    assert.equal("directory", archive.tar(tar { { "a", "", "5" } })[1].kind)
  end)

  it("may be read in part: what is outside is left out, whatever it is, and what is inside is judged", function()
    local function inside(name) return name:match "^repo/part/(.+)$" end
    local whole = { { "repo/link", "", "2" }, { "repo/part/a", "x" }, { "../b", "y" }, { "repo/part/c/d", "z" } }
    local entries = archive.tar(tar(whole), { only = inside })
    assert.same({ "a", "c/d" }, { entries[1].name, entries[2].name })
    assert.is_nil(entries[3])
    assert.equal("z", entries[2].read())
    assert.same({}, archive.zip(zip { { "repo/other", "x" } }, { only = inside }))
    for _, bad in ipairs { { "repo/part/l", "", "2" }, { "repo/part/../../x", "x" }, { "repo/part/a", "x" } } do
      assert.is_nil((archive.tar(tar { { "repo/part/a", "x" }, bad }, { only = inside })))
    end
    assert.is_nil((archive.tar(tar(whole), { only = inside, max_entries = 3 })))
  end)

  it("that unpacks to far more than it is, is refused (limit: archive ratio)", function()
    local options = { free_bytes = 100, max_ratio = 10 }
    assert.truthy(select(2, archive.zip(zip { { "a", ZERO, 101 } }, options)):find "more than 10 times")
    assert.is_table(archive.zip(zip { { "a", ZERO, 30 } }, options))
  end)

  it("that says less than it unpacks to, or has a wrong checksum, is damaged", function()
    assert.equal("\0", archive.zip(zip { { "a", ZERO, 1, inflater.crc32 "\0" } })[1].read())
    assert.is_nil((archive.zip(zip { { "a", ZERO, 0 } })[1].read()))
    assert.is_nil((archive.zip(zip { { "a", ZERO, 2, inflater.crc32 "\0" } })[1].read()))
    local changed = zip({ { "a", "hello" } }):gsub("hello", "jello")
    assert.is_nil((archive.zip(changed)[1].read()))
  end)

  it("may be unpacked by another inflate", function()
    local entries = archive.zip(zip { { "a", "packed", 2, inflater.crc32 "ok" } }, { inflate = function() return "ok" end })
    assert.equal("ok", entries[1].read())
  end)

  it("is not taken for another thing", function()
    for _, text in ipairs { "", "PK", "PK\3\4", "\31\139", ("\0"):rep(511), ("x"):rep(1024), "PK\5\6" } do
      assert.is_nil((archive.read(text)))
    end
    assert.same({}, archive.zip("PK\5\6" .. ("\0"):rep(18)))
  end)
end)
