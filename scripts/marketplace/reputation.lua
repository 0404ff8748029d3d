-- scripts/marketplace/reputation.lua -- what is known of actors: the events of their reputation, reviews, endorsements,
-- the scores that others give, and the leaderboard.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local outbox = require "human.outbox"
local actors = require "marketplace.actors"
local news = require "marketplace.news"
local deals = require "marketplace.deals"
local rule = require "marketplace.rules.reputation"
local scores = require "marketplace.scores"

local M = {}

M.sql = {
  add = [[insert into market_reputation_events (actor_id, side, kind, outcome, transaction_id, value, weight,
      counter_owner, categories)
    select $1::uuid, 'consumer', $2, $3, $4::uuid, $5::real, $6::real, $7::uuid,
      array(select distinct left(t, 100) from json_array_elements_text($8::json) t limit 16)
    on conflict (actor_id, kind, transaction_id) do nothing]],
  dealt_before = [[select 1 from market_reputation_events where actor_id = $1::uuid and kind = 'acceptance'
    and counter_owner = $2::uuid and outcome = 'accepted' and transaction_id <> $3::uuid limit 1]],
  said = [[select 'rating' as kind, r.actor_id, r.rating, a.owner_id from market_reviews r
      join market_actors a on a.id = r.reviewer_id where r.transaction_id = $1::uuid
    union all select 'endorsement', e.actor_id, e.rating, a.owner_id from market_endorsements e
      join market_actors a on a.id = e.endorser_id where e.transaction_id = $1::uuid]],
  review = [[insert into market_reviews (transaction_id, listing_id, reviewer_id, actor_id, rating, content)
    values ($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::int, $6) on conflict (transaction_id) do nothing
    returning id, transaction_id, listing_id, reviewer_id, actor_id, rating, content, created_at]],
  reviews_of_actor = [[select r.id, r.rating, r.content, a.display_name as reviewer_name, r.transaction_id,
      r.created_at from market_reviews r join market_actors a on a.id = r.reviewer_id where r.actor_id = $1::uuid
      and ($2::uuid is null or r.listing_id = $2::uuid)
    order by r.created_at desc, r.id desc limit $3::int offset $4::int]],
  reviews_of_listing = [[select r.id, r.rating, r.content, a.display_name as reviewer_name, r.transaction_id,
      r.created_at from market_reviews r join market_actors a on a.id = r.reviewer_id where r.listing_id = $1::uuid
    order by r.created_at desc, r.id desc limit $2::int offset $3::int]],
  count_of_actor = [[select count(*) as n from market_reviews where actor_id = $1::uuid
    and ($2::uuid is null or listing_id = $2::uuid)]],
  count_of_listing = "select count(*) as n from market_reviews where listing_id = $1::uuid",
  endorse = [[insert into market_endorsements (actor_id, endorser_id, transaction_id, rating, content)
    values ($1::uuid, $2::uuid, $3::uuid, $4::int, $5) on conflict (transaction_id, endorser_id) do nothing
    returning id, actor_id, endorser_id, transaction_id, rating, content, created_at]],
  import = [[insert into market_reputation_imports (actor_id, source, score, proof_url)
    values ($1::uuid, $2, $3::numeric, $4)
    on conflict (actor_id, source) do update set score = excluded.score, proof_url = excluded.proof_url,
      status = 'unverified', updated_at = human_now() returning id, source, status]],
  leaders = [[select s.actor_id, a.display_name, s.composite, s.tasks_completed from market_reputation_scores s
    join market_actors a on a.id = s.actor_id where s.category = $1 and s.period = $2 and a.state = 'active'
    order by s.composite desc, s.tasks_completed desc, s.actor_id limit $3::int]],
}

outbox.on(news.TOPIC, "marketplace.reputation.take", "marketplace.reputation.wants")

local function categories(task)
  local list = json.array {}
  for i, tag in ipairs(json.decode(task.tags)) do list[i] = rule.category(tag) end
  return json.encode(list)
end

local function counts(task)
  return rule.counts { state = task.state, is_part = task.parent_id ~= nil, payout_status = task.payout_status }
end

-- Notes what a transaction says of one of its parties, if it counts.  e: {actor_id, kind, value, outcome,
-- counter_owner}.
local function note(tx, task, e)
  if not counts(task) then return end
  local weight = rule.weight { price_cents = task.price_cents }
  tx:ask(M.sql.add, e.actor_id, e.kind, e.outcome, task.id, e.value, weight, e.counter_owner, categories(task))
  scores.soon(tx, e.actor_id)
end

-- What one party has said of the other, in stars.
local function note_rating(tx, task, kind, actor_id, rating, counter_owner)
  note(tx, task, { actor_id = actor_id, kind = kind, value = (rating - 1) / 4, counter_owner = counter_owner })
end

-- A transaction has ended: what that says of its seller.
local function note_end(tx, task)
  local value, owner = rule.outcome(task.state), task.buyer_owner
  if not value then return end
  note(tx, task, { actor_id = task.seller_id, kind = "acceptance", value = value, outcome = task.state,
                   counter_owner = owner })
  note(tx, task, { actor_id = task.seller_id, kind = "on_time", counter_owner = owner,
                   value = (task.is_late or task.state == "canceled_refunded") and 0 or 1 })
  if task.state ~= "accepted" then return end
  local again = tx:row(M.sql.dealt_before, task.seller_id, owner, task.id)
  note(tx, task, { actor_id = task.seller_id, kind = "repeat_buyer", value = again and 1 or 0,
                   counter_owner = owner })
end

-- A part is paid for with its whole: from now on it counts, and what has been said of it.
local function note_part(tx, task)
  note_end(tx, task)
  for _, one in ipairs(tx:query(M.sql.said, task.id)) do
    note_rating(tx, task, one.kind, one.actor_id, one.rating, one.owner_id)
  end
end

-- What an event says of reputation: a function, or nil.
local function noted_by(e)
  if e.name == "subcontract.payout_released" then return note_part end
  local state = e.name:match "^transaction%.([%l_]+)$"
  return state and rule.outcome(state) and note_end or nil
end

--- Transactions that have ended, and parts that are paid for.
function M.wants(e) return noted_by(e) ~= nil end

--- Consumes such events of the marketplace.
function M.take(batch)
  db.tx(function(tx)
    for _, row in ipairs(batch) do
      local e = row.payload
      local ended = noted_by(e)
      local task = ended and deals.task(tx, e.data.transaction_id)
      if task then ended(tx, task) end
    end
    batch:done(tx)
  end, { durable = false })                      -- or it is done again
end

-- An accepted transaction of an actor, and the other party.
local function accepted(tx, id, actor)
  local task = deals.party(tx, id, actor.id)
  local other = actors.get(tx, task.buyer_id == actor.id and task.seller_id or task.buyer_id)
  actors.must_be_strangers(actor, other)
  if task.state ~= "accepted" then fail.throw("invalid_state", { status = task.state }) end
  return task, other
end

--- The buyer reviews a transaction.  Fails with not_found, forbidden, invalid_state or review_exists.
function M.review(actor, body)
  return db.tx(function(tx)
    local task = deals.party(tx, body.transaction_id, actor.id)
    if task.buyer_id ~= actor.id then fail.throw("forbidden", { message = "The buyer writes the review" }) end
    accepted(tx, task.id, actor)
    local review = tx:row(M.sql.review, task.id, task.listing_id, actor.id, task.seller_id, body.rating, body.content)
      or fail.throw "review_exists"
    deals.rate(tx, task.listing_id)
    note_rating(tx, task, "rating", task.seller_id, body.rating, actor.owner_id)
    return review
  end)
end

--- A page of the reviews of an actor, or of a listing, newest first, and how many there are.
function M.reviews(q)
  if not q.actor_id then
    return db.query(M.sql.reviews_of_listing, q.listing_id, q.limit, q.offset),
           db.value(M.sql.count_of_listing, q.listing_id)
  end
  return db.query(M.sql.reviews_of_actor, q.actor_id, q.listing_id, q.limit, q.offset),
         db.value(M.sql.count_of_actor, q.actor_id, q.listing_id)
end

local function field(path, message, code)
  fail.throw(code or "validation_error", { details = { { path = path, message = message } } })
end

--- A party of an accepted transaction endorses the other.  Fails with forbidden, invalid_state or conflict.
function M.endorse(actor, body)
  if body.actor_id == actor.id then field("actor_id", "must be another actor than yourself") end
  return db.tx(function(tx)
    local task = deals.task(tx, body.transaction_id)
    local is_party = task and (task.buyer_id == actor.id or task.seller_id == actor.id)
    if not is_party then fail.throw("forbidden", { message = "You are no party of this transaction" }) end
    local _, other = accepted(tx, task.id, actor)
    if other.id ~= body.actor_id then field("actor_id", "must be the other party of the transaction") end
    local made = tx:row(M.sql.endorse, other.id, actor.id, task.id, body.rating, body.content)
      or fail.throw("conflict", { message = "You have endorsed this transaction already" })
    note_rating(tx, task, "endorsement", other.id, body.rating, actor.owner_id)
    return made
  end)
end

--- Keeps what others say of an actor; it weighs nothing until it is verified.  Fails with unsafe_url.
function M.import(actor, body)
  if not rule.is_safe_url(body.proof_url) then
    field("proof_url", "must be an https address of a public host", "unsafe_url")
  end
  return db.row(M.sql.import, actor.id, body.source, body.score, body.proof_url)
end

--- The best: {{rank, actor_id, display_name, composite, tasks_completed}, ..}.
function M.leaders(category, period, limit)
  local rows = db.query(M.sql.leaders, category or "", period, limit)
  for i, row in ipairs(rows) do row.rank = i end
  return rows
end

return M
