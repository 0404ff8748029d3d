-- scripts/marketplace/catalog_claims.lua -- an imported tool becomes the property of whoever can put a file at its
-- address, or a TXT record below its host's name.

local config = require "human.config"
local crypto = require "human.crypto"
local db = require "human.db"
local dns = require "human.dns"
local fail = require "human.fail"
local fetch = require "human.fetch"
local actors = require "marketplace.actors"
local history = require "marketplace.history"
local listings = require "marketplace.listings"
local news = require "marketplace.news"
local rules = require "marketplace.rules.catalog"

local M = {}

local PATH, MARK, PROOF_S = "/.well-known/humai-claim.txt", "humai-claim=", 10
local RECORD = "_humai-claim."

M.sql = {
  get = "select listing_id, actor_id, origin, state from market_catalog where listing_id = $1::uuid",
  lock = "select actor_id, origin, state from market_catalog where listing_id = $1::uuid for no key update",
  ask = [[insert into market_catalog_claims as c (listing_id, actor_id, token, expires_at)
    values ($1::uuid, $2::uuid, $3, human_now() + $4::int * interval '1 hour')
    on conflict (listing_id, actor_id) do update set
      token = case when c.expires_at > human_now() then c.token else excluded.token end,
      expires_at = case when c.expires_at > human_now() then c.expires_at else excluded.expires_at end
    returning token, expires_at]],
  asked = [[select token from market_catalog_claims where listing_id = $1::uuid and actor_id = $2::uuid
    and expires_at > human_now()]],
  move = [[update market_catalog set state = $3, actor_id = $2::uuid, claimed_at = human_now()
    where listing_id = $1::uuid and state = 'unclaimed']],
  give = [[update market_listings set actor_id = $2::uuid, tool_secret = case when actor_id = $2::uuid then tool_secret
      end, updated_at = human_now() where id = $1::uuid]],
  own_agents = [[select 1 from market_subscriptions s join market_actors a on a.id = s.subscriber_id
    where s.listing_id = $1::uuid and s.state not in ('canceled', 'revoked') and a.owner_id = $2::uuid limit 1]],
  provide = [[update market_subscriptions set provider_id = $2::uuid where listing_id = $1::uuid
    and state not in ('canceled', 'revoked')]],
  forget = "delete from market_catalog_claims where listing_id = $1::uuid",
}

-- The name below which a domain says whose it is; it is that of the host, whatever the port.
local function name_of(origin) return RECORD .. origin:match "^%a+://([^:/]+)" end

-- The imported tool, which this actor may claim; nil: it is his already.
local function claimable(q, actor, listing_id, sql)
  local row = q == db and db.must("not_found", sql, listing_id) or q:must("not_found", sql, listing_id)
  if row.state == "unclaimed" then return row end
  if row.actor_id ~= actor.id then fail.throw "already_claimed" end
end

--- What an actor is to show, and where: {url, content, expires_at, dns (the name of a TXT record that may have it)};
--- nil: the tool is his already.  Fails with
--- not_found, already_claimed and agent_frozen.
function M.challenge(actor, listing_id)
  actors.must_be_free(actor)
  local row = claimable(db, actor, listing_id, M.sql.get)
  if not row then return nil end
  local asked = db.row(M.sql.ask, listing_id, actor.id, crypto.random_hex(20), rules.challenge_hours)
  return { url = row.origin .. PATH, content = MARK .. asked.token, expires_at = asked.expires_at,
           dns = name_of(row.origin) }
end

-- Whether a file has the line.
local function shows(origin, line)
  local answer = fetch { url = origin .. PATH, guard = true, timeout_s = PROOF_S, max_bytes = rules.proof_bytes,
                         headers = { Accept = "text/plain" } }
  if not answer or answer.status ~= 200 then return false end
  for found in answer.body:gmatch "[^\r\n]+" do
    if crypto.equal(found:match "^%s*(%S*)", line) then return true end
  end
  return false
end

-- Whether a TXT record of its domain is the line.
local function is_recorded(origin, line)
  local texts = dns.txt(name_of(origin), config.marketplace.nameserver ~= "" and config.marketplace.nameserver or nil)
  for _, text in ipairs(texts or {}) do
    if crypto.equal(text, line) then return true end
  end
  return false
end

local PROOFS = { well_known = shows, dns = is_recorded }

local function give(tx, actor, listing_id)
  if not claimable(tx, actor, listing_id, M.sql.lock) then return end
  local before = listings.lock(tx, listing_id)
  if tx:value(M.sql.own_agents, listing_id, actor.owner_id) then
    fail.throw("self_dealing_not_permitted", { message = "An agent of your owner has subscribed to it; cancel that" })
  end
  tx:exec(M.sql.move, listing_id, actor.id, rules.next({ from = "unclaimed", event = "claim" }).to)
  tx:exec(M.sql.give, listing_id, actor.id)
  tx:exec(M.sql.provide, listing_id, actor.id)
  tx:exec(M.sql.forget, listing_id)
  history.note(tx, { entity = "catalog", id = listing_id, from = "unclaimed", to = "claimed", actor_id = actor.id,
                     cause = "catalog-manage" })
  news.put(tx, { name = "listing.claimed", about = listing_id, to = { before.actor_id }, data = {
    listing_id = listing_id, title = before.title } })
end

--- Looks for what challenge() has asked for, as proof = "well_known" or "dns" says where, and makes the tool the
--- actor's; its listing.  A credential that another
--- has left there is gone.  Fails with claim_not_proven, already_claimed and self_dealing_not_permitted.
function M.prove(actor, listing_id, proof)
  actors.must_be_free(actor)
  local row = claimable(db, actor, listing_id, M.sql.get)
  if row then
    local token = db.value(M.sql.asked, listing_id, actor.id)
    if not token then
      fail.throw("claim_not_proven", { message = "Ask for a challenge first: claim without a proof" })
    end
    if not PROOFS[proof](row.origin, MARK .. token) then fail.throw "claim_not_proven" end
    db.tx(function(tx) give(tx, actor, listing_id) end)
  end
  return listings.get(db, listing_id)
end

return M
