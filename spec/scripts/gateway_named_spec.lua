-- spec/scripts/gateway_named_spec.lua -- which work that has a name goes on, and which is ended when somebody looks.

local db = require "human.db"
local gen = require "human.scripts.generation"
local json = require "human.json"

describe("a tool that is at work", function()
  local session_id, named

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    local scripts = gen.build(1)
    gen.install(scripts)
    local function of(name) return scripts.loaded["gateway." .. name] end
    named = of "named"
    session_id = db.tx(function(tx) return (of "store".ensure(tx, of "owner".get().agent_id, "named")) end)
  end)

  before_each(function()
    db.exec("delete from gateway_runs where session_id = $1", session_id)
    db.exec([[insert into gateway_runs (id, session_id, n, message_id, state, step)
      values ('crunnamed1', $1, 1, 'cmessage01', 'acting', 1)]], session_id)
  end)

  -- Does its work go on, with its call written down as this?
  local function goes_on(status)
    db.exec([[insert into gateway_calls (id, run_id, step, n, model_id, tool, arguments, arguments_hash, is_parallel, status)
      values ('ccallnamed', 'crunnamed1', 1, 1, 'm', 'time', '{}', repeat('0', 64), true, $1)
      on conflict (id) do update set status = excluded.status]], status)
    local work = { { name = "call:ccallnamed", run_id = "crunnamed1", call_id = "ccallnamed" } }
    return db.query(named.sql.wanted, json.encode(json.array(work)))[1] ~= nil
  end

  it("goes on while its call runs, and from before that is written down", function()
    assert.same({ true, true }, { goes_on "ready", goes_on "running" })
  end)

  it("ends when its call is over, or its run", function()
    assert.same({ false, false, false }, { goes_on "aborted", goes_on "done", goes_on "interrupted" })
    assert.is_true(goes_on "running")
    db.exec "update gateway_runs set state = 'aborted', finished_at = human_now() where id = 'crunnamed1'"
    assert.is_false(goes_on "running")
  end)
end)
