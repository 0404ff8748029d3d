-- spec/host/cursor_spec.lua -- pages by cursors, on a real table: every row once, and no cursor accepted elsewhere.

local crypto = require "human.crypto"
local cursor = require "human.cursor"
local db = require "human.db"
local fail = require "human.fail"

local function ctx_of(title, actor)
  return { route = { title = title }, actor = actor and { id = actor },
           fail = function(_, code, data) fail.throw(code, data) end }
end

local function refused(fn)
  local ok, f = pcall(fn)
  assert.is_false(ok)
  assert.is_true(fail.is(f), tostring(f))
  assert.same({ "validation_error", "after" }, { f.code, f.details[1].path })
  assert.matches("is no cursor of this list", f.message)
end

describe("a cursor", function()
  setup(function()
    db.open()
    fail.use(require "api.errors")
    db.exec "create table if not exists cursor_spec (at timestamptz not null, n int not null, id text primary key)"
    db.exec "delete from cursor_spec"
    -- Forty rows, all within four microseconds of one millisecond, some at the same one.
    db.exec([[insert into cursor_spec select '2026-01-01T00:00:00.123Z'::timestamptz + (i % 4) * interval '1 microsecond',
      i % 3, 'r' || i from generate_series(1, 40) i]])
  end)
  teardown(function() db.exec "drop table cursor_spec" end)

  local function walk(keyset, limit)
    local ids, after, pages = {}, nil, 0
    repeat
      local page = keyset:page(ctx_of "GET /x", { limit = limit, after = after, n = 5 }, 2)
      local rows, next_cursor = page:take(db.query("select id, " .. page.key .. " from cursor_spec where n < $1::int and "
        .. page.where .. " order by " .. page.order .. " limit " .. page.limit, 5, page:values()))
      for _, row in ipairs(rows) do ids[#ids + 1] = row.id end
      after, pages = next_cursor, pages + 1
      assert.is_true(pages < 50)
    until not after
    return ids
  end

  local ORDERS = {
    { { "at", "timestamptz", "desc" }, { "id", "text", "desc" } }, { { "at", "timestamptz" }, { "id", "text" } },
    { { "n", "int", "asc" }, { "at", "timestamptz", "desc" }, { "id", "text", "asc" } }, { { "id", "text" } },
  }
  for i, columns in ipairs(ORDERS) do
    it("shows every row once, in order " .. i .. ", whatever the size of a page", function()
      local keyset, want = cursor.keyset(columns), {}
      for _, row in ipairs(db.query("select id from cursor_spec order by " .. keyset.order)) do want[#want + 1] = row.id end
      for _, limit in ipairs { 1, 3, 39, 40, 41 } do assert.same(want, walk(keyset, limit)) end
    end)
  end

  it("is refused when it is damaged, or of another route, caller, order or filter; another limit is no other list", function()
    local keyset, other = cursor.keyset(ORDERS[1]), cursor.keyset(ORDERS[2])
    local function page_of(k, title, actor, asked) return k:page(ctx_of(title, actor), asked) end
    local page = page_of(keyset, "GET /x", "u1", { limit = 1, q = "a" })
    local _, text = page:take(db.query("select id, " .. page.key .. " from cursor_spec order by " .. page.order .. " limit 2"))
    assert.matches("^[%w_-]+$", text)
    page_of(keyset, "GET /x", "u1", { limit = 5, q = "a", after = text })
    refused(function() page_of(keyset, "GET /y", "u1", { limit = 1, q = "a", after = text }) end)
    refused(function() page_of(keyset, "GET /x", "u2", { limit = 1, q = "a", after = text }) end)
    refused(function() page_of(keyset, "GET /x", nil, { limit = 1, q = "a", after = text }) end)
    refused(function() page_of(keyset, "GET /x", "u1", { limit = 1, q = "b", after = text }) end)
    refused(function() page_of(keyset, "GET /x", "u1", { limit = 1, after = text }) end)
    refused(function() page_of(other, "GET /x", "u1", { limit = 1, q = "a", after = text }) end)
    for i = 1, #text do
      local c = text:sub(i, i) == "A" and "Q" or "A"
      refused(function() page_of(keyset, "GET /x", "u1", { limit = 1, q = "a", after = text:sub(1, i - 1) .. c .. text:sub(i + 1) }) end)
    end
    for _, odd in ipairs { -- limit: cursor
      text:sub(1, -2), text .. "AAAA", "x", ("A"):rep(1000), text:sub(5) } do
      refused(function() page_of(keyset, "GET /x", "u1", { limit = 1, q = "a", after = odd }) end)
    end
  end)

  it("is refused when what a stranger made of it is no row's place, however well it is made", function()
    local keyset = cursor.keyset { { "n", "int" }, { "id", "text" } }
    local page = keyset:page(ctx_of "GET /x", { limit = 1 })
    local _, text = page:take(db.query("select id, " .. page.key .. " from cursor_spec order by " .. page.order .. " limit 2"))
    local place = crypto.unbase64url(text):sub(13)
    local function forged(own)
      return crypto.base64url(crypto.hmac_sha256("human cursor 1", #page.bound .. " " .. page.bound .. own):sub(1, 12) .. own)
    end
    assert.equal(text, forged(place))
    for _, own in ipairs { "[1,2]", "[{},[]]", "[null,null]", "[true,false]", '["1","a\\u0000b"]', '["1"]', '["1","a","b"]', "5", "[" } do
      refused(function() keyset:page(ctx_of "GET /x", { limit = 1, after = forged(own) }) end)
    end
  end)

  it("refuses an order that makes no sense where it is declared", function()
    for _, columns in ipairs { {}, { { "a; drop", "text" } }, { { "a", "te'xt" } }, { { "a", "text", "up" } } } do
      assert.is_false(pcall(cursor.keyset, columns))
    end
  end)
end)
