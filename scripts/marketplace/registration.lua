-- scripts/marketplace/registration.lua -- makes actors: place, owner, key, first credits and referral in one
-- transaction, so that a registration is there whole or not at all.
--
-- Locks, in this order: the agent whose identity it is, the network that it comes from, the owner of its wallet, the
-- count of registrations.  All wait
-- for the last, so whatever can be done before it is; what fails behind it gives its place back.

local crypto = require "human.crypto"
local db = require "human.db"
local decisions = require "human.decisions"
local fail = require "human.fail"
local jobs = require "human.jobs"
local json = require "human.json"
local agents = require "marketplace.agent_identity"
local credits = require "marketplace.credits"
local grants = require "marketplace.grants"
local halvening = require "marketplace.rules.halvening"
local history = require "marketplace.history"
local keys = require "marketplace.keys"
local news = require "marketplace.news"
local records = require "marketplace.trail"
local referrals = require "marketplace.referrals"
local rules = require "marketplace.rules.registration"
local texts = require "human.text"

local M = {}

local CODE_BYTES, CODES_TRIED = 3, 20            -- of a referral code: six hex digits
local NAME_BYTES = 100
local NOWHERE = "0.0.0.0"                        -- whoever's address is not known
local SWEEP, ROUNDS = 5000, 20

M.sql = {
  network = [[select network::text, pg_advisory_xact_lock(hashtextextended('market.network ' || network, 0))::text
    from (select case when family($1::inet) = 6 then network(set_masklen($1::inet, 64))::inet else $1::inet end
      as network) n]],
  recent = [[select extract(epoch from at + $2::int * interval '1 second' - human_now())::float8 as wait_s
    from market_registrations where network = $1::inet and at > human_now() - $2::int * interval '1 second'
    order by at desc limit $3::int]],
  note = "insert into market_registrations (network) values ($1::inet)",
  owner = [[insert into market_owners (wallet) values ($1) on conflict (wallet) do update set wallet = excluded.wallet
    returning id, gen_random_uuid() as actor_id]],
  another = "select $1::uuid as id, gen_random_uuid() as actor_id",
  count = "select registrations from market_genesis",
  place = "update market_genesis set registrations = registrations + 1 returning registrations",
  insert = [[insert into market_actors (id, owner_id, type, display_name, email, agent_address, framework,
      capability_tags, slot, is_founding, referral_code, agent_id)
    values ($1::uuid, $2::uuid, $3, $4, $5, $6, $7, array(select json_array_elements_text($8::json)), $9, $10, $11, $12)
    on conflict do nothing returning id, tier, is_founding, referral_code]],
  taken = [[select exists (select from market_actors where lower(email) = lower($1))
    or exists (select from market_actors where agent_address = $2)]],
  -- For db.sweep().
  forget = ([[delete from market_registrations where ctid = any (array(select ctid from market_registrations
    where at < human_now() - $1::int * interval '1 second' order by at limit %d))]]):format(SWEEP),
}

-- The network counts one more, or the registration is refused.
local function count_network(tx, ip)
  local network = tx:row(M.sql.network, ip and ip:find "^[%x:.]+$" and ip or NOWHERE).network
  local recent = tx:query(M.sql.recent, network, rules.window_s, rules.per_network)
  local oldest = recent[#recent]
  decisions.enforce(tx, rules.may_register, { subject = network }, #recent, oldest and oldest.wait_s or 0)
  tx:ask(M.sql.note, network)
end

local function insert(tx, who, new, slot, is_founding)
  local tags = json.encode(json.array(who.capability_tags or {}))
  for _ = 1, CODES_TRIED do
    local actor = tx:row(M.sql.insert, new.actor_id, new.id, who.type, who.display_name, who.email, who.agent_address,
      who.framework, tags, slot, is_founding, crypto.random_hex(CODE_BYTES), who.agent_id)
    if actor then return actor end
    if tx:value(M.sql.taken, who.email, who.agent_address) then fail.throw "already_registered" end
  end
  error("no free referral code was found", 0)
end

-- The place of one more, and what it gets.
local function take_place(tx, only_founding)
  local slot = tx:value(M.sql.place)
  local place = halvening.place(slot)
  if only_founding and not place.is_founding then fail.throw("founding_slots_full", { next = "/actors-register" }) end
  return slot, place
end

-- What an actor may be called that has its agent's name.
local function named_as(agent)
  local name = texts.trim(texts.cut(agent.name:gsub("%c", " "), NAME_BYTES))
  return name ~= "" and name or "Agent"
end

-- What does not depend on the place.
local function prepare(tx, who, ip, cause)
  local agent = who.agent_id and agents.reserve(tx, who.agent_id, who.user_id) or {}
  who.display_name = who.display_name or named_as(agent)
  count_network(tx, ip)
  local new = agent.owner_id and tx:row(M.sql.another, agent.owner_id) or tx:row(M.sql.owner, who.owner_wallet)
  new.referrer = who.referral_code and referrals.referrer(tx, who.referral_code, new.id, "bad_referral_code")
  local id = new.actor_id
  credits.open(tx, id)
  history.note(tx, { entity = "actor", id = id, to = "active", actor_id = id, cause = cause })
  records.put(tx, { actor_id = id, action = cause, resource_type = "actor", resource_id = id,
                    facts = { type = who.type } })
  news.put(tx, { name = "actor.registered", about = id, to = { id },
                 data = { actor_id = id, type = who.type, display_name = who.display_name } })
  new.times = grants.times(tx)
  return new
end

local function register(tx, who, ip, cause)
  local new = prepare(tx, who, ip, cause)
  local slot, place = take_place(tx, who.only_founding)
  local actor = insert(tx, who, new, slot, place.is_founding)
  actor.api_key = keys.issue(tx, actor.id)
  grants.give(tx, "halvening", actor.id, { actor = actor.id, credits = place.credits, reason = "halvening_grant",
                                           times = new.times })
  if new.referrer then referrals.add(tx, actor.id, new.referrer.id, cause) end
  return actor
end

--- Registers an actor from this address: who = {type, display_name, email, owner_wallet and agent_address (lower case),
--- capability_tags, framework, referral_code, only_founding = true (refused when all founding places are taken),
--- agent_id (whose identity it is; without a display_name it is called as the agent is), user_id (whose agent that
--- has to be; nil: the operator asks)}.  cause: the route.  Returns {id, api_key, tier, is_founding, referral_code,
--- rc_mrc}.
function M.register(who, ip, cause)
  if who.only_founding and M.status().slots_remaining == 0 then
    fail.throw("founding_slots_full", { next = "/actors-register" })
  end
  local actor = db.tx(function(tx) return register(tx, who, ip, cause) end)
  local balance = credits.balance(actor.id)
  actor.rc_mrc = balance.m + balance.w
  return actor
end

--- How many places there are: {slots_total, slots_remaining, current_tier, credit_amount}.
function M.status() return halvening.status(db.value(M.sql.count)) end

-- Job: forgets from where, once it no longer counts.
function M.sweep() db.sweep(M.sql.forget, SWEEP, ROUNDS, rules.window_s) end

jobs.every("market.registrations.sweep", 3600, "marketplace.registration.sweep")

return M
