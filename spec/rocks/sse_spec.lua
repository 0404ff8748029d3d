-- spec/rocks/sse_spec.lua -- text/event-stream, whole and cut anywhere.

local sse = require "sse"

local function read(pieces, options)
  local events, parser = {}, sse.parser(options)
  for _, piece in ipairs(pieces) do
    local ok, err = parser:feed(piece, function(event) events[#events + 1] = event end)
    if not ok then return events, err, parser end
  end
  return events, nil, parser
end

local function bytes(text)
  local pieces = {}
  for i = 1, #text do pieces[i] = text:sub(i, i) end
  return pieces
end

-- stream, then the "event=data" pairs that must come out
local cases = {
  { "a named event", "event: ping\ndata: {}\n\n", "ping={}" },
  { "the default name", "data: x\n\n", "message=x" },
  { "several data lines", "data: a\ndata:\ndata: c\n\n", "message=a\n\nc" },
  { "only one space taken off", "data:  x\n\ndata:y\n\n", "message= x", "message=y" },
  { "a field without a colon", "data\n\n", "message=" },
  { "two events of the WHATWG example", "data\n\ndata\ndata\n\ndata:", "message=", "message=\n" },
  { "comments and unknown fields", ": hi\nfoo: bar\ndata: x\n:\n\n", "message=x" },
  { "no event without data", "event: a\n\ndata: x\n\n", "message=x" },
  { "CRLF", "event: a\r\ndata: x\r\n\r\ndata: y\r\n\r\n", "a=x", "message=y" },
  { "CR alone", "event: a\rdata: x\r\rdata: y\r\r", "a=x", "message=y" },
  { "line ends of all kinds", "data: a\rdata: b\ndata: c\r\n\r\ndata: d\n\r", "message=a\nb\nc", "message=d" },
  { "a byte order mark", "\239\187\191data: x\n\n", "message=x" },
  { "half a byte order mark", "\239\187data: x\n\ndata: y\n\n", "message=y" },
  { "only the first byte order mark", "\239\187\191\239\187\191data: x\n\ndata: y\n\n", "message=y" },
  { "a colon in the data", "data: a: b\n\n", "message=a: b" },
  { "UTF-8", "data: žluťoučký 💪\n\n", "message=žluťoučký 💪" },
  { "an unfinished event", "data: x\n\ndata: lost\n", "message=x" },
  { "an unfinished line", "data: x\n\ndata: lost", "message=x" },
  { "an empty stream", "" },
}

describe("An event stream", function()
  for _, case in ipairs(cases) do
    local want = { unpack(case, 3) }

    local function check(pieces)
      local got = {}
      for i, event in ipairs((read(pieces))) do got[i] = event.event .. "=" .. event.data end
      assert.same(want, got)
    end

    it("reads " .. case[1], function() check { case[2] } end)
    it("reads " .. case[1] .. " byte by byte", function() check(bytes(case[2])) end)
    it("reads " .. case[1] .. " cut at every byte", function()
      for at = 0, #case[2] do check { case[2]:sub(1, at), "", case[2]:sub(at + 1) } end
    end)
  end

  it("keeps the last id, ignores one with NUL, and reads digits as retry", function()
    local events, _, parser = read { "id: 7\ndata: a\n\nid: x\0y\nretry: 1500\ndata: b\n\nid\nretry: 5s\ndata: c\n\n" }
    assert.same({ "7", "7", "" }, { events[1].id, events[2].id, events[3].id })
    assert.equal("", parser.last_id)
    assert.equal(1500, parser.retry_ms)
  end)

  it("refuses an event over its limit, as one line or as many, and stays refused", function()
    for _, piece in ipairs { "data: 0123456789", "data: 0123456789\n", "x" } do
      local pieces = {}
      for i = 1, 20 do pieces[i] = piece end
      local events, err = read(pieces, { max_bytes = 18 })
      assert.same({}, events)
      assert.matches("longer than 18 bytes", err)
    end
    local parser = sse.parser { max_bytes = 4 }
    assert.is_nil(parser:feed("data: 12345", error))
    assert.is_nil(parser:feed("\n\n", error))
  end)

  it("takes many events that are each below the limit", function()
    local events, err = read({ ("data: 12345\n\n"):rep(1000) }, { max_bytes = 18 })
    assert.is_nil(err)
    assert.equal(1000, #events)
  end)

  it("reads a long line from single bytes in linear time", function()
    local parser, seen = sse.parser(), 0
    parser:feed("data: ", error)
    for _ = 1, 300000 do parser:feed("x", error) end
    parser:feed("\n\n", function(event) seen = #event.data end)
    assert.equal(300000, seen)
  end)
end)

describe("a parser of servers that send errors as a field", function()
  it("delivers them as events, and ignores them unless told", function()
    local function events(options)
      local list, parser = {}, sse.parser(options)
      parser:feed("data: a\n\nerror: boom\n\ndata: b\n\n", function(e) list[#list + 1] = e.event .. ":" .. e.data end)
      return list
    end
    assert.same({ "message:a", "error:boom", "message:b" }, events { errors = true })
    assert.same({ "message:a", "message:b" }, events())
  end)
end)
