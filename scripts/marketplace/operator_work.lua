-- scripts/marketplace/operator_work.lua -- what the actors of the person whose gateway this is do on the marketplace:
-- who they are, what is under way, what it waits for, and what they have asked for.

local cursor = require "human.cursor"
local db = require "human.db"
local json = require "human.json"
local market = require "marketplace.operator"
local waits = require "marketplace.operator_waits"
local words = require "marketplace.operator_words"

local M = {}

local NEWEST = 1000                              -- limit: market work
local LISTINGS = 100                             -- of an actor, whose bids are looked at

-- The person ($1: its owner) and its agents, or one of them ($2).
local MINE = [[with mine as (select id, type, display_name, state, autonomy, tier, agent_id
    from market_actors where owner_id = $1::uuid and ($2::uuid is null or id = $2::uuid)
    order by created_at, id limit ]] .. market.ACTORS .. ") "
local PAGE = [[ and ($4::timestamptz is null or n.created_at < $4::timestamptz
    or n.created_at = $4::timestamptz and n.id > $5::uuid) order by n.created_at desc, n.id limit $3::int]]

local function newest(columns, from, where)
  return ("(select %s from (select * from %s order by created_at desc, id limit %d) n where %s%s)"):format(
    columns, from, NEWEST, where, PAGE)
end

local function transactions(side, other)
  return ([[select 'transaction' as kind, t.id, t.listing_id, mine.id as actor_id, mine.display_name as actor,
      '%s' as side, t.title, t.state, t.price_cents, t.other_id, t.counter_by, t.due_at, t.created_at
    from mine cross join lateral %s t]]):format(side,
    newest("n.id, n.listing_id, n.title, n.state, n.price_cents, n." .. other .. [[_id as other_id,
        null::uuid as counter_by, case n.state
          when 'delivered' then n.review_deadline else n.sla_deadline end as due_at, n.created_at]],
      "market_transactions where " .. side .. "_id = mine.id", "n.ended_at is null"))
end

local BID = [[n.id, n.listing_id, n.bidder_id, n.state, coalesce(n.counter_price_cents, n.price_cents) as price_cents,
  n.counter_by, n.expires_at, n.created_at]]
local OPEN_BID = "n.state in ('pending', 'countered')"

local order = cursor.keyset { { "created_at", "timestamptz", "desc" }, { "id", "uuid" } }

M.sql = {
  actors = MINE .. [[select mine.id, mine.type, mine.display_name, mine.state, mine.autonomy, mine.tier,
      mine.agent_id,
      coalesce((select credits_posted - debits_posted - debits_pending from ledger_accounts
        where owner = mine.id::text and code = 6000), 0)::bigint as marketplace_mrc,
      coalesce((select credits_posted - debits_posted - debits_pending from ledger_accounts
        where owner = mine.id::text and code = 6010), 0)::bigint as withdrawable_mrc,
      (select count(*)::int from (select from market_messages m where m.sender_id = mine.id
        and m.response_status = 'pending' and m.response_deadline > human_now() limit 100) few) as requests
    from mine]],
  items = MINE .. "select i.*, o.display_name as other, " .. order.key:gsub("created_at", "i.created_at")
    :gsub("id::", "i.id::") .. " from (" .. transactions("buyer", "seller") .. " union all "
    .. transactions("seller", "buyer") .. [[ union all
    select 'bid', b.id, b.listing_id, mine.id, mine.display_name, 'bidder', l.title, b.state, b.price_cents, l.actor_id,
      b.counter_by, b.expires_at, b.created_at
    from mine cross join lateral ]] .. newest(BID, "market_bids where bidder_id = mine.id", OPEN_BID) .. [[ b
    join market_listings l on l.id = b.listing_id union all
    select 'bid', b.id, b.listing_id, mine.id, mine.display_name, 'owner', l.title, b.state, b.price_cents, b.bidder_id,
      b.counter_by, b.expires_at, b.created_at
    from mine cross join lateral (select id, title from market_listings where actor_id = mine.id
      order by created_at desc limit ]] .. LISTINGS .. [[) l
    cross join lateral ]] .. newest(BID, "market_bids where listing_id = l.id", OPEN_BID) .. [[ b
    ) i join market_actors o on o.id = i.other_id order by i.created_at desc, i.id limit $3::int]],
}

--- The actors of an owner, oldest first, with what they have (in thousandths of a credit) and how many of their
--- requests wait, up to a hundred.  actor_id: one of them, or nil.
function M.actors(owner_id, actor_id) return db.query(M.sql.actors, owner_id, actor_id) end

--- A page of what is under way, newest first: asked = {actorId, limit, after}.  Returns the rows, each with waits
--- ({on, what}, of marketplace.operator_waits), and the cursor of the next page.
function M.items(ctx, owner_id, asked)
  local page = order:page(ctx, asked, 4)
  local at, id = page:values()
  local rows = db.query(M.sql.items, owner_id, asked.actorId, page.limit, at, id)
  local list, next_cursor = page:take(rows)
  for _, item in ipairs(list) do item.waits = waits.of(item) end
  return list, next_cursor
end

-- ---- what was asked for --------------------------------------------------------------------------------------

local ASKED = [[select * from market_messages n where n.sender_id = mine.id and n.response_status is not null
    and ($7::text is null
      or ($7 = 'open') = (n.response_status = 'pending' and n.response_deadline > human_now()))
    and (select e.actor_id from market_channel_members e
      where e.channel_id = n.channel_id and e.actor_id = $6::uuid) is not null]]

M.sql.requests = MINE .. [[select m.id, m.sender_id as agent_id, mine.display_name as agent, m.message_type, m.body,
    m.structured_data, m.response_status, m.response_deadline, m.created_at, m.responded_at,
    p.display_name as responded_by, s.decision, s.decided_by, a.listing_id, a.amount_cents, a.reason, a.kind, a.carries,
    a.outcome, a.made_id, a.rule_id, coalesce(a.decided, c.decided) as decided, l.title, l.actor_id as provider_id,
    q.display_name as provider, ]] .. order.key:gsub("created_at", "m.created_at"):gsub("id::", "m.id::") .. [[
  from mine cross join lateral (]] .. ASKED .. PAGE .. [[) m
  left join market_approvals a on a.message_id = m.id and a.agent_id = m.sender_id
  left join market_listings l on l.id = a.listing_id left join market_actors q on q.id = l.actor_id
  left join market_actors p on p.id = m.responded_by left join market_requests_shown s on s.message_id = m.id
  left join lateral (select decided from market_consents where message_id = m.id order by id limit 1) c on true
  where mine.type <> 'human' order by m.created_at desc, m.id limit $3::int]]

--- A page of what the agents have asked their person ($6) for, newest first: asked = {actorId, status ("open", "past"
--- or nil), limit, after}.  Rows have arguments, as JSON, and decided, a table {bundle, rule, verdict} or nil.
function M.requests(ctx, operator, asked)
  local page = order:page(ctx, asked, 4)
  local at, id = page:values()
  local rows = db.query(M.sql.requests, operator.owner_id, asked.actorId, page.limit, at, id, operator.id, asked.status)
  local list, next_cursor = page:take(rows)
  for _, r in ipairs(list) do
    r.arguments, r.decided = words.arguments(r), r.decided and json.decode(r.decided)
  end
  return list, next_cursor
end

return M
