-- spec/scripts/agent_turn_books_spec.lua -- turns of one user count side by side: none waits for another one's commit.

local db = require "human.db"
local gen = require "human.scripts.generation"
local task = require "human.task"

describe("turns of one user that begin at the same time", function()
  local scripts, user, key, agents

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    scripts = gen.build(1)
    gen.install(scripts)
  end)
  local function script(name) return scripts.loaded["agent." .. name] end

  before_each(function()
    user, agents = script("users").create { email = require("human.id").new() .. "@example.com" }, {}
    key = require("human.id").new()
    for i = 1, 2 do
      agents[i] = script("agents").create(user, { name = "A" .. i, description = "",
        agentTypeId = db.value "select id from agent_types where name = 'Huma-1'" }).id
    end
  end)
  after_each(function()
    script("users").delete(user.id)
    db.exec("delete from usage_hours where subject = $1", key)
  end)

  local function count(tx, agent_id)
    script("budget").count(tx, { user_id = user.id, agent_id = agent_id, key_id = key })
    return tx:value "select pg_backend_pid() & 63"
  end

  -- Runs fn as a task of its own, which has a connection of its own, to its end.
  local function beside(fn)
    local me, result = task.current(), nil
    task.spawn(function()
      result = { pcall(fn) }
      task.wake(me)
    end)
    if not result then task.wait(30) end
    return unpack(result)
  end

  -- What another connection, whose part is not in `taken`, gets when it counts.
  local function count_elsewhere(taken, tries)
    return beside(function()
      return db.tx(function(tx)
        local part = tx:value "select pg_backend_pid() & 63"
        if taken[part] and tries > 0 then return select(2, count_elsewhere(taken, tries - 1)) end
        tx:exec "set local lock_timeout = '2s'"
        return count(tx, agents[2])
      end)
    end)
  end

  it("count in rows of their connections", function()
    db.tx(function(tx)
      local part = count(tx, agents[1])
      local ok, other = count_elsewhere({ [part] = true }, 5)
      assert.is_true(ok, tostring(other))
      assert.are_not.equal(part, other)
    end)
    assert.equal(2, db.value("select sum(runs)::int from user_usage_all where user_id = $1", user.id))
  end)

  it("are added to the hours of the user and of the key when the hour is over", function()
    db.tx(function(tx) count(tx, agents[1]) end)
    db.tx(function(tx) count(tx, agents[2]) end)
    db.exec("update usage_parts set hour = hour - interval '1 hour' where user_id = $1", user.id)
    script("budget").forget()
    assert.equal(0, db.value("select count(*)::int from usage_parts where user_id = $1", user.id))
    assert.equal(2, db.value("select sum(runs)::int from user_usage where user_id = $1", user.id))
    assert.equal(2, db.value("select sum(runs)::int from usage_hours where kind = 'key' and subject = $1", key))
  end)

  it("are what the budget of the key is compared with, before and after", function()
    local payer = { user_id = user.id, agent_id = agents[1], key_id = key }
    db.tx(function(tx)
      count(tx, agents[1])
      assert.equal(1, tx:row(script("budget").sql.usage, user.id, key, 0).key_runs)
    end)
    db.tx(function(tx) script("budget").charge(tx, payer, { input_tokens = 3, output_tokens = 4 }) end)
    assert.equal(7, db.row(script("budget").sql.usage, user.id, key, 0).key_tokens)
    db.exec("update usage_parts set hour = hour - interval '1 hour' where user_id = $1", user.id)
    script("budget").forget()
    local usage = db.row(script("budget").sql.usage, user.id, key, 0)
    assert.equal("0 7", usage.key_runs .. " " .. usage.key_tokens) -- runs are of the present hour
  end)
end)
