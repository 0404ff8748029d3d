-- spec/scripts/gateway_old_runs_spec.lua -- old runs of sessions and jobs go with what was said in them, and nothing else.

local db = require "human.db"
local gen = require "human.scripts.generation"

describe("an old run", function()
  local scripts, old, owner, store, limits, sessions

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    scripts = gen.build(1)
    gen.install(scripts)
    local function of(name) return scripts.loaded["gateway." .. name] end
    old, owner, store, limits, sessions = of "old_runs", of "owner", of "store", of "rules.limits", of "sessions"
  end)

  local keys = 0
  -- A session with so many runs, each with a message, a step with an answer, and its place in the books.
  local function session(key, runs, days, cause)
    local session_id = db.tx(function(tx) return (store.ensure(tx, owner.get().agent_id, key)) end)
    keys = keys + 1
    local tag = ("%03d"):format(keys)
    local function ids(letter) return ("'c%s%s' || lpad(i::text, 8, '0')"):format(letter, tag) end
    local from = ("from generate_series(1, %d) i"):format(runs)
    db.exec(([[insert into agent_runs (id, agent_id, until_pos, reason, finished_at) select %s, $1, i, 'completed', now() %s]]):format(ids "r", from), session_id)
    db.exec(([[insert into agent_events (id, agent_id, pos, direction, type, content, message_id)
      select %s, $1, 2 * i, 'in', 'new-message', jsonb_build_object('message', jsonb_build_object('content', 'line ' || i)), %s %s]]):format(ids "m", ids "m", from), session_id)
    db.exec(([[insert into agent_events (id, agent_id, pos, direction, seq, type, content, run_id)
      select %s, $1, 2 * i + 1, 'out', i, 'send-message', jsonb_build_object('content', 'answer ' || i), %s %s]]):format(ids "a", ids "r", from), session_id)
    db.exec(([[insert into gateway_runs (id, session_id, n, message_id, state, step, cause, finished_at)
      select %s, $1, i, %s, 'done', 1, $2, human_now() - $3::float8 * interval '1 day' %s]]):format(ids "r", ids "m", from), session_id, cause, days)
    db.exec(("insert into gateway_steps (run_id, n, event_id) select %s, 1, %s %s"):format(ids "r", ids "a", from))
    db.exec("update gateway_sessions set last_run = $2::int where id = $1", session_id, runs)
    return session_id, "cr" .. tag
  end

  local function count(what, session_id)
    local column = (what == "agent_events" or what == "agent_runs") and "agent_id" or "session_id"
    return db.value(("select count(*)::int from %s where %s = $1"):format(what, column), session_id)
  end

  before_each(function() db.exec "delete from agents where parent_id is not null" end)

  it("of a session goes when there are more than are kept; the books stay", function() -- limit: gateway runs
    local long, all = session("long", limits.session_runs + 7, 1000), session("short", 1200, 1000)
    old.sweep()
    assert.same({ limits.session_runs, 2 * limits.session_runs, limits.session_runs + 7 },
      { count("gateway_runs", long), count("agent_events", long), count("agent_runs", long) })
    assert.equal(1200, count("gateway_runs", all))
    assert.equal("line 8", db.value([[select e.content->'message'->>'content' from gateway_runs r join agent_events e on e.id = r.message_id
      where r.session_id = $1 order by r.n limit 1]], long))
    assert.equal(1000, #sessions.history("long", { limit = 1000 }))
  end)

  it("of a job goes when there are more than are kept, or after a time, but for the newest", function()
    local many, aged = session("cron:1", limits.job_session_runs + 7, 1, "cron:5"), session("cron:2", 150, limits.job_session_days + 1, "cron:6")
    local young, other = session("cron:3", 150, limits.job_session_days - 1, "cron:7"), session("mine", 150, 1000, "cron:8")
    old.sweep()
    assert.same({ limits.job_session_runs, limits.job_session_least, 150, 150 },
      { count("gateway_runs", many), count("gateway_runs", aged), count("gateway_runs", young), count("gateway_runs", other) })
    assert.equal(2 * limits.job_session_least, count("agent_events", aged))
  end)

  it("takes messages that it had read with it, is not over while it works, and leaves no sessions of its parts", function()
    local id, run = session("cron:4", limits.job_session_runs + 3, 1, "cron:9")
    local first, second, last = run .. "00000001", run .. "00000002", run .. ("%08d"):format(limits.job_session_runs + 3)
    db.exec("update gateway_runs set into_run = $1, into_step = 1 where id = $2", first, last)
    db.exec("update gateway_runs set state = 'thinking', finished_at = null where id = $1", second)
    local part, kept = session("task:gone", 1, 1), session("task:kept", 1, 1)
    db.exec([[insert into gateway_calls (id, run_id, step, n, model_id, tool, arguments, arguments_hash, is_parallel, status)
      select * from (values ('ccallgone1', $1, 1, 1, 'm', 'agent_spawn', '{}', repeat('0', 64), true, 'done'),
        ('ccallkept1', $2, 1, 1, 'm', 'agent_spawn', '{}', repeat('0', 64), true, 'done')) v]], first, second)
    db.exec("update gateway_sessions set asked_by = 'ccallgone1', archived_at = human_now() where id = $1", part)
    db.exec("update gateway_sessions set asked_by = 'ccallkept1', archived_at = human_now() where id = $1", kept)
    old.sweep()
    assert.equal(limits.job_session_runs, count("gateway_runs", id))
    assert.equal(2 * limits.job_session_runs + 1, count("agent_events", id)) -- the answer of what had been read is another's
    assert.is_true(db.value("select true from gateway_runs where id = $1", second))
    assert.same({ 0, 1 }, { count("gateway_runs", part), count("gateway_runs", kept) })
  end)
end)
