-- spec/host/http1_spec.lua -- host/http/http1.c: valid requests, however their bytes arrive.

local http1 = require "http1_unit"

local function post(lines, body)
  return "POST /a HTTP/1.1\r\nHost: x\r\n" .. lines .. "\r\n" .. body
end

-- The same answer for the text in one piece, byte by byte, and in sevens.
local function parse(text, head_max, body_max)
  local whole, status = http1.parse(text, nil, head_max, body_max)
  for _, step in ipairs { 1, 7 } do
    local r, s = http1.parse(text, step, head_max, body_max)
    assert.same({ whole, status }, { r, s })
  end
  return whole, status
end

describe("a request", function()
  it("is read with its headers in order, and leaves what follows alone", function()
    local r = parse "GET /a?b=%20 HTTP/1.1\r\nHost: x:80\r\nX-One:  1 \r\nEmpty:\r\nX-one: 2\r\n\r\nGET"
    assert.equal("/a?b=%20", r.target)
    assert.same({ "Host=x:80", "X-One=1", "Empty=", "X-one=2" }, r.headers)
    assert.equal("GET", r.rest)
    assert.is_true(r.keep)
  end)

  local bodies = {
    { "Content-Length: 3\r\n", "abc", "abc" },
    { "Content-Length: 0\r\n", "", "" },
    { "Content-Length: 003\r\n", "abc", "abc" },
    { "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n000A\r\n0123456789\r\n0\r\n\r\n", "abc0123456789" },
    { "transfer-encoding: \tChunked\r\n", "1;a=\"b c\";d\r\nx\r\n0\r\nTrailer: y\r\n\r\n", "x" },
    { "Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "" },
    { "Transfer-Encoding: chunked\r\n", "1 ; a\t=\t\"\\\"\\\\ \195\164;\t\" ;b= c;d\r\nx\r\n0;e=f\r\n\r\n", "x" },
    { "Transfer-Encoding: chunked\r\n", "1;a=\"\";b=!#$%&'*+-.^_`|~\r\nx\r\n0\r\n\r\n", "x" },
    { "Transfer-Encoding: chunked\r\n", "1\r\nx\r\n0\r\nHosts: y\r\nContent-Lengths:\r\n\r\n", "x" },
  }
  for i, c in ipairs(bodies) do
    it("has a body that is counted or chunked, case " .. i, function()
      local r = parse(post(c[1], c[2]) .. "rest")
      assert.equal(c[3], r.body)
      assert.equal("rest", r.rest)
    end)
  end

  for _, method in ipairs { "BREW", "get", "G", "QUERY", "GETS", "TRACE", "PROPFIND", "M-SEARCH", "x!#$%", ("B"):rep(64) } do
    it("may have the method " .. method .. ", which a script refuses", function()
      local text = "\r\n" .. method .. " /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcmore"
      for _, step in ipairs { #text, 1, 3, 7 } do
        local r = http1.parse(text, step)
        assert.same({ 8, "/x", "abc", "Host=x" }, { r.method, r.target, r.body, r.headers[1] })
      end
    end)
  end

  it("can be written down and read again as the same", function()
    for _, c in ipairs(bodies) do
      local r = http1.parse(post(c[1], c[2]))
      local again = http1.parse(r.raw)
      assert.same({ r.target, r.headers, r.body, "" }, { again.target, again.headers, again.body, again.rest })
    end
  end)

  local kept = {
    { "1.1", "", true }, { "1.1", "Connection: close\r\n", false },
    { "1.1", "Connection: foo,  CLOSE \r\n", false }, { "1.1", "Connection: closed\r\n", true },
    { "1.0", "", false }, { "1.0", "Connection: Keep-Alive\r\n", true },
    { "1.0", "Connection: keep-alive\r\nConnection: close\r\n", false },
  }
  for _, c in ipairs(kept) do
    it(("keeps the connection: %s with %q"):format(c[1], c[2]), function()
      assert.equal(c[3], parse("GET / HTTP/" .. c[1] .. "\r\nHost: x\r\n" .. c[2] .. "\r\n").keep)
    end)
  end

  for _, value in ipairs { "x", "x:", "x:0", "x:65535", "a-b_c.d.", "127.0.0.1:80", "[::1]", "[::ffff:1.2.3.4]:80", "a;b" } do
    it("is for the host " .. value, function()
      assert.same({ "Host=" .. value }, parse("GET / HTTP/1.1\r\nHost: " .. value .. "\r\n\r\n").headers)
    end)
  end

  it("is for the host of its target, when there is one", function()
    for _, target in ipairs { "http://other:81/p", "https://other:81" } do
      local r = parse("GET " .. target .. " HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n")
      assert.same({ "Host=other:81", "A=b" }, r.headers)
      assert.same({ "Host=other:81", "A=b" }, http1.parse(r.raw).headers)
    end
  end)

  local targets = {
    { "GET http://h/p?q", "/p?q" }, { "GET HTTP://h", "/" }, { "OPTIONS *", "*" }, { "GET /a//b", "/a//b" },
    { "CONNECT h:1", "h:1" },
  }
  for _, c in ipairs(targets) do
    it("has the target of " .. c[1], function()
      assert.equal(c[2], parse(c[1] .. " HTTP/1.1\r\nHost: h\r\n\r\n").target)
    end)
  end

  it("waits when it is not complete", function()
    for _, text in ipairs { "GET", "GET / HTTP/1.1\r\nHost: x\r\n", post("Content-Length: 3\r\n", "ab"),
                            post("Transfer-Encoding: chunked\r\n", "3\r\nab") } do
      local r, status = parse(text)
      assert.is_nil(r)
      assert.equal(http1.MORE, status)
    end
  end)

  it("is a WebSocket handshake when all of it is there", function()
    local lines = "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    local key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    local function get(l) return "GET / HTTP/1.1\r\nHost: x\r\n" .. l .. "\r\n" end
    assert.is_true(parse(get(lines .. key)).websocket)
    assert.is_false(parse(get "Upgrade: h2c\r\nConnection: Upgrade\r\n").websocket)
    assert.is_false(parse(post(lines .. key, "")).websocket)
    assert.equal(400, select(2, parse(get(lines .. "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n"))))
    assert.equal(400, select(2, parse(get(lines))))
    assert.equal(426, select(2, parse(get(lines:gsub("13", "8") .. key))))
  end)
end)
