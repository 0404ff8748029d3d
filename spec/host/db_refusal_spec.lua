-- spec/host/db_refusal_spec.lua -- the last net: values that only PostgreSQL refuses, not our schemas, are the
-- client's mistake (400, 409) or temporary (503); only an invalid statement is a bug.

local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local fake_host = require "fake_host"

-- {statement, parameter, status}: values, then statements
local CASES = {
  { "select $1::timestamptz", "0000-01-01T00:00:00Z", 400 },
  { "select $1::timestamptz", "294277-01-01T00:00:00Z", 400 },
  { "select $1::timestamptz", "2025-02-30T00:00:00Z", 400 },
  { "select now() + $1::text::interval", "infinite", 400 },
  { "select $1::int", 2 ^ 31, 400 },
  { "select $1::text::int8", "99999999999999999999", 400 },
  { "select $1::text::int", "x", 400 },
  { "select $1::text::numeric(5, 2)", "1e10", 400 },
  { "select $1::text::float8", "1e400", 400 },
  { "select $1::text::numeric", "1e200000", 400 },
  { "select $1::uuid", "x", 400 },
  { "select $1::text::bool", "perhaps", 400 },
  { "select $1::jsonb", "{", 400 },
  { "select $1::jsonb", '"\\u0000"', 400 },
  { "select decode($1, 'base64')", "!", 400 },
  { "select chr($1::int)", 0, 400 },
  { "select 1 / $1::int", 0, 400 },
  { "select substring('x' from 1 for $1::int)", -1, 400 },
  { "select 'x' ~ $1", "(", 400 },
  { "insert into spec_values (name) values ($1)", ("x"):rep(11), 400 },
  { "insert into spec_values (name, n) values ($1, 1)", "x", 400 },
  { "insert into spec_values (name, n) values ('new', $1::int)", -1, 400 },
  { "insert into spec_values (name, n) values ($1, 2)", "known", 409 },
  { "insert into spec_values (name, n, parent) values ('other', 3, $1)", "nobody", 409 },
  { "insert into spec_long values ($1)", false, 400 },
  { "selec $1::int", 1, nil },
  { "select * from no_such_table where n = $1::int", 1, nil },
}

-- More than an index takes, and nothing that could be packed.
local function long()
  local parts = {}
  for i = 1, 200 do parts[i] = crypto.sha256_hex(tostring(i)) end
  return table.concat(parts)
end

describe("what the database refuses", function()
  setup(function()
    db.exec "create table spec_values (name varchar(10) primary key, n int not null check (n > 1), parent text references spec_values (name))"
    db.exec "insert into spec_values values ('known', 5, null)"
    db.exec "create table spec_long (t text primary key)"
    fail.use(require "api.errors")
  end)
  teardown(function() db.exec "drop table spec_values, spec_long" end)

  for _, case in ipairs(CASES) do
    it(("is %s for the client: %s"):format(case[3] or "a bug", case[1]), function()
      local value = case[2] or long()
      local ok, err = pcall(db.query, case[1], value)
      assert.is_false(ok)
      local refused = db.refusal(err)
      assert.equal(case[3], refused and refused.status, tostring(err))
    end)
  end

  it("is answered so by a route, and logged with its place", function()
    local app = fake_host.start()
    app:load { ["api/x.lua"] = [[
      local api, s = require "human.api", require "human.schema"
      api.group({ auth = false, shape = "agent" }):get("/x", { summary = "x", reply = { [204] = false } }, function(ctx)
        ctx.db.exec "select 1"
        return 204
      end)
      return {}]] }
    local state
    app.on_query = function() return nil, { code = state, message = "no" } end
    for code, status in pairs { ["22008"] = 400, ["22P02"] = 400, ["22003"] = 400, ["23505"] = 409, ["23503"] = 409,
      ["23514"] = 400, ["23502"] = 400, ["54000"] = 400, ["42P01"] = 500, ["XX000"] = 500 } do
      state = code
      assert.equal(status, app:request({ path = "/x" }).status, code)
    end
    local text = ""
    for _, line in ipairs(app.host.lines) do text = text .. line.line end
    assert.matches("refused by the database.-api/x.lua:3", text)
    app:stop()
  end)
end)
