-- spec/host/http1_refusal_spec.lua -- host/http/http1.c: refuses what two parsers could interpret differently, and what
-- is too large (RFC 9112, sections 2.2, 5, 6 and 7; RFC 9110, 5.6).

local http1 = require "http1_unit"

local TE = "Transfer-Encoding: chunked\r\n"

local function get(lines) return "GET / HTTP/1.1\r\nHost: x\r\n" .. lines .. "\r\n" end
local function post(lines, body) return "POST / HTTP/1.1\r\nHost: x\r\n" .. lines .. "\r\n" .. (body or "") end
local function line(l) return l .. "\r\nHost: x\r\n\r\n" end

local refused = {
  [400] = {
    ["a method with a control character"] = line "BR\1W / HTTP/1.1",
    ["a method in quotes"] = line '"BREW" / HTTP/1.1',
    ["no method"] = line " / HTTP/1.1",
    ["an unknown method and a length that is none"] = "BREW / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
    ["a length and a coding"] = post("Content-Length: 3\r\n" .. TE, "0\r\n\r\n"),
    ["a coding and a length"] = post(TE .. "Content-Length: 3\r\n", "0\r\n\r\n"),
    ["two lengths"] = post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
    ["a list of lengths"] = post("Content-Length: 3, 3\r\n", "abc"),
    ["a signed length"] = post("Content-Length: +3\r\n", "abc"),
    ["a hexadecimal length"] = post("Content-Length: 0x3\r\n", "abc"),
    ["an empty length"] = post("Content-Length: \r\n", "abc"),
    ["a length in two words"] = post("Content-Length: 1 2\r\n", "abc"),
    ["a length of 20 digits"] = post "Content-Length: 99999999999999999999\r\n",
    ["an empty coding"] = post("Transfer-Encoding:\r\n", "0\r\n\r\n"),
    ["two codings"] = post(TE .. TE, "0\r\n\r\n"),
    ["chunks in HTTP/1.0"] = "POST / HTTP/1.0\r\n" .. TE .. "\r\n0\r\n\r\n",
    ["a chunk size that is none"] = post(TE, "zz\r\n"),
    ["a chunk size with 0x"] = post(TE, "0x3\r\nabc\r\n"),
    ["a negative chunk size"] = post(TE, "-3\r\nabc\r\n"),
    ["space behind a chunk size"] = post(TE, "3 \r\nabc\r\n"),
    ["a bare LF behind a chunk size"] = post(TE, "3\nabc\r\n"),
    ["a bare LF behind a chunk"] = post(TE, "3\r\nabc\n0\r\n\r\n"),
    ["a longer chunk than announced"] = post(TE, "3\r\nabcd\r\n"),
    ["a control character in an extension"] = post(TE, "3;a=\1\r\nabc\r\n"),
    ["space before a chunk size"] = post(TE, " 3\r\nabc\r\n"),
    ["a tab behind a chunk size"] = post(TE, "3\t\r\nabc\r\n"),
    ["a chunk size in two words"] = post(TE, "3 3\r\nabc\r\n"),
    ["no chunk size"] = post(TE, ";a\r\nabc\r\n"),
    ["an empty line for a chunk size"] = post(TE, "\r\n0\r\n\r\n"),
    ["an extension without a name"] = post(TE, "3;\r\nabc\r\n"),
    ["an extension of space"] = post(TE, "3; \t\r\nabc\r\n"),
    ["an extension that begins with ="] = post(TE, "3;=x\r\nabc\r\n"),
    ["an extension whose name is quoted"] = post(TE, '3;"a"\r\nabc\r\n'),
    ["an extension without its value"] = post(TE, "3;a=\r\nabc\r\n"),
    ["an extension with a space for its value"] = post(TE, "3;a= \r\nabc\r\n"),
    ["two values of an extension"] = post(TE, "3;a=b=c\r\nabc\r\n"),
    ["two words in an extension"] = post(TE, "3;a b\r\nabc\r\n"),
    ["two words in a value"] = post(TE, "3;a=b c\r\nabc\r\n"),
    ["two semicolons"] = post(TE, "3;;a\r\nabc\r\n"),
    ["a semicolon at the end of extensions"] = post(TE, "3;a=b;\r\nabc\r\n"),
    ["space at the end of a name"] = post(TE, "3;a \r\nabc\r\n"),
    ["space at the end of a value"] = post(TE, "3;a=b \r\nabc\r\n"),
    ["space at the end of a quoted value"] = post(TE, '3;a="b" \r\nabc\r\n'),
    ["an open quote"] = post(TE, '3;a="b\r\nabc\r\n'),
    ["a quote that ends the line with a backslash"] = post(TE, '3;a="b\\\r\nabc\r\n'),
    ["an escaped quote at the end"] = post(TE, '3;a="b\\"\r\nabc\r\n'),
    ["text behind a quote"] = post(TE, '3;a="b"c\r\nabc\r\n'),
    ["a quote inside of a value"] = post(TE, '3;a=b"c"\r\nabc\r\n'),
    ["a control character in quotes"] = post(TE, '3;a="\127"\r\nabc\r\n'),
    ["an escaped control character"] = post(TE, '3;a="\\\0"\r\nabc\r\n'),
    ["an extension in brackets"] = post(TE, "3;(a)\r\nabc\r\n"),
    ["an extension that is not ASCII"] = post(TE, "3;\195\164\r\nabc\r\n"),
    ["a bare CR in an extension"] = post(TE, "3;a\rb\r\nabc\r\n"),
    ["a bare LF in quotes"] = post(TE, '3;a="\n"\r\nabc\r\n'),
    ["a broken extension of the last chunk"] = post(TE, "0;\r\n\r\n"),
    ["a bare LF behind the last chunk"] = post(TE, "0\n\r\n"),
    ["a bare LF at the end of chunks"] = post(TE, "0\r\n\n"),
    ["data behind the last chunk"] = post(TE, "0\r\nabc\r\n\r\n"),
    ["a length among the trailers"] = post(TE, "0\r\nContent-Length: 3\r\n\r\n"),
    ["a coding among the trailers"] = post(TE, "0\r\nA: b\r\ntransfer-encoding: chunked\r\n\r\n"),
    ["a Host among the trailers"] = post(TE, "0\r\nHOST: y\r\n\r\n"),
    ["a trailer that is folded"] = post(TE, "0\r\nA: b\r\n c\r\n\r\n"),
    ["a trailer with space before its colon"] = post(TE, "0\r\nA : b\r\n\r\n"),
    ["a trailer without a name"] = post(TE, "0\r\n: b\r\n\r\n"),
    ["a trailer with a bare CR"] = post(TE, "0\r\nA: b\rc\r\n\r\n"),
    ["a trailer with a control character"] = post(TE, "0\r\nA: \0\r\n\r\n"),
    ["a bare LF in an extension"] = post(TE, "3;a\nabc\r\n"),
    ["a trailer without a colon"] = post(TE, "0\r\nA\r\n\r\n"),
    ["a trailer with a bare LF"] = post(TE, "0\r\nA: b\n\r\n"),
    ["bare LFs"] = "GET / HTTP/1.1\nHost: x\n\n",
    ["a bare LF between headers"] = get "A: b\nC: d\r\n",
    ["a bare LF at the end"] = "GET / HTTP/1.1\r\nHost: x\r\n\n",
    ["a bare CR in a value"] = get "A: b\rc\r\n",
    ["CR CR LF"] = get "A: b\r\r\n",
    ["a space before the colon"] = get "A : b\r\n",
    ["a tab before the colon"] = get "A\t: b\r\n",
    ["a space in a name"] = get "A b: c\r\n",
    ["an empty name"] = get ": b\r\n",
    ["a line without a colon"] = get "A\r\n",
    ["a folded line"] = get "A: b\r\n c\r\n",
    ["a line folded with a tab"] = get "A: b\r\n\tc\r\n",
    ["a folded first line"] = "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
    ["NUL in a value"] = get "A: b\0c\r\n",
    ["NUL in a name"] = get "A\0: b\r\n",
    ["NUL in a target"] = line "GET /\0 HTTP/1.1",
    ["DEL in a value"] = get "A: b\127\r\n",
    ["no Host"] = "GET / HTTP/1.1\r\n\r\n",
    ["two Hosts"] = get "Host: x\r\n",
    ["a Host with a path"] = "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n",
    ["a Host without a value"] = "GET / HTTP/1.1\r\nHost:\r\n\r\n",
    ["a Host of space"] = "GET / HTTP/1.1\r\nHost: \t \r\n\r\n",
    ["a Host without a value in HTTP/1.0"] = "GET / HTTP/1.0\r\nHost: \r\n\r\n",
    ["an absolute target without a Host"] = "GET http://x/ HTTP/1.1\r\n\r\n",
    ["an absolute target with nobody in it"] = line "GET http:///a HTTP/1.1",
    ["an absolute target with a user"] = line "GET http://u:p@x/ HTTP/1.1",
    ["an absolute target with a broken port"] = line "GET http://x:80a/ HTTP/1.1",
    ["an absolute target with an empty Host"] = "GET http://x/ HTTP/1.1\r\nHost: \r\n\r\n",
    ["a foreign scheme"] = line "GET ftp://x/ HTTP/1.1",
    ["two spaces before the target"] = line "GET  / HTTP/1.1",
    ["two spaces behind the target"] = line "GET /  HTTP/1.1",
    ["a target without a slash"] = line "GET a HTTP/1.1",
    ["a fragment"] = line "GET /a#b HTTP/1.1",
    ["a target that is not ASCII"] = line "GET /\195\164 HTTP/1.1",
    ["no version"] = line "GET /",
    ["a version in lower case"] = line "GET / http/1.1",
    ["TLS"] = "\22\3\1\2\0\1\0\1\252",
  },
  [413] = { ["a length over the limit"] = post "Content-Length: 65537\r\n", -- limit: limits.body_bytes
            ["a length far over it"] = post "Content-Length: 999999999999999999\r\n",
            ["a chunk over the limit"] = post(TE, "10001\r\n"),
            ["a chunk size without end"] = post(TE, ("f"):rep(20)) },
  [414] = { ["a target over 8192 bytes"] = line("GET /" .. ("a"):rep(8192) .. " HTTP/1.1") }, -- limit: target
  [417] = { ["an unknown expectation"] = post("Expect: tea\r\nContent-Length: 3\r\n", "abc") },
  [431] = { ["a head over the limit"] = get("A: " .. ("a"):rep(16384) .. "\r\n"), -- limit: limits.head_bytes
            ["100 headers and Host"] = get(("A: b\r\n"):rep(100)),
            ["extensions without end"] = post(TE, "3;" .. ("a"):rep(20000)),
            ["zeros without end"] = post(TE, ("0"):rep(20000)),
            ["trailers without end"] = post(TE, "0\r\n" .. ("A: b\r\n"):rep(4000)) },
  [501] = { ["a method of 65 characters"] = line(("B"):rep(65) .. " / HTTP/1.1"), -- limit: method
            ["an unknown coding"] = post "Transfer-Encoding: gzip\r\n",
            ["a coding in front of chunks"] = post "Transfer-Encoding: gzip, chunked\r\n",
            ["nearly chunked"] = post "Transfer-Encoding: xchunked\r\n" },
  [505] = { ["HTTP/2.0"] = line "GET / HTTP/2.0", ["HTTP/1.2"] = line "GET / HTTP/1.2",
            ["HTTP/0.9"] = line "GET / HTTP/0.9", ["an HTTP/2 preface"] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
}

for _, value in ipairs {
  ":80", "x:y", "x:80:80", "x:65536", "x:99999999999999999999", "x:-1", "x: 80", "x y", "x,y", "u@x", "x?y", "x#y", "x\\y",
  "<x>", '"x"', "{x}", "x|y", "x^y", "x`y", "x%41", "[::1", "::1", "[::1]x", "[::1]:x", "[]", "[x]", "[127.0.0.1]", "[::1%1]",
  "[::1\1]", "x]", "[x", "http://x", "\195\164.de",
} do
  refused[400][("Host: %q"):format(value)] = "GET / HTTP/1.1\r\nHost: " .. value .. "\r\n\r\n"
end

describe("a request is refused", function()
  for status, cases in pairs(refused) do
    for what, text in pairs(cases) do
      it(("with %d: %s"):format(status, what), function()
        for _, step in ipairs { #text, 1, 5, 1000 } do
          local r, got = http1.parse(text, step)
          assert.is_nil(r)
          assert.equal(status, got)
        end
      end)
    end
  end

  it("with nothing less than the limits", function()
    assert.truthy(http1.parse(line("GET /" .. ("a"):rep(8191) .. " HTTP/1.1")))
    assert.truthy(http1.parse(get(("A: b\r\n"):rep(99))))
    assert.truthy(http1.parse(post("Content-Length: 65536\r\n", ("a"):rep(65536))))
    assert.truthy(http1.parse(post(TE, "10000\r\n" .. ("a"):rep(65536) .. "\r\n0\r\n\r\n")))
  end)
end)
