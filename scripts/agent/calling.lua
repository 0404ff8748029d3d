-- scripts/agent/calling.lua -- the calls of abilities in a turn (agent.abilities), until the model speaks.
-- Each answer of the model that calls something is a step: its calls are judged (agent.rules.abilities), written down,
-- carried out one after another, and their results go to the model with the next question.  A worker that takes over
-- the run finds what is written: it reuses results, and makes calls that have none again, with the same key.  A run
-- that has become pointless stops between two calls; later turns are reminded of what was done.

local db = require "human.db"
local json = require "human.json"
local metrics = require "human.metrics"
local llm = require "human.llm"
local task = require "human.task"
local cut = require("human.text").cut
local abilities = require "agent.abilities"
local budget = require "agent.budget"
local mailbox = require "agent.mailbox"
local prompt = require "agent.prompt"
local rules = require "agent.rules.abilities"
local runs = require "agent.run"
local said = require "agent.said"
local said_calls = require "agent.said_calls"
local texts = require "agent.texts"

local M = {}

local MARKUP_TOKENS, LEAST_BYTES = 20, 200       -- of a message; of a result in a small window
local LEAST_S = 10                               -- for a call, however late it is
local NAME_MAX = 100                             -- of a tool that the model names

metrics.describe("human_agent_calls_total", "Calls of abilities by agents, by how they ended.")

M.sql = {
  steps = [[select step, n, model_id, extra, tool, arguments, once, status, result from agent_calls where run_id = $1
    order by step, n]],
  earlier = ([[select tool, arguments, status, result, called_at from agent_calls
    where agent_id = $1 and run_id <> $2 and status in ('open', 'done', 'failed')
      and called_at > now() - interval '1 day'
    order by called_at desc, n desc limit %d]]):format(rules.earlier),
  in_hour = ([[select count(*) from (select 1 from agent_calls where agent_id = $1
    and called_at > now() - interval '1 hour' and status in ('open', 'done', 'failed') limit %d) c]])
    :format(rules.calls_per_hour + 1),
  take = [[insert into agent_calls (run_id, step, n, agent_id, model_id, extra, tool, arguments, once, status, result,
      result_bytes, ended_at)
    select $1, $2::int, c.n, $3, c.model_id, c.extra, c.tool, c.arguments, c.once, c.status, c.result,
      octet_length(c.result), case when c.status <> 'open' then now() end
    from json_to_recordset($4::json) as c (n int, model_id text, extra text, tool text, arguments text, once text,
      status text, result text)]],
  finish = [[update agent_calls set status = $4, result = $5, result_bytes = $6, ended_at = now()
    where run_id = $1 and step = $2::int and n = $3::int and status = 'open']],
  skip = "update agent_calls set status = 'skipped', ended_at = now() where run_id = $1 and status = 'open'",
}

local REFUSED = {
  ["too-many-calls"] = "You have called enough in this turn: answer with what you know.",
  ["too-many-in-an-hour"] = "You have called enough for now; it is possible again within the hour.",
  ["read-only"] = "With these people you only look things up. Do not try it again; say so if somebody wants it.",
  ["asked-by-agent"] = "That is not done because another agent asks for it.",
  ["not-asked"] = "That is not done unless somebody asks for it.",
}

local NO_MORE = [[<no-more-calls/>
You can call nothing more in this turn. Answer now with what you know.]]

-- Before the run begins -----------------------------------------------------------------------------------

local function steps_of(rows)
  local steps = {}
  for _, row in ipairs(rows) do
    local step = steps[row.step] or {}
    step[#step + 1], steps[row.step] = row, step
  end
  return steps
end

--- Finds out what the agent can do, and notes it for the run (run.work) and its prompt (snap.abilities, snap.earlier).
--- Does nothing for agents that only speak.  Awaits.
function M.prepare(entry, snap, run)
  if not snap.head.has_abilities then return end
  local list, by_name = abilities.of(entry.agent_id)
  local work = { abilities = list, by_name = by_name, steps = {}, called = 0 }
  db.tx(function(tx)
    local earlier = tx:ask(M.sql.earlier, entry.agent_id, run.id)
    local in_hour = tx:ask(M.sql.in_hour, entry.agent_id)
    work.steps = steps_of(snap.run and tx:query(M.sql.steps, run.id) or {})
    snap.earlier, work.called_hour = earlier(), in_hour()[1].count
  end)
  for _, step in ipairs(work.steps) do work.called = work.called + #step end
  if #list > 0 or #work.steps > 0 then snap.abilities, run.work = list, work end
end

--- The tools of a request: `permitted`, and what the agent can do besides.
function M.tools(run, permitted)
  if not run.work then return permitted end
  local out = {}
  for i, tool in ipairs(permitted) do out[i] = tool end
  for _, one in ipairs(run.work.abilities) do
    out[#out + 1] = { name = one.name, description = one.description, parameters = one.parameters }
  end
  return out
end

--- Whether an earlier worker has called something in this run: then it goes on with that.
function M.has_begun(run) return run.work ~= nil and #run.work.steps > 0 end

-- Requests ------------------------------------------------------------------------------------------------

local function returned(call, bytes)
  local text = call.result or ""
  if #text > bytes then text = cut(text, bytes) .. " […]" end
  return ("<returned by=\"%s\">%s</returned>"):format(prompt.escape(call.tool), (text:gsub("[&<>]", prompt.ESCAPES)))
end

-- What was called so far, and came of it; results have so many bytes.
local function history(work, bytes)
  local out = {}
  for _, step in ipairs(work.steps) do
    local asked = { role = "assistant", content = "", tool_calls = {} }
    out[#out + 1] = asked
    for i, call in ipairs(step) do
      asked.tool_calls[i] = { id = call.model_id, name = call.tool, arguments = json.decode(call.arguments),
                              extra = call.extra and json.decode(call.extra) or nil }
      out[#out + 1] = { role = "tool", tool_call_id = call.model_id, content = returned(call, bytes) }
    end
  end
  if work.last then out[#out + 1] = { role = "user", content = NO_MORE } end
  return out
end

local function tokens_of(messages)
  local n = 0
  for _, message in ipairs(messages) do
    n = n + llm.tokens(message.content) + MARKUP_TOKENS
    for _, call in ipairs(message.tool_calls or {}) do n = n + llm.tokens(json.encode(call.arguments)) end
  end
  return n
end

-- The same in half of so many tokens where possible; the other half is for the chat.
local function history_within(work, tokens)
  local list = history(work, rules.result_bytes)
  if tokens_of(list) <= tokens / 2 then return list end
  return history(work, math.max(LEAST_BYTES, math.floor(tokens / math.max(1, work.called))))
end

local function with(messages, more)
  local list = {}
  for i, m in ipairs(messages) do list[i] = m end
  for _, m in ipairs(more) do list[#list + 1] = m end
  return list
end

-- The next question of a run that has called something.  It is recorded before it is asked, by itself.
local function next_request(run, permitted)
  local req, work = run.request, run.work
  return setmetatable({
    plan = false, record_soon = false, tools = work.last and permitted or nil,
    messages = with(req.messages, history(work, rules.result_bytes)),
    fit = function(tokens)
      local more = history_within(work, tokens)
      return with(req.fit(tokens - tokens_of(more)), more)
    end,
  }, { __index = req })
end

-- Judging -------------------------------------------------------------------------------------------------

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do set[value] = true end
  return set
end

-- Whom the turn answers, and how many others there are, or have written what the model reads, who are not the owner.
local function company(snap)
  local owners, strangers, n = set_of(snap.settings.owners), {}, 0
  local function add(id)
    if not owners[id] and not strangers[id] then strangers[id], n = true, n + 1 end
  end
  for _, p in ipairs(snap.people) do
    if not p.mine then add(p.id) end
  end
  for _, line in ipairs(snap.lines) do
    if not line.mine then add(line.from_id or line.from or "") end
  end
  local to = snap.to
  if not to then return "nobody", n end
  if to.by_agent then return "agent", n end
  return owners[to.id] and "owner" or "person", n
end

local function judge(entry, snap, work, ability)
  local speaker, strangers = company(snap)
  return runs.ask(entry, rules.decide, {
    tool = ability.name, risk = ability.risk, speaker = speaker, strangers = strangers,
    policy = snap.settings.abilities, called = work.called, called_hour = work.called_hour,
  })
end

-- Why a call is not made, for the model; nil: it is.
local function refusal(entry, snap, work, call, arguments)
  local ability = work.by_name[call.name]
  if said.tool(call.name) and not ability then
    return "Not posted yet: you called something else as well. Now that you have its result, say what you want to say."
  end
  if not ability then return ("There is no tool %s."):format(texts.valid(cut(call.name, 80))) end
  if #arguments > rules.arguments_bytes then
    return ("The arguments are longer than %d bytes."):format(rules.arguments_bytes)
  end
  local misfit = abilities.misfit(ability, call.arguments)
  if misfit then return misfit end
  local verdict = judge(entry, snap, work, ability)
  if verdict.action == "run" then return nil end
  return "Not carried out. " .. (REFUSED[verdict.reason] or "It is not permitted.")
end

local function row_of(entry, snap, run, call, step, n)
  local work, arguments = run.work, json.encode_sorted(call.arguments, {})
  local why = refusal(entry, snap, work, call, arguments)
  work.called = work.called + 1
  if not why then work.called_hour = work.called_hour + 1 end
  return {
    step = step, n = n, model_id = cut(texts.valid(call.id), 200), tool = cut(texts.valid(call.name), 200),
    arguments = #arguments <= rules.arguments_bytes and texts.valid(arguments) or "{}",
    extra = call.extra ~= nil and json.encode(call.extra) or nil, once = ("%s:%d:%d"):format(run.id, step, n),
    status = why and "refused" or "open", result = why,
  }
end

-- Carrying out --------------------------------------------------------------------------------------------

-- Writes a step down with what was decided about it.  False: the session is over, or the agent paused.
local function take(entry, snap, run, calls)
  local step, rows = #run.work.steps + 1, {}
  for n, call in ipairs(calls) do rows[n] = row_of(entry, snap, run, call, step, n) end
  local goes_on = db.tx(function(tx)
    local box = mailbox.lock(tx, entry.agent_id, entry.owner)
    runs.record(tx, entry, run.id, box)
    if box.expired_at or box.status ~= "active" then return false end
    tx:ask(M.sql.take, run.id, step, entry.agent_id, json.encode(json.array(rows)))
    return true
  end)
  if goes_on then run.work.steps[step] = rows end
  return goes_on
end

local function skip_rest(entry, run)
  db.tx(function(tx)
    mailbox.lock(tx, entry.agent_id, entry.owner)
    tx:ask(M.sql.skip, run.id)
  end)
end

local function seconds_left(work) return rules.turn_ms / 1000 - (task.clock() - work.began) end

local function perform(entry, run, call)
  local ability = run.work.by_name[call.tool]
  local status, result, bytes = "failed", "It was taken away meanwhile: it may or may not have happened.", nil
  if ability then
    local seconds = math.max(LEAST_S, math.min(rules.call_ms / 1000, seconds_left(run.work)))
    status, result, bytes = abilities.call(entry.agent_id, ability, json.decode(call.arguments), call.once, seconds)
  end
  db.exec(M.sql.finish, run.id, call.step, call.n, status, result, bytes or #result)
  call.status, call.result = status, result
  metrics.add("human_agent_calls_total", 1, { status = status })
end

-- Makes the calls of the newest step that have no result.  False: the run is to stop.
local function carry_out(entry, run)
  for _, call in ipairs(run.work.steps[#run.work.steps]) do
    if call.status == "open" then
      if entry.stop then
        skip_rest(entry, run)
        return false
      end
      perform(entry, run, call)
    elseif call.status == "refused" then
      metrics.add("human_agent_calls_total", 1, { status = "refused" })
    end
  end
  return not entry.stop
end

-- The loop ------------------------------------------------------------------------------------------------

-- "functions.market_search" is market_search.
local function named(work, call)
  local bare = #call.name <= NAME_MAX and call.name:match "[%w_]+$" -- linear: so many bytes
  return work.by_name[bare] and bare or call.name
end

-- Abilities that a model has called in its text, since its server does not know its notation.
local function written(work, reply)
  local list = {}
  if (reply.tool_calls or {})[1] then return list end
  local text, found = said.read(reply.text or "", said.names())
  if #found == 0 and text:find "^[{%[]" then found = said_calls.read(text, 1) end
  for _, call in ipairs(found) do
    local name = call.unknown and named(work, call)
    if work.by_name[name] then
      list[#list + 1] = { id = "call_" .. #list + 1, name = name, arguments = call.arguments }
    end
  end
  return list
end

-- The calls of an answer if any of them is more than an action.
local function calls_of(work, reply)
  local list = written(work, reply)
  local any = #list > 0
  for _, call in ipairs(reply.tool_calls or {}) do
    local name = named(work, call)
    list[#list + 1] = { id = call.id, name = name, arguments = call.arguments, extra = call.extra }
    any = any or work.by_name[name] ~= nil or not said.tool(name)
  end
  return any and list or nil
end

-- Whether the model may call more after this step.
local function is_last(snap, run)
  local work = run.work
  if #work.steps >= rules.steps or work.called >= rules.calls or seconds_left(work) <= 0 then return true end
  return not budget.may_go_on(snap.payer, run.id, run.request.spent)
end

--- Asks the model until it speaks.  think(entry, req): of agent.thinking; permitted: the tools that are actions.
--- Returns its answer, or nil and an error, or nil alone when the run was interrupted; and the request that it answers.
function M.answer(entry, snap, run, think, permitted)
  local work, req = run.work, run.request
  work.began = task.clock()
  if M.has_begun(run) and not carry_out(entry, run) then return nil end
  while true do
    if M.has_begun(run) then
      work.last = is_last(snap, run)
      req = next_request(run, permitted)
    end
    local reply, err = think(entry, req)
    local calls = reply and not work.last and calls_of(work, reply)
    if not calls then return reply, err, req end
    if not (take(entry, snap, run, calls) and carry_out(entry, run)) then return nil end
  end
end

return M
