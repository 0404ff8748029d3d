-- scripts/marketplace/owners.lua -- a person who shows the key of an agent, and is known by more than a registration,
-- belongs to its owner from then on, and answers for the owner's agents (approvals.lua).  An owner has one wallet at
-- most, and the first person who comes.

local config = require "human.config"
local db = require "human.db"
local decisions = require "human.decisions"
local fail = require "human.fail"
local json = require "human.json"
local actors = require "marketplace.actors"
local channels = require "marketplace.channels"
local processor = require "marketplace.processor"
local records = require "marketplace.trail"
local rules = require "marketplace.rules.registration"

local M = {}

M.sql = {
  lock = "select id, wallet from market_owners where id in ($1::uuid, $2::uuid) order by id for update",
  has_person = "select exists (select from market_actors where owner_id = $1::uuid and type = 'human')",
  move = "update market_actors set owner_id = $2::uuid where owner_id = $1::uuid",
  known = [[select a.connect_account, exists (select from market_payments p where p.payer_id = a.id
      and p.provider = $2 and p.state = 'captured' and p.refunded_cents < p.amount_cents) as has_paid
    from market_actors a where a.id = $1::uuid]],
  channels = [[select c.channel_id from market_approval_channels c join market_actors a on a.id = c.agent_id
    where a.owner_id = $1::uuid limit 1000]],
}

local function wrong_key()
  fail.throw("validation_error", { details = { { path = "agent_key", message = "must be the key of an agent" } } })
end

-- Both have one owner from then on: the one with a wallet, if there is one.  Returns it.
local function join(tx, person_owner, agent_owner)
  local wallets = {}
  for _, owner in ipairs(tx:query(M.sql.lock, person_owner, agent_owner)) do wallets[owner.id] = owner.wallet end
  if tx:value(M.sql.has_person, agent_owner) then
    fail.throw("conflict", { message = "The agent belongs to somebody already" })
  end
  if wallets[person_owner] and wallets[agent_owner] then
    fail.throw("conflict", { message = "Your agents are of another wallet" })
  end
  local from, to = agent_owner, person_owner
  if wallets[agent_owner] then from, to = to, from end
  tx:exec(M.sql.move, from, to)
  return to
end

-- More than the key, which the agent has as well; by the processor of now, since the one before may have been play.
local function must_be_known(tx, actor, agent)
  local name = config.marketplace.payments
  local known = tx:row(M.sql.known, actor.id, name)
  local has_account = name ~= "none" and known.connect_account ~= nil
  decisions.enforce(tx, rules.may_claim, { subject = actor.id, ref = agent.id }, { type = actor.type,
    has_paid = known.has_paid,
    is_verified = has_account and processor.of(name).is_ready(tx, known.connect_account) })
end

--- A person claims the agent whose key it shows.  Returns the agent's id.  Fails with forbidden for who is no person,
--- or not known yet, validation_error and conflict.
function M.claim(actor, key)
  if actor.type ~= "human" then fail.throw "forbidden" end
  local agent = actors.check(key)
  if not agent or agent.type == "human" then wrong_key() end
  db.tx(function(tx)
    local person_owner, agent_owner = actors.get(tx, actor.id).owner_id, actors.get(tx, agent.id).owner_id
    if person_owner == agent_owner then return end
    must_be_known(tx, actor, agent)
    local owner = join(tx, person_owner, agent_owner)
    for _, c in ipairs(tx:query(M.sql.channels, owner)) do
      tx:exec(channels.sql.add, c.channel_id, json.encode(json.array { actor.id }))
    end
    records.put(tx, { actor_id = actor.id, action = "agents-claim", resource_type = "actor", resource_id = agent.id })
  end)
  return agent.id
end

return M
