-- spec/scripts/jobs_lease_spec.lua -- who may run a job, against a real PostgreSQL.

local db = require "human.db"
local sql = require("human.jobs").sql

describe("a job whose worker died at it", function()
  local NAME = "spec.job"
  setup(function()
    require("human.pg.migrate").run()
    db.open()
  end)
  after_each(function() db.exec("delete from host_jobs where name = $1", NAME) end)

  local function take(owner) return db.row(sql.take, NAME, owner, 15, 2, 11) end
  -- As if that was the time for which its holder has said nothing.
  local function silent(seconds)
    db.exec("update host_jobs set lease_until = now() - $2::float8 * interval '1 second' where name = $1", NAME, seconds)
  end

  it("is taken up again ever later, by whichever host", function()
    for i = 1, 8 do
      assert.same({ attempts = i }, take("host" .. i))
      silent(2 ^ (i - 1) * 0.9)                   -- 2 s, half as long at least
      assert.is_nil(take "early")
      silent(2 ^ (i - 1) * 3.1)
    end
  end)

  it("starts anew when it has come to its end", function()
    take "one"
    silent(60)
    take "two"
    db.exec(sql.done, NAME, "two", nil, 0)
    assert.same({ attempts = 1 }, take "three")
  end)

  it("is not held up by a lease of one's own that was left", function()
    take "one"
    assert.same({ attempts = 2 }, take "one")
  end)
end)
