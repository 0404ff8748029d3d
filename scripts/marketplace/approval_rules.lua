-- scripts/marketplace/approval_rules.lua -- people's own rules for what their agents ask for: kept here, and asked when
-- an agent wants to buy (approvals.lua) or asks in a channel.  What a rule says is in rules/approvals.lua.

local db = require "human.db"
local decisions = require "human.decisions"
local fail = require "human.fail"
local json = require "human.json"
local news = require "marketplace.news"
local records = require "marketplace.trail"
local rules = require "marketplace.rules.approvals"

local M = {}

local COLUMNS = [[r.id, r.created_by, r.rule_type, r.action_type, r.max_amount_cents,
  to_json(r.allowed_categories) as allowed_categories, to_json(r.providers) as providers, r.min_tier, r.from_minute,
  r.to_minute, r.notify, r.priority, r.created_at, r.updated_at]]
local OF_OWNER = " from market_approval_rules r join market_actors p on p.id = r.created_by"
  .. " where p.owner_id = $1::uuid and r.deleted_at is null"
local LISTS = "(select array_agg(v) from json_array_elements_text($%d::json) v)"

M.sql = {
  of_owner = "select " .. COLUMNS .. OF_OWNER .. " order by r.priority, r.created_at, r.id limit 1000",
  of_kind = "select " .. COLUMNS .. OF_OWNER .. " and r.rule_type = $2"
    .. " order by r.priority, r.created_at, r.id limit 1000",
  count = "select count(*)" .. OF_OWNER,
  one_at_a_time = "select pg_advisory_xact_lock(hashtextextended('market.rules ' || $1, 0))",
  make = [[with r as (insert into market_approval_rules (created_by, rule_type, action_type, max_amount_cents,
      allowed_categories, providers, min_tier, from_minute, to_minute, notify, priority)
    values ($1::uuid, $2, $3, $4::bigint, ]] .. LISTS:format(5) .. ", " .. LISTS:format(6) .. [[::uuid[], $7::int,
      $8::int, $9::int, $10::bool, $11::int) returning *) select ]] .. COLUMNS .. " from r",
  change = [[with r as (update market_approval_rules set rule_type = $2, action_type = $3,
      max_amount_cents = $4::bigint, allowed_categories = ]] .. LISTS:format(5) .. [[,
      providers = ]] .. LISTS:format(6) .. [[::uuid[], min_tier = $7::int,
      from_minute = $8::int, to_minute = $9::int, notify = $10::bool, priority = $11::int, updated_at = human_now()
    where id = $1::uuid returning *) select ]] .. COLUMNS .. " from r",
  get = "select " .. COLUMNS .. " from market_approval_rules r where r.id = $1::uuid",
  own = [[select ]] .. COLUMNS .. [[ from market_approval_rules r join market_actors p on p.id = r.created_by
    where r.id = $1::uuid and p.owner_id = $2::uuid and r.deleted_at is null for update of r]],
  delete = "update market_approval_rules set deleted_at = human_now() where id = $1::uuid",
  people = [[select id from market_actors where owner_id = $1::uuid and type = 'human' and state = 'active'
    order by id limit 15]],
  about = [[select to_json(l.category_tags) as categories,
      (select tier from market_actors where id = $2::uuid) as tier,
      (extract(hour from human_now() at time zone 'UTC') * 60
        + extract(minute from human_now() at time zone 'UTC'))::int as minute
    from market_listings l where l.id = $1::uuid]],
  now = [[select (extract(hour from human_now() at time zone 'UTC') * 60
    + extract(minute from human_now() at time zone 'UTC'))::int as minute]],
  consent = [[insert into market_consents (agent_id, kind, listing_id, amount_cents, cause, reason, rule_id, message_id,
      decided)
    values ($1::uuid, $2, $3::uuid, $4::bigint, $5, $6, $7::uuid, $8::uuid, $9::jsonb) on conflict do nothing]],
}

local function decoded(rule)
  rule.allowed_categories = rule.allowed_categories and json.decode(rule.allowed_categories)
  rule.providers = rule.providers and json.decode(rule.providers)
  return rule
end

local function all_decoded(rows)
  for i, rule in ipairs(rows) do rows[i] = decoded(rule) end
  return rows
end

-- What the rule file reads of rules.
local function given(rows)
  local list = json.array {}
  for i, r in ipairs(all_decoded(rows)) do
    list[i] = { id = r.id, rule_type = r.rule_type, action_type = r.action_type, max_amount_cents = r.max_amount_cents,
                allowed_categories = r.allowed_categories, providers = r.providers, min_tier = r.min_tier,
                from_minute = r.from_minute, to_minute = r.to_minute, notify = r.notify, priority = r.priority }
  end
  return list
end

-- Adds to facts what rules ask for: listing_id and provider_id may be nil.
local function complete(tx, agent, facts, listing_id, provider_id)
  local about = listing_id and tx:row(M.sql.about, listing_id, provider_id) or tx:row(M.sql.now)
  facts.categories = json.array(about.categories and json.decode(about.categories) or {})
  facts.provider_id, facts.tier, facts.minute = provider_id, about.tier, about.minute
  facts.rules = given(tx:query(M.sql.of_kind, agent.owner_id, facts.kind))
  return facts
end

local function tell(tx, agent, verdict, status, data)
  if not verdict.rule_id or not verdict.notify then return end
  local people = {}
  for i, one in ipairs(tx:query(M.sql.people, agent.owner_id)) do people[i] = one.id end
  data.agent_id, data.rule_id, data.status = agent.id, verdict.rule_id, status
  news.put(tx, { name = "approval." .. status, about = agent.id, to = people, data = data })
end

-- Asks, records, and keeps what was decided on the verdict.
local function ask(tx, fn, agent, facts, ref)
  local verdict, decision = decisions.ask(fn, { subject = agent.id, ref = ref }, facts)
  decisions.record(tx, decision)
  local row = decision.row
  verdict.decided = row and json.encode { bundle = row.bundle, rule = row.rule, verdict = row.verdict }
  return verdict
end

--- May an agent buy?  facts: those of rules.consent and kind; offer: {id (of the listing), actor_id (who sells)};
--- cause: of the debit, or nil.  Returns {action, reason, rule_id, notify, decided (JSON)}; the people are told when
--- a rule of theirs has answered, and wants that.
function M.decide(tx, agent, offer, facts, cause)
  local verdict = ask(tx, rules.decide, agent, complete(tx, agent, facts, offer.id, offer.actor_id), cause)
  local status = verdict.action == "pass" and "auto_approved" or verdict.action == "deny" and "auto_denied"
  if status then
    tell(tx, agent, verdict, status, { listing_id = offer.id, amount_cents = facts.price_cents, kind = facts.kind })
  end
  return verdict
end

--- What the rules say to a request in a channel: {status, rule_id}.  facts: those of rules.consent that are known,
--- and kind; about: {listing_id, provider_id, channel_id}.
function M.answer(tx, agent, facts, about)
  local verdict = ask(tx, rules.answer, agent, complete(tx, agent, facts, about.listing_id, about.provider_id))
  if verdict.status ~= "pending" then
    tell(tx, agent, verdict, verdict.status, { channel_id = about.channel_id, amount_cents = facts.price_cents,
                                               kind = facts.kind })
  end
  return verdict
end

--- Notes in tx why an agent may spend: c = {kind, listing_id, amount_cents, cause (of the debit, or nil), reason,
--- rule_id, message_id (of the request that people have approved), decided}.
function M.note(tx, agent, c)
  tx:exec(M.sql.consent, agent.id, c.kind, c.listing_id, c.amount_cents, c.cause, c.reason, c.rule_id, c.message_id,
    c.decided)
end

-- ---- what people set -----------------------------------------------------------------------------------------

local function must_be_person(actor)
  if actor.type ~= "human" then
    fail.throw("forbidden", { message = "The people of an owner make its rules" })
  end
end

local function note(tx, actor, action, rule)
  records.put(tx, { actor_id = actor.id, action = "approval-rules-manage " .. action, resource_type = "approval_rule",
    resource_id = rule.id, facts = { rule_type = rule.rule_type, action_type = rule.action_type,
      max_amount_cents = rule.max_amount_cents, priority = rule.priority } })
end

local function list_of(values) return values and values[1] and json.encode(values) or nil end

local function parameters(r)
  return r.rule_type, r.action_type, r.max_amount_cents, list_of(r.allowed_categories), list_of(r.providers),
    r.min_tier, r.from_minute, r.to_minute, r.notify or false, r.priority or 100
end

--- A person makes a rule, from the members that a rule has; fails with forbidden (an agent does) or conflict.
function M.create(actor, r)
  must_be_person(actor)
  return db.tx(function(tx)
    tx:query(M.sql.one_at_a_time, actor.owner_id)
    if tx:value(M.sql.count, actor.owner_id) >= rules.rules then
      fail.throw("conflict", { message = ("There are %d rules already"):format(rules.rules) })
    end
    local made = tx:row(M.sql.make, actor.id, parameters(r))
    note(tx, actor, "create", made)
    return decoded(made)
  end)
end

--- Changes members of a rule; conditions are changed together.
function M.update(actor, id, changes)
  must_be_person(actor)
  return db.tx(function(tx)
    local r = decoded(tx:must("not_found", M.sql.own, id, actor.owner_id))
    if changes.has_conditions then
      r.max_amount_cents, r.allowed_categories, r.providers, r.min_tier = nil, nil, nil, nil
      r.from_minute, r.to_minute = nil, nil
    end
    for name, value in pairs(changes) do r[name] = value end
    local now = tx:row(M.sql.change, id, parameters(r))
    note(tx, actor, "update", now)
    return decoded(now)
  end)
end

--- Takes a rule away.
function M.delete(actor, id)
  must_be_person(actor)
  return db.tx(function(tx)
    local r = decoded(tx:must("not_found", M.sql.own, id, actor.owner_id))
    tx:exec(M.sql.delete, id)
    note(tx, actor, "delete", r)
    return r
  end)
end

--- The rules of an owner's people, in the order in which they are asked.
function M.list(actor)
  must_be_person(actor)
  return all_decoded(db.query(M.sql.of_owner, actor.owner_id))
end

--- A rule as it is now, whether it was taken away or not.
function M.get(id) return decoded(db.row(M.sql.get, id)) end

return M
