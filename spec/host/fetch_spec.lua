-- spec/host/fetch_spec.lua -- outbound HTTP over real sockets, against a server that misbehaves.

local host = require "human.core.host"
local sched = require "human.core.sched"
local E = host.E

local server, origin

local function start(spec)
  spec.url = spec.url or origin .. spec.path
  spec.path = nil
  return host.fetch(sched.owner(), spec)
end

-- status, {status, headers, body} or the text of the failure
local function fetch(spec)
  local status, data = sched.await(start(spec))
  if status >= 0 then return status, host.unpack(data) end
  return status, data
end

local function collect(op, on)
  local got = { bytes = 0, body = {} }
  sched.on_chunk(op, function(kind, data)
    if kind == host.CHUNK.HEAD then
      got.head = host.unpack(data)
    else
      got.body[#got.body + 1] = data
      got.bytes = got.bytes + #data
    end
    if on then on(got) end
  end)
  return got
end

local function eventually(fn)
  local limit = host.clock() + 30
  while not fn() do
    if host.clock() > limit then return false end
    sched.sleep(0.005)
  end
  return true
end

describe("host.fetch", function()
  setup(function()
    server = assert(io.popen("exec node spec/support/fault_server.mjs"))
    origin = "http://127.0.0.1:" .. assert(server:read "*l", "the fault server did not start")
  end)
  teardown(function()
    fetch { path = "/quit" }
    server:close()
  end)

  it("sends what it was told, and nothing of curl's own", function()
    local status, r = fetch { path = "/echo", method = "PATCH", body = "hello",
                              headers = { { "X-One", "1" }, { "X-Empty", "" } } }
    assert.same({ 200, "1, 2" }, { status, r.headers["x-a"] })
    assert.truthy(r.body:find "^PATCH /echo HTTP/1%.1\r\n")
    assert.truthy(r.body:find("\r\nX-One: 1\r\nX-Empty:\r\n", 1, true))
    assert.truthy(r.body:find("\r\n\r\nhello", 1, true))
    assert.falsy(r.body:lower():find "\r\ncontent%-type:")
    assert.falsy(r.body:lower():find "\r\nexpect:")
  end)

  it("takes the final head after interim ones, and does not follow redirects", function()
    local _, r = fetch { path = "/hint" }
    assert.same({ "final", nil }, { r.body, r.headers["x-early"] })
    -- A header that looks like a status line is none.
    local two, said = fetch { path = "/twohead" }
    assert.same({ 200, "1", "hi" }, { two, said.headers["x-one"], said.body })
    local status, moved = fetch { path = "/moved" }
    assert.same({ 302, "/echo" }, { status, moved.headers.location })
  end)

  it("reassembles splinters and bodies that end with the connection", function()
    assert.equal("hello world", select(2, fetch { path = "/splinters" }).body)
    assert.equal("until close", select(2, fetch { path = "/untilclose" }).body)
  end)

  for _, path in ipairs { "/short", "/unended", "/reset", "/halfhead", "/nothing", "/noise" } do
    it("calls " .. path .. " a network failure and says why", function()
      local status, why = fetch { path = path }
      assert.equal(E.NET, status)
      assert.is_true(#why > 0 and not why:find "No error", why)
      local op = start { path = path, stream = true }
      collect(op)
      assert.equal(E.NET, (sched.await(op)))
    end)
  end

  it("limits the body, also a compressed one, and the head", function() -- limit: fetch response
    assert.equal(100000, #select(2, fetch { path = "/gzip?n=100000" }).body)
    assert.equal(E.LIMIT, (fetch { path = "/gzip?n=100000", max_bytes = 99999 }))
    assert.equal(E.LIMIT, (fetch { path = "/gzip?n=50000000" }))
    assert.equal(E.LIMIT, (fetch { path = "/flood?n=5000000" }))
    assert.equal(5000000, #select(2, fetch { path = "/flood?n=5000000", max_bytes = 5000000 }).body)
    assert.equal(E.LIMIT, (fetch { path = "/fields" }))
  end)

  it("undoes a compression of a stream that it did not ask for, within the limit", function()
    local function streamed(n, max_bytes)
      local op = start { path = "/gzip?n=" .. n, stream = true, max_bytes = max_bytes }
      local got = collect(op, function() host.fetch_resume(op) end)
      return (sched.await(op)), got
    end
    local status, got = streamed(100000)
    assert.same({ 200, ("a"):rep(100000) }, { status, table.concat(got.body) })
    local least = math.huge
    for _ = 1, 5 do                              -- at once, and not when a timer of curl's runs out
      local began = host.clock()
      assert.equal(E.LIMIT, (streamed(3000000, 1000000)))
      least = math.min(least, host.clock() - began)
    end
    assert.is_true(least < 1.8, least)
    local op = start { path = "/echo", stream = true }
    local echo = collect(op)
    sched.await(op)
    assert.falsy(table.concat(echo.body):lower():find "accept%-encoding")
  end)

  it("goes through a proxy that the request names, and not with what strangers ask for", function()
    local status, r = fetch { url = "http://nowhere.invalid/echo", proxy = origin }
    assert.equal(200, status)
    assert.truthy(r.body:find "^GET http://nowhere%.invalid/echo HTTP/1%.1\r\n")
    assert.equal(E.NET, (fetch { url = "http://127.0.0.1:1/echo", proxy = origin, no_proxy = "10.0.0.0/8,127.0.0.0/8" }))
    assert.equal(E.DENIED, (fetch { url = "https://1.1.1.1/", proxy = origin, guard = true }))
    for _, proxy in ipairs { "", "http://a\r\nb", "http://a\0b" } do assert.equal(E.INVAL, (fetch { path = "/echo", proxy = proxy })) end
    assert.equal(E.DENIED, (fetch { path = "/echo", proxy = "http://${secret:no_such}@127.0.0.1" }))
  end)

  it("tunnels TLS through a proxy, whose words are not the server's", function()
    local servers = assert(io.popen "exec node spec/support/tls_proxy.mjs")
    local port, proxy_port, pin = assert(servers:read "*l"):match "^(%d+) (%d+) (%S+)$"
    local url, proxy = "https://127.0.0.1:" .. port .. "/v1", "http://me:pass@127.0.0.1:" .. proxy_port
    local status, r = fetch { url = url, pin = pin, proxy = proxy }
    assert.same({ 200, "GET /v1 unseen", nil }, { status, r.body, r.headers["x-of"] })
    local op = start { url = url, pin = pin, proxy = proxy, stream = true }
    local got = collect(op)
    assert.equal(200, (sched.await(op)))
    assert.same({ 200, nil, "GET /v1 unseen" }, { got.head.status, got.head.headers["x-of"], table.concat(got.body) })
    local refused, why = fetch { url = url, pin = pin, proxy = proxy:gsub("pass", "word") }
    assert.equal(E.NET, refused)
    assert.falsy(why:find("word", 1, true))
    fetch { url = "http://127.0.0.1:" .. proxy_port .. "/quit" }
    servers:close()
  end)

  it("times out", function() -- limit: fetch time
    local began = host.clock()
    assert.equal(E.TIMEOUT, (fetch { path = "/hang", timeout_s = 0.1 }))
    assert.is_true(host.clock() - began < 20)
  end)

  it("refuses malformed requests before anything is sent", function()
    local function refused(spec) return (fetch(spec)) end
    for _, h in ipairs { { "A", "b\r\nC: d" }, { "A", "b\0" }, { "A", "b\nc" }, { "A B", "c" }, { "", "c" },
                         { "Content-Length", "3" }, { "transfer-encoding", "chunked" }, { "Connection", "x" } } do
      assert.equal(E.INVAL, refused { path = "/echo", headers = { h } }, h[1])
    end
    for _, url in ipairs { "ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1", "http://a b/", "http://a/\r\n", "" } do
      assert.equal(E.INVAL, refused { url = url }, url)
    end
    assert.equal(E.INVAL, refused { path = "/echo", method = "GE T" })
    assert.equal(E.INVAL, refused { path = "/echo", method = "CONNECT" })
    assert.equal(E.INVAL, refused { path = "/echo", surprise = "x" })
  end)

  it("gives no secret that does not exist, none under guard, and never the database's", function()
    for _, name in ipairs { "${secret:no_such}", "${secret:database.url}", "${secret:database.direct_url}", "${secret:seal.key}", "${secret:}", "${secret:openai" } do
      assert.equal(E.DENIED, (fetch { path = "/echo", headers = { { "A", "x" .. name } } }), name)
      assert.equal(E.DENIED, (fetch { url = "https://127.0.0.1/" .. name }), name)
    end
    assert.equal(E.DENIED, (fetch { url = "https://1.1.1.1/${secret:openai}", guard = true }))
  end)

  it("says what was wrong with a request that it refuses, and no secret's value", function()
    local human_fetch = require "human.fetch"
    local function why(spec, code)
      spec.url = spec.url or origin .. "/echo"
      local result, err = human_fetch(spec)
      assert.same({ nil, code }, { result, err.code })
      return err.message
    end
    local long = ("x"):rep(17000)
    for text, spec in pairs {
      ["secret no_such is not declared"] = { headers = { A = "Bearer ${secret:no_such}" } },
      ["secret database.url is not declared"] = { headers = { A = "${secret:database.url}" } },
      ["secret no.such is not kept (human secret set)"] = { headers = { A = "${sealed:no.such}" } },
      ["a ${secret: without its }"] = { headers = { A = "${secret:openai" } },
      ["a guarded request is given no secrets"] = { url = "https://1.1.1.1/${secret:openai}", guard = true },
      ["a guarded request must be https"] = { url = "http://1.1.1.1/", guard = true },
      ["a guarded request goes through no proxy"] = { url = "https://1.1.1.1/", guard = true, proxy = origin },
      ["the address is not a public one"] = { url = "https://127.0.0.1/", guard = true },
    } do
      for _, on_chunk in ipairs { false, function() end } do
        spec.on_chunk = on_chunk or nil
        assert.truthy(why(spec, "denied"):find(text, 1, true), text)
      end
    end
    for text, spec in pairs {
      ["header Content-Length is the host's own"] = { headers = { ["Content-Length"] = "3" } },
      ["header A has a line break in it"] = { headers = { A = "b\r\nC: d" } },
      ["a header's name is malformed"] = { headers = { ["A B"] = "c" } },
      ["the url is malformed"] = { url = "http://a b/" },
      ["the method is malformed"] = { method = "GE T" },
      ["pin must be sha256//"] = { pin = "/etc/passwd" },
    } do
      assert.truthy(why(spec, "network"):find(text, 1, true), text)
    end
    assert.truthy(why({ headers = { A = long } }, "too_large"):find("header A is longer than 16 KB", 1, true))
    assert.truthy(why({ url = origin .. "/" .. long }, "too_large"):find("the url is longer than 16 KB", 1, true))
  end)

  it("keeps guarded requests away from private addresses, however they are spelled", function()
    assert.equal(E.DENIED, (fetch { url = "http://1.1.1.1/", guard = true }))
    for _, name in ipairs { "127.0.0.1", "127.1", "0x7f000001", "2130706433", "localhost", "[::1]",
                            "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254", "0.0.0.0" } do
      assert.equal(E.DENIED, (fetch { url = "https://" .. name .. "/", guard = true }), name)
    end
  end)

  it("streams head and pieces as they come", function()
    local op = start { path = "/splinters", stream = true }
    local got = collect(op)
    assert.equal(200, (sched.await(op)))
    assert.same({ 200, "Chunked" }, { got.head.status, got.head.headers["x-kind"] })
    assert.equal("hello world", table.concat(got.body))
    assert.is_true(#got.body > 2)
  end)

  it("pauses a stream that nobody reads, and goes on when asked", function() -- limit: fetch unread
    local op, status = nil, nil
    local got
    sched.spawn(function()
      op = start { path = "/flood?n=4000000", stream = true }
      got = collect(op)
      status = sched.await(op)
    end)
    assert.is_true(eventually(function() return got.bytes >= 262144 end))
    sched.sleep(0.05)
    assert.is_true(got.bytes < 262144 + 65536, got.bytes)
    assert.is_true(eventually(function()
      host.fetch_resume(op)
      return status
    end))
    assert.same({ 200, 4000000 }, { status, got.bytes })
    assert.equal(E.GONE, host.fetch_resume(op))
  end)

  it("closes the upstream connection at once when cancelled", function()
    local least = math.huge
    for i = 1, 5 do                              -- a busy machine is not late each time, a timer of curl's is
      local got
      local task = sched.spawn(function()
        local op = start { path = "/ticks?id=cancel" .. i, stream = true }
        got = collect(op)
        sched.await(op)
      end)
      assert.is_true(eventually(function() return got.bytes > 8 end))
      local bytes, began = got.bytes, host.clock()
      sched.kill(task)
      assert.is_true(eventually(function()
        return select(2, fetch { path = "/seen?id=cancel" .. i }).body == "closed"
      end))
      least = math.min(least, host.clock() - began)
      assert.equal(bytes, got.bytes)
    end
    assert.is_true(least < 0.5, least)
  end)

  local ids = 0                                  -- the server counts for as long as it lives, and tests may be repeated

  -- Sent on a connection that was idle; the server reads it, and hangs up.  How often it was done, and what is said.
  local function dropped(request)
    ids = ids + 1
    local path = "/once?id=" .. ids
    assert.equal("first", select(2, fetch { path = path }).body)
    request.path = path
    local status, what = fetch(request)
    return tonumber(select(2, fetch { path = "/seen?id=" .. ids }).body), status, what
  end

  it("does not send a request with effects a second time where the first may have arrived", function()
    for _, request in pairs {
      post = { method = "POST", body = "transfer" }, patch = { method = "PATCH", body = "x" }, bare = { method = "POST" },
      file = { method = "POST", stream = true, body = ("x"):rep(300000) },
    } do
      assert.same({ 1, E.NET, "the connection was closed before a response came" }, { dropped(request) })
    end
  end)

  it("sends again what may be done twice", function()
    for _, request in pairs {
      get = {}, put = { method = "PUT", body = "x" }, delete = { method = "DELETE" },
      declared = { method = "POST", body = "x", repeatable = true },
      key = { method = "POST", body = "x", headers = { { "Idempotency-Key", "k1" } } },
    } do
      local times, status, answer = dropped(request)
      assert.same({ true, 200, "first" }, { times > 0, status, answer.body }) -- other idle ones are dropped, too
    end
  end)

  it("runs 256 at a time, queues 1024 and refuses the rest", function() -- limit: fetch transfers
    local ended, refused = 0, 0
    local tasks = {}
    for i = 1, 256 + 1024 + 10 do
      tasks[i] = sched.spawn(function()
        local op = start { path = "/hang" }
        if op == E.FULL then refused = refused + 1 else pcall(sched.await, op) end
        ended = ended + 1
      end)
    end
    assert.equal(10, refused)
    for _, task in ipairs(tasks) do sched.kill(task) end
    assert.is_true(eventually(function() return ended == #tasks end))
    assert.equal(200, (fetch { path = "/echo" }))
  end)
end)
