-- spec/lua/router_spec.lua -- targets, paths and query strings.

local fake_host = require "fake_host"

describe("the router", function()
  local app, router, r

  setup(function()
    app = fake_host.start()
    router = require "human.http.router"
  end)
  teardown(function() app:stop() end)

  local function add(method, path)
    return router.add(r, { m = router.number[method], path = path, kind = "http", where = path .. ":1" })
  end

  before_each(function() r = router.new() end)

  it("prefers a literal segment over a parameter, and goes back when that leads nowhere", function()
    add("GET", "/a/{id}")
    add("GET", "/a/mine")
    add("GET", "/a/{id}/x")
    local function found(path)
      local entry = router.find(r, path)
      return entry and entry[1].path
    end
    assert.equal("/a/mine", found "/a/mine")
    assert.equal("/a/{id}", found "/a/other")
    assert.equal("/a/{id}/x", found "/a/mine/x")
    for _, path in ipairs { "/a", "/a/", "/a//x", "/a/1/x/", "/a/1/y", "/", "/A/mine" } do
      assert.is_nil(found(path), path)
    end
  end)

  it("captures segments decoded, a slash included", function()
    add("GET", "/a/{id}/{name}")
    local entry, segs = router.find(r, "/a/x%2Fy/caf%C3%A9")
    assert.same({ id = "x/y", name = "café" }, router.params(entry[1], segs))
  end)

  it("finds a literal path that was sent percent-encoded", function()
    add("GET", "/users")
    assert.equal("/users", router.find(r, "/%75sers")[1].path)
  end)

  it("tells a malformed path from an unknown one", function()
    add("GET", "/a/{id}")
    for _, path in ipairs { "/a/%", "/a/%4", "/a/%zz", "/a/%00", "/a/%ff", "/a/%C3" } do
      local entry, malformed = router.find(r, path)
      assert.is_nil(entry)
      assert.is_true(malformed, path)
    end
    assert.is_nil(router.params({ names = { "id" } }, { "\255" }))
  end)

  it("refuses a second route of the same shape and names both places", function()
    add("GET", "/a/{id}")
    assert.has_no.errors(function() add("POST", "/a/{id}") end)
    local _, err = pcall(add, "GET", "/a/{other}")
    assert.equal("/a/{other}:1: duplicate route GET /a/{other}, first declared at /a/{id}:1", err)
  end)

  it("refuses paths that it could not serve", function()
    for _, path in ipairs { "a", "/a/{id", "/a/x{id}", "/a/{}", "/a/{1}" } do
      assert.has_error(function() add("GET", path) end)
    end
  end)

  it("answers HEAD with the route of GET and lists what is allowed", function()
    local entry = add("GET", "/a")
    assert.equal(entry[1], entry[router.number.HEAD])
    add("DELETE", "/a")
    assert.equal("GET, HEAD, DELETE, OPTIONS", entry.allow)
  end)

  it("splits targets of both forms", function()
    for target, want in pairs {
      ["/a"] = { "/a", false }, ["/a?"] = { "/a", "" }, ["/a?b=?c"] = { "/a", "b=?c" },
      ["http://h:1/a?x"] = { "/a", "x" }, ["HTTP://h"] = { "/", false }, ["http://h?x"] = { "/", "x" },
      ["*"] = { "*", false },
    } do
      assert.same(want, { router.split(target) }, target)
    end
  end)

  it("reads query strings", function()
    for text, want in pairs {
      [""] = {}, ["a"] = { a = "" }, ["a=1&b=x+y%2B"] = { a = "1", b = "x y+" }, ["&&a=1&"] = { a = "1" },
      ["a=1&a=2&a=3"] = { a = { "1", "2", "3" } }, ["a=b=c"] = { a = "b=c" },
      ["caf%C3%A9=%F0%9F%92%AA"] = { ["café"] = "💪" },
    } do
      assert.same(want, router.parse_query(text), text)
    end
  end)

  it("refuses query strings that are malformed or have too many parameters", function() -- limit: query parameters
    for _, text in ipairs { "a=%", "a=%zz", "%=1", "a=%00", "a=%FF", "a=1&b=%E2%82" } do
      assert.is_nil(router.parse_query(text), text)
    end
    assert.is_table(router.parse_query(("a=1&"):rep(100)))
    assert.is_nil(router.parse_query(("a=1&"):rep(101)))
  end)
end)
