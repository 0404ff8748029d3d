-- scripts/marketplace/agent_work.lua -- what happens on the marketplace and concerns an agent that trades there begins
-- a run in its session `market`, once for each event (rules/work.lua says for which, and how often).  The row of the
-- event and the run's message are one transaction; a repeat finds the row.
-- The message has the facts as data.  Texts of others in it are marked as such: what a stranger writes is work that is
-- wanted, and never an instruction.

local db = require "human.db"
local decisions = require "human.decisions"
local jobs = require "human.jobs"
local json = require "human.json"
local log = require "human.log"
local outbox = require "human.outbox"
local chat = require "gateway.chat"
local ends = require "gateway.ends"
local cut = require("human.text").cut
local news = require "marketplace.news"
local news_rules = require "marketplace.rules.news"
local rules = require "marketplace.rules.work"
require "marketplace.agent_tools"

local M = {}

M.SESSION = "market"
local CAUSE = "market"
local FACTS_BYTES = 64000                        -- limit: what an event tells an agent
local SWEEP, ROUNDS = 1000, 100

M.sql = {
  -- One by one by their ids: few events are about any agent.
  acting = [[select m.id, m.agent_id from json_array_elements_text($1::json) i cross join lateral
      (select id, agent_id, agent_stopped_at, state from market_actors where id = i.value::uuid offset 0) m
    where m.agent_id is not null and m.agent_stopped_at is null and m.state <> 'banned']],
  listing = [[select title, description, to_json(category_tags) as category_tags, direction, budget_ceiling_cents,
      sla_hours, output_schema, actor_id from market_listings where id = $1::uuid]],
  transaction = [[select buyer_id, seller_id, title, has_milestones, input_data, output_schema, evaluation_rubric,
      listing_id from market_transactions where id = $1::uuid]],
  add = [[insert into market_agent_work (event_id, agent_id, actor_id, name, about, state)
    values ($1, $2, $3::uuid, $4, $5, 'dropped') on conflict do nothing]],
  begun = [[select count(*)::int as in_hour, (count(*) filter (where about = $2))::int as about_in_hour from (
      select about from market_agent_work where agent_id = $1 and at > human_now() - interval '1 hour'
        and run_id is not null limit 1000) few]],
  set = "update market_agent_work set state = $3, reason = $4, run_id = $5 where event_id = $1 and agent_id = $2",
  ended = [[update market_agent_work set state = $3, reason = $4, ended_at = human_now()
    where event_id = $1 and agent_id = $2 and state = 'begun']],
  sweep = ([[delete from market_agent_work where ctid = any (array(select ctid from market_agent_work
    where at < human_now() - $1::int * interval '1 day' order by at limit %d))]]):format(SWEEP),
}

-- What the rule asks of an event and the agent's actor.
local function facts_of(e, actor_id, it)
  local is_owner, round = it.listing ~= nil and it.listing.actor_id == actor_id, e.data and e.data.counter_round
  local for_owner = round and round % 2 == 0     -- the owner makes the first counter offer
  return { name = e.name, is_owner = is_owner, has_parts = it.t ~= nil and it.t.has_milestones,
           is_seller = it.parties.seller_id == actor_id or M.is_only(e, actor_id),
           is_buyer = it.parties.buyer_id == actor_id, is_turn = e.name == "bid.countered" and is_owner == for_owner }
end

--- Whether an event concerns this actor alone, and nobody else.
function M.is_only(e, actor_id) return #(e.to or {}) == 1 and e.to[1] == actor_id end

-- JSON in which no text can end the mark around it.
local function untrusted(value)
  return ("<untrusted>%s</untrusted>"):format(cut(json.encode(value):gsub("<", "\\u003c"), FACTS_BYTES))
end

local function listing_shown(listing)
  return news_rules.payload { title = listing.title, description = listing.description,
    category_tags = json.decode(listing.category_tags), direction = listing.direction, sla_hours = listing.sla_hours,
    budget_ceiling_cents = listing.budget_ceiling_cents,
    output_schema = listing.output_schema and json.decode(listing.output_schema) or nil }
end

local AGREED = { "input_data", "output_schema", "evaluation_rubric" }

-- What whoever does the work has to know, beside the facts of the event; what is too long is to be looked up.
local function add_task(facts, t, listing)
  if facts.title and facts.sequence then facts.part = facts.title end
  facts.title, facts.description = t.title, listing and listing.description
  for _, name in ipairs(AGREED) do
    facts[name] = t[name] and json.decode(t[name]) or nil
  end
  if #json.encode(facts) > FACTS_BYTES then
    facts.input_data, facts.left_out = nil, "input_data is too long to be shown"
  end
end

--- The message that a run begins with.  verdict: of rules.need; it: {t, listing}, rows of what the event is about, or
--- nil.  The facts of work are an object with its transaction_id; those of anything else are its member `about`, so
--- that nobody takes it for work.
function M.text(e, verdict, it)
  local facts = news_rules.payload(e.data or {})
  if verdict.is_work and it.t then add_task(facts, it.t, it.listing) else facts = { about = facts } end
  local parts = { "Event of the marketplace: " .. e.name, verdict.need, "Facts: " .. untrusted(facts) }
  if it.listing and not it.t then parts[#parts + 1] = "The listing: " .. untrusted(listing_shown(it.listing)) end
  return table.concat(parts, "\n\n")
end

-- Begins the run of an event for an agent, in a transaction of its own, or finds that this has been done.
local function begin(row, e, who, text)
  local agent_id, about = who.agent_id, row.key or row.id
  return db.tx(function(tx)
    if tx:exec(M.sql.add, row.id, agent_id, who.id, e.name, about) == 0 then return end
    local verdict = decisions.decide(tx, rules.may_begin, { ref = row.id, subject = agent_id },
      tx:row(M.sql.begun, agent_id, about))
    if verdict.action ~= "begin" then return tx:exec(M.sql.set, row.id, agent_id, "dropped", verdict.reason, nil) end
    local taken, code = chat.take(tx, { agent_id = agent_id, key = M.SESSION, message = text,
      cause = CAUSE .. ":" .. row.id, idempotency_key = "market:" .. row.id, mode = "queue" })
    tx:exec(M.sql.set, row.id, agent_id, taken and "begun" or "dropped", code, taken and taken.run_id or nil)
  end)
end

-- Who of these actors is an agent that acts: {[actor's id] = {id, agent_id}}.
local function agents_among(batch)
  local ids, known, by = json.array {}, {}, {}
  for _, row in ipairs(batch) do
    for _, id in ipairs(row.payload.to or {}) do
      if not known[id] then ids[#ids + 1], known[id] = id, true end
    end
  end
  for _, who in ipairs(ids[1] and db.query(M.sql.acting, json.encode(ids)) or {}) do by[who.id] = who end
  return by
end

-- What an event is about: {t (a transaction), listing, parties (who has sold and bought)}.
local function about(data)
  local t = data.transaction_id and db.row(M.sql.transaction, data.transaction_id) or nil
  local listing_id = data.listing_id or t and t.listing_id
  return { t = t, listing = listing_id and db.row(M.sql.listing, listing_id) or nil,
           parties = data.seller_id and data or t or data }
end

local function take(row, agents)
  local e, it = row.payload, nil
  for _, id in ipairs(e.to or {}) do
    local who = agents[id]
    if who then
      it = it or about(e.data or {})
      local verdict = rules.need(facts_of(e, id, it))
      if verdict.need then begin(row, e, who, M.text(e, verdict, it)) end
    end
  end
end

--- Events that may concern agents.
function M.wants(e) return rules.concerns(e.name).is_known end

--- Consumes such events of the marketplace.
function M.take(batch)
  local agents = agents_among(batch)
  if next(agents) then
    for _, row in ipairs(batch) do take(row, agents) end
  end
  db.tx(function(tx) batch:done(tx) end)
end

--- The run of an event is over (gateway.ends).
function M.ended(tx, run, ending)
  tx:exec(M.sql.ended, run.cause:sub(#CAUSE + 2), run.parent_id, ending.state, ending.error_code)
  if ending.state == "failed" then
    log.warn("work of the marketplace failed", { run_id = run.id, code = ending.error_code })
  end
end

--- Job: forgets what became of old events.
function M.sweep() db.sweep(M.sql.sweep, SWEEP, ROUNDS, rules.kept_days) end

outbox.on(news.TOPIC, "marketplace.agent_work.take", "marketplace.agent_work.wants",
  [[exists (select from json_array_elements_text(r.payload -> 'to') v join market_actors a on a.id = v::uuid
    where a.agent_id is not null)]])
ends.on(CAUSE, M.ended)
jobs.every("market.agent_work.sweep", 3600, "marketplace.agent_work.sweep")

return M
