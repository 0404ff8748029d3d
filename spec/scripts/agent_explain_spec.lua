-- spec/scripts/agent_explain_spec.lua -- what serves one event or one page may not look at all of them.
-- Every statement of the shipped scripts (all tables `sql` of their modules) is planned, without its parameters'
-- values, on a database of thousands of rows in each table that belong to one agent and one user.  A plan must not walk
-- through a table, sort more than so many rows, or read more than so many on its way.

local db = require "human.db"
local gen = require "human.scripts.generation"
local json = require "human.json"

local ROWS, FEW = 12000, 2000

-- Those that may, and why.
local ALLOWED = {
  ["agent.agents.delete"] = "deletes all that it finds",
  ["agent.users.lock_mailboxes"] = "locks what is about to be deleted",
  ["agent.users.delete"] = "deletes all that it finds",
  ["agent.budget.forget"] = "deletes all that it finds, every ten minutes",
  ["agent.budget.add_parts"] = "deletes all that it finds, every ten minutes",
  ["agent.budget.forget_agents"] = "deletes all that it finds, every ten minutes",
  ["agent.budget.forget_hours"] = "deletes all that it finds, every ten minutes",
  ["agent.claims.forget"] = "a row per worker",
  ["gateway.usage.hours"] = "hours of a hundred days, when the operator asks",
  ["gateway.usage.providers"] = "the operator's runs of a month, when he asks",
  ["gateway.usage_report.agent"] = "hours of at most ninety days, when the operator asks",
  ["gateway.usage_report.user"] = "hours of at most ninety days, when the operator asks",
  ["gateway.usage_report.channel"] = "hours of at most ninety days, when the operator asks",
  ["gateway.usage_report.model"] = "calls of at most ninety days, when the operator asks",
  ["gateway.usage_report.users"] = "hours of a day, when the operator asks",
  ["gateway.v1.runs.keep_costs"] = "moves all that it finds, of a session that is deleted",
  ["gateway.written.forget"] = "deletes all that it finds, once a day",
  ["gateway.pairing.sweep"] = "deletes all that it finds",
  ["gateway.channel.people.list"] = "a thousand people, when the operator asks",
  ["gateway.channel.store.sweep_inbox"] = "deletes five thousand at a time",
  ["gateway.channel.store.sweep_posts"] = "deletes five thousand at a time",
  ["gateway.channel.store.sweep_pace"] = "deletes five thousand at a time",
  ["agent.people.forget"] = "deletes all that it finds",
  ["agent.people.see"] = "deletes who is too many: limits.participants_kept of an agent are left",
}

-- Tables that stay small: rules limit them, or they have a row per host.
local SMALL = { agent_types = true, claim_workers = true, host_jobs = true, gateway_owner = true, gateway_devices = true,
                gateway_pair_code = true, gateway_push = true, gateway_push_key = true, channel_accounts = true,
                gateway_cron_jobs = true, gateway_mcp_servers = true, gateway_mcp_tools = true, gateway_nodes = true,
                gateway_updates = true }
-- Indexes that hold only what is under way, or what is shared by all.
local SHORT = { agent_runs_open = true, agent_mailboxes_active = true, agent_mailboxes_suspects = true, personalities_shared_slug = true,
                system_prompts_shared_name = true, gateway_calls_open = true, gateway_runs_at_work = true,
                gateway_runs_live = true, gateway_runs_conn = true, gateway_runs_once = true, gateway_runs_joined = true, gateway_approvals_open = true,
                channel_inbox_waiting = true, channel_people_asked = true, gateway_cron_runs_open = true,
                gateway_cron_runs_queued = true, gateway_cron_runs_running = true }

local FILL = {
  [[insert into users (id, email) select 'cu' || lpad(i::text, 10, '0'), i || '@spec.example' from generate_series(1, $1::int) i]],
  [[insert into api_keys (id, user_id, name, key_hash, key_preview)
    select 'ck' || lpad(i::text, 10, '0'), 'cu0000000001', 'k', lpad(to_hex(i), 64, '0'), '...abcd' from generate_series(1, $1::int) i]],
  [[insert into personalities (id, user_id, personality_id, name)
    select 'cp' || lpad(i::text, 10, '0'), case when i % 2 = 0 then 'cu0000000001' else 'cu' || lpad(i::text, 10, '0') end,
      'p' || i, 'P' from generate_series(1, $1::int) i]],
  [[insert into system_prompts (id, user_id, name, template)
    select 'cs' || lpad(i::text, 10, '0'), case when i % 2 = 0 then 'cu0000000001' else 'cu' || lpad(i::text, 10, '0') end,
      'S', 'T' from generate_series(1, $1::int) i]],
  [[insert into agents (id, user_id, agent_type_id, name)
    select 'ca' || lpad(i::text, 10, '0'), 'cu0000000001', (select id from agent_types limit 1), 'A'
    from generate_series(1, $1::int) i]],
  [[insert into agent_mailboxes (agent_id, last_pos, last_in_pos, processed_pos, last_seq)
    select id, 100, 100, 100, 50 from agents where id like 'ca%' and length(id) = 12 and $1::int > 0]],
  [[insert into agent_participants (agent_id, participant_id, nickname, seen_at)
    select 'ca0000000001', 'u' || i, 'N', now() - i * interval '1 s' from generate_series(1, $1::int) i]],
  [[insert into agent_memory (agent_id, summary, until_pos)
    select id, '', 0 from agents where id like 'ca%' and length(id) = 12 and $1::int > 0]],
  [[insert into agent_claims (agent_id, done_seq) select id, 0 from agents where id like 'ca%' and length(id) = 12 and $1::int > 0]],
  [[insert into agent_runs (id, agent_id, until_pos, reason, finished_at)
    select 'cr' || lpad(i::text, 10, '0'), 'ca0000000001', i, 'completed', now() from generate_series(1, $1::int) i]],
  [[insert into agent_calls (run_id, step, n, agent_id, model_id, tool, arguments, once, status, result, ended_at)
    select id, 1, 1, agent_id, 'm', 't', '{}', id, 'done', '', now() from agent_runs
    where id like 'cr%' and length(id) = 12 and $1::int > 0]],
  [[insert into agent_events (id, agent_id, pos, direction, type, content, message_id)
    select 'ce' || lpad(i::text, 10, '0'), 'ca0000000001', 2 * i, 'in', 'new-message', '{}', 'm' || i
    from generate_series(1, $1::int) i]],
  [[insert into agent_events (id, agent_id, pos, direction, seq, type, content, run_id)
    select 'cf' || lpad(i::text, 10, '0'), 'ca0000000001', 2 * i + 1, 'out', i,
      case when i % 2 = 0 then 'add-reaction' else 'send-message' end, jsonb_build_object('messageId', 'm' || i),
      'cr' || lpad(i::text, 10, '0') from generate_series(1, $1::int) i]],
  [[insert into agent_images (id, agent_id, event_id, media_type, data)
    select 'ci' || lpad(i::text, 10, '0'), 'ca' || lpad(i::text, 10, '0'), 'ce' || lpad(i::text, 10, '0'), 'image/png', ''
    from generate_series(1, $1::int) i]],
  [[insert into user_usage (user_id, hour) select 'cu0000000001', now() - i * interval '1 hour' from generate_series(1, $1::int) i]],
  [[insert into user_usage_parts (user_id, hour, part) select 'cu0000000001', now() - i * interval '1 hour', i % 16 from generate_series(1, $1::int) i]],
  [[insert into usage_parts (user_id, hour, part) select 'cu0000000001', now() - i * interval '1 hour', i % 64 from generate_series(1, $1::int) i]],
  [[insert into agent_usage (agent_id, hour) select 'ca0000000001', now() - i * interval '1 hour' from generate_series(1, $1::int) i]],
  [[insert into gateway_written (subject, day) select 's' || i, current_date - i % 7 from generate_series(1, $1::int) i
    on conflict do nothing]],
  [[insert into usage_hours (kind, subject, hour) select 'key', 'k' || i % 50, now() - i * interval '1 hour' from generate_series(1, $1::int) i]],
  [[insert into llm_calls (id, provider, model, status, attempts, input_tokens, output_tokens, estimated, duration_ms)
    select 'l' || i, 'offline', 'offline', 'ok', 1, 1, 1, true, 1 from generate_series(1, $1::int) i]],
  [[insert into rule_decisions (bundle, rule, subject, verdict, inputs, complete, output)
    select 'b', 'a.rule', 'ca0000000001', 'v', '[]', true, '1' from generate_series(1, $1::int) i]],
  [[insert into agents (id, user_id, agent_type_id, name, parent_id, session_key)
    select 'cb' || lpad(i::text, 10, '0'), 'cu0000000001', (select id from agent_types limit 1), 'S', 'ca0000000001', 'k' || i
    from generate_series(1, $1::int) i]],
  [[insert into gateway_sessions (id, parent_id, last_active_at)
    select id, parent_id, now() - length(session_key) * interval '1 s' from agents where parent_id = 'ca0000000001' and $1::int > 0
    on conflict do nothing]],
  [[insert into gateway_summaries (session_id, until_run, summary, by_model)
    select id, 1, '', true from gateway_sessions where $1::int > 0
    on conflict do nothing]],
  [[insert into gateway_runs (id, session_id, n, message_id, state, conn, finished_at)
    select 'cg' || lpad(i::text, 10, '0'), 'cb0000000001', i, 'ce' || lpad(i::text, 10, '0'), 'done', 'c' || i % 50, now()
    from generate_series(1, $1::int) i]],
  [[insert into gateway_given (run_id, given) select id, '{}' from gateway_runs where $1::int > 0
    on conflict do nothing]],
  [[insert into gateway_steps (run_id, n) select id, 1 from gateway_runs where $1::int > 0
    on conflict do nothing]],
  [[insert into gateway_prompts (run_id, step, system, messages, tools, bytes, is_whole)
    select id, 1, '', '[]', '[]', 0, true from gateway_runs where $1::int > 0 on conflict do nothing]],
  [[insert into gateway_calls (id, run_id, step, n, model_id, tool, arguments, arguments_hash, is_parallel, status)
    select 'cd' || lpad(i::text, 10, '0'), 'cg' || lpad(i::text, 10, '0'), 1, 1, 'm', 't', '{}', repeat('0', 64), true, 'done'
    from generate_series(1, $1::int) i]],
  [[insert into gateway_results (call_id, whole) select id, '' from gateway_calls where $1::int > 0
    on conflict do nothing]],
  [[insert into gateway_approvals (id, session_id, run_id, call_id, arguments_hash, risk, reason, allows_always, expires_at, decision, decided_at)
    select 'ch' || lpad(i::text, 10, '0'), 'cb0000000001', 'cg' || lpad(i::text, 10, '0'), 'cd' || lpad(i::text, 10, '0'), '', 'low', 'r',
      true, now(), 'deny', now() from generate_series(1, $1::int) i]],
  [[insert into gateway_cron_jobs (agent_id, name, kind, body, schedule, expression, timeout_s, missed, is_one_shot, is_removed_after,
      is_enabled, delivery, made_by, next_at)
    select 'ca0000000001', 'J', 'agent', 'x', '{}', 'x', 60, 'skip', false, false, true, '{}', 'operator', now() from generate_series(1, 200) i
    where $1::int > 0]],
  [[insert into gateway_cron_runs (job_id, cause, state, due_at, start_at, finished_at)
    select j.id, case when i % 10 = 0 then 'missed' else 'due' end, 'completed', now(), now() - i * interval '1 min', now()
    from gateway_cron_jobs j, generate_series(1, $1::int / 200) i]],
  [[insert into gateway_cron_outputs (run_id, whole) select id, '' from gateway_cron_runs where $1::int > 0
    on conflict do nothing]],
  [[insert into gateway_pair_failures (network, failures) select ('10.0.' || i / 250 || '.' || i % 250)::inet, 1
    from generate_series(1, $1::int) i]],
  [[insert into gateway_always (agent_id, tool, subject) select 'ca0000000001', 't', i::text from generate_series(1, $1::int) i]],
  [[insert into channel_inbox (id, channel, account, vendor_id, message, person, handled_at)
    select 'cj' || lpad(i::text, 10, '0'), 'telegram', 'main', i::text, '{}', (i % 500)::text, now()
    from generate_series(1, $1::int) i]],
  [[insert into channel_posts (id, channel, account, chat, message, state, finished_at)
    select 'cl' || lpad(i::text, 10, '0'), 'telegram', 'main', (i % 500)::text, '{}', 'sent', now()
    from generate_series(1, $1::int) i]],
  [[insert into channel_post_files (post_id, data) select 'cl' || lpad(i::text, 10, '0'), '' from generate_series(1, $1::int) i]],
  [[insert into channel_people (channel, account, person, state) select 'telegram', 'main', i::text, 'allowed'
    from generate_series(1, $1::int) i]],
  [[insert into gateway_approval_chats (approval_id, channel, account, chat, place, is_whole)
    select id, 'telegram', 'main', '1', '{}', true from gateway_approvals where $1::int > 0
    on conflict do nothing]],
  [[insert into channel_pace (channel, account, chat, next_at) select 'telegram', 'main', i::text, now()
    from generate_series(1, $1::int) i]],
  [[insert into gateway_memory (agent_id, name, text)
    select 'ca' || lpad((i % 50 + 1)::text, 10, '0'), i::text, 'x' from generate_series(1, $1::int) i]],
}

for _, statement in ipairs {
  [[insert into gateway_skills (name, description, body, is_listed, about, warnings, source, hash, installed_by)
    select 's' || i, 'd', 'b', true, '{}', '[]', '/', repeat('0', 64), 'x' from generate_series(0, least(49, $1::int)) i]],
  [[insert into gateway_skill_files (skill, path, sha256, is_text, content) select 's' || i % 50, i::text, '', true, ''
    from generate_series(1, $1::int) i]],
  [[insert into gateway_skill_reads (run_id, skill) select id, 's1' from gateway_runs where $1::int > 0
    on conflict do nothing]],
  [[insert into gateway_script_texts (hash, body) select 'explained ' || i, '' from generate_series(1, $1::int) i]],
  [[insert into gateway_script_changes (place, actor, address, action, path, before_hash, after_hash)
    select 'explained ' || i % 50, 'x', 'x', 'save', 'x', 'explained ' || i, 'explained ' || i
    from generate_series(1, $1::int) i]],
  [[insert into gateway_script_bundles (place, bundle)
    select 'explained ' || i % 50, 'x' from generate_series(1, $1::int) i]],
  [[insert into gateway_script_files (bundle_id, path, hash) select id, 'x', 'explained ' || row_number() over ()
    from gateway_script_bundles where place like 'explained %' limit $1::int]],
} do FILL[#FILL + 1] = statement end

SMALL.gateway_skills = true

-- The marketplace.
local market = require "market_fill"
for _, statement in ipairs(market.FILL) do FILL[#FILL + 1] = statement end
for name, why in pairs(market.ALLOWED) do ALLOWED[name] = why end
for _, name in ipairs(market.SMALL) do SMALL[name] = true end

-- Tables whose rows go with nothing else.
local OWN = { "channel_inbox", "channel_posts", "channel_people", "channel_pace", "gateway_skills",
              "gateway_script_bundles", "gateway_script_changes", "gateway_script_texts" }
local MADE = { agents = "(id like 'ca0%' or id like 'cb0%') and length(id) = 12", users = "id like 'cu0%' and length(id) = 12",
               llm_calls = "id like 'l%' and length(id) < 8" }

local CONSUMES = { Sort = true, Aggregate = true, Hash = true, WindowAgg = true, Materialize = true, SetOp = true,
                   ["Bitmap Heap Scan"] = true, ModifyTable = true, LockRows = true }

-- What is wrong with a plan: adds to `found`.  limited: somebody above stops asking after a few rows.
local function check(node, limited, found)
  local kind, rows, name = node["Node Type"], node["Plan Rows"], node["Relation Name"]
  local scans = kind:find("Scan", 1, true) and not SMALL[name or ""] and not SHORT[node["Index Name"] or ""]
  -- Few rows are asked of it, and most of those that it meets are wanted.
  local stops = limited and (not node.Filter or rows > FEW)
  if scans and kind == "Seq Scan" and not stops then
    found[#found + 1] = "walks through " .. name
  elseif scans and kind:find("^Index") and not node["Index Cond"] and not stops then
    found[#found + 1] = "walks along " .. node["Index Name"]
  elseif scans and rows > FEW and not stops then
    found[#found + 1] = ("reads %d rows of %s"):format(rows, name or node["Index Name"] or kind)
  elseif kind:find("Sort", 1, true) and rows > FEW and not limited then
    found[#found + 1] = ("sorts %d rows"):format(rows)
  end
  if kind == "Limit" then limited = true elseif CONSUMES[kind] then limited = false end
  for _, child in ipairs(node.Plans or {}) do check(child, limited, found) end
  return found
end

local function parameters(sql)
  local n = 0
  for i in sql:gmatch "%$(%d+)" do n = math.max(n, tonumber(i)) end
  return n
end

-- The plan for any values.
local function plan(sql)
  local n, text = parameters(sql), nil
  db.tx(function(tx)
    tx:exec "set local plan_cache_mode = force_generic_plan"
    tx:exec("prepare spec_explained as " .. sql)
    text = tx:value("explain (format json) execute spec_explained"
      .. (n > 0 and "(" .. ("null, "):rep(n - 1) .. "null)" or ""))
    tx:exec "deallocate spec_explained"
  end)
  return (type(text) == "string" and json.decode(text) or text)[1].Plan
end

describe("a statement of the shipped scripts", function()
  local scripts

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    scripts = gen.build(1)
    gen.install(scripts)
    require "market_empty" ()
    for _, sql in ipairs(FILL) do
      db.exec(sql, ROWS)
      db.exec("analyze " .. sql:match "insert into (%S+)") -- or references are checked by plans for small tables
    end
  end)
  teardown(function()
    require "market_empty" ()
    for _, name in ipairs { "agents", "users", "llm_calls" } do
      repeat
        local n = db.exec(("delete from %s where id in (select id from %s where %s order by id desc limit 500)"):format(name, name, MADE[name]))
      until n == 0
    end
    for _, table_name in ipairs(OWN) do db.exec("delete from " .. table_name) end
    db.exec "delete from gateway_pair_failures where network << '10.0.0.0/16'"
  end)

  it("reads along an index, and no more than it needs", function()
    local wrong, n = {}, 0
    for module, mod in pairs(scripts.loaded) do
      for name, sql in pairs(type(mod) == "table" and rawget(mod, "sql") or {}) do
        n = n + 1
        local found = check(plan(sql), false, {})
        local full = module .. "." .. name
        if #found > 0 and not ALLOWED[full] then wrong[#wrong + 1] = full .. ": " .. table.concat(found, ", ") end
      end
    end
    table.sort(wrong)
    assert.is_true(n > 60, "statements are found")
    assert.same({}, wrong)
  end)

  -- Planning costs more than running it.
  it("is planned once, if it is what a turn reads, however uneven agents are", function()
    local facts, people = scripts.loaded["agent.facts"].sql, scripts.loaded["agent.people"].sql
    local function planned(tx, sql, agent_id)
      tx:exec("prepare spec_planned as " .. sql)
      for _ = 1, 7 do tx:query(("execute spec_planned('%s')"):format(agent_id)) end
      local once = tx:value "select generic_plans > 0 from pg_prepared_statements where name = 'spec_planned'"
      tx:exec "deallocate spec_planned"
      return once
    end
    for name, sql in pairs { said = facts.said, head = facts.head, people = people.list } do
      for _, agent_id in ipairs { "ca0000000001", "ca0000000002" } do -- has said all there is; has said nothing
        assert.is_true(db.tx(function(tx) return planned(tx, sql, agent_id) end), name .. " is planned each time")
      end
    end
  end)

  it("counts a list up to a thousand rows, and says that there are more", function() -- limit: rows counted
    local owned, page = scripts.loaded["agent.owned"], { limit = 2 }
    local list = scripts.loaded["agent.agents"].list({ id = "cu0000000001" }, page)
    assert.same({ 2, "1000+", true }, { #list.rows, owned.total(list.total), list.more })
    assert.equal("1000", owned.total(1000))
    local log = scripts.loaded["agent.store"].log("ca0000000001", { limit = 2, type = "add-reaction" })
    assert.same({ 2, "1000+", true }, { #log.rows, owned.total(log.total), log.more })
    log = scripts.loaded["agent.store"].log("ca0000000001", { limit = 2, type = "add-reaction", direction = "in" })
    assert.same({ 0, "0" }, { #log.rows, owned.total(log.total) })
  end)
end)
