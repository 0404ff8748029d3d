-- spec/host/bundle_spec.lua -- the sealed script tree that this process was given (host/bundle.c).

local host = require "human.host"

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read "*a"
  f:close()
  return text
end

describe("a bundle", function()
  local paths = host.bundle_list(1)

  it("lists scripts and migrations in order, and nothing else", function()
    assert.is_true(#paths > 10)
    for i, path in ipairs(paths) do
      assert.truthy(path:find "%.lua$" or path:find "%.sql$", path)
      assert.is_true(i == 1 or paths[i - 1] < path, path)
    end
  end)

  it("holds the bytes of the files", function()
    for _, path in ipairs { paths[1], paths[#paths] } do
      assert.equal(read("scripts/" .. path), host.bundle_file(1, path))
    end
  end)

  it("has nothing under another path or in another generation", function()
    assert.is_nil(host.bundle_file(1, "../Makefile"))
    assert.is_nil(host.bundle_file(1, paths[1]:sub(1, -2)))
    assert.is_nil(host.bundle_file(1, paths[1] .. "x"))
    assert.is_nil(host.bundle_file(1, ""))
    assert.is_nil(host.bundle_file(2, paths[1]))
    assert.same({}, host.bundle_list(2))
  end)

  it("is named by twelve digits of its hash", function()
    assert.truthy(host.bundle_id(1):find "^%x%x%x%x%x%x%x%x%x%x%x%x$")
    assert.equal("", host.bundle_id(9))
  end)
end)
