-- spec/scripts/marketplace_news_spec.lua -- an event is a row for those consumers alone for whom there is something to do.

local db = require "human.db"
local w = require "webhooks_world"
local world = require "pay_world"

describe("an event of the marketplace", function()
  local news

  local function kinds_of(e)
    db.tx(function(tx) news.put(tx, e) end)
    local out = {}
    for _, row in ipairs(db.query("delete from host_queue where key = $1 returning kind", e.about)) do
      out[row.kind:match "%S+$"] = true
    end
    return out
  end

  local function delivered(to, id)
    return { name = "transaction.delivered", about = id, to = { to }, data = { transaction_id = id, status = "delivered" } }
  end

  setup(function()
    w.begin()
    news = world.scripts()["marketplace.news"]
  end)
  teardown(w.over)

  it("waits for endpoints where one of those whom it concerns has any", function()
    local who, other = w.person(), w.person()
    w.endpoint(other)
    assert.is_nil(kinds_of(delivered(who.id, w.uuid()))["marketplace.webhooks_queue.take"])
    assert.is_true(kinds_of(delivered(who.id, w.uuid()))["marketplace.notifications.take"])
    w.endpoint(who)
    assert.is_true(kinds_of(delivered(who.id, w.uuid()))["marketplace.webhooks_queue.take"])
    assert.is_nil(kinds_of { name = "transaction.delivered", about = w.uuid(), data = { transaction_id = w.uuid() } }
      ["marketplace.webhooks_queue.take"])
  end)

  it("waits for pipelines where a step waits for its task", function()
    local who, id = w.person(), w.uuid()
    assert.is_nil(kinds_of(delivered(who.id, id))["marketplace.pipelines_tasks.take"])
    db.tx(function(tx)
      tx:exec "set local session_replication_role = replica" -- a step without its run
      tx:exec([[insert into market_pipeline_steps (run_id, position, name, depends_on, config, task_id)
        values ($1::uuid, 1, 'one', '{}', '{}', $2::uuid)]], w.uuid(), id)
    end)
    finally(function() db.exec("delete from market_pipeline_steps where task_id = $1::uuid", id) end)
    assert.is_true(kinds_of(delivered(who.id, id))["marketplace.pipelines_tasks.take"])
  end)
end)
