-- scripts/marketplace/a2a_tasks.lua -- transactions as A2A has tasks: each transaction is the task with its id, whoever
-- made it and how, for its buyer and its seller.  The chain that it is in is its context, unless its client named one.

local db = require "human.db"
local json = require "human.json"
local time = require "human.time"
local channels = require "marketplace.channels"
local messages = require "marketplace.messages"
local milestones = require "marketplace.milestones"
local rules = require "marketplace.rules.a2a"

local M = {}

local CHANGED = "greatest(t.created_at, t.assigned_at, t.delivered_at, t.ended_at)"

-- Who ended it is of interest where that is what its state is about.
local COLUMNS = [[t.id, t.listing_id, t.buyer_id, t.seller_id, t.state, t.title, t.price_cents, t.root_id, t.input_data,
  t.output_data, t.has_milestones, t.sla_deadline, t.review_deadline, t.created_at, ]] .. CHANGED .. [[ as changed_at,
  coalesce(a.context_id, t.root_id::text) as context_id, coalesce(a.message_id, t.id::text) as message_id,
  case when t.state in ('canceled', 'canceled_refunded') then (select h.actor_id from market_history h
    where h.entity = 'transaction' and h.entity_id = t.id::text order by h.id desc limit 1) end as ended_by]]

local FROM = " from market_transactions t left join market_a2a_tasks a on a.transaction_id = t.id "

M.sql = {
  get = "select " .. COLUMNS .. FROM .. "where t.id = $1::uuid",
  newest = "select * from (select " .. COLUMNS .. FROM .. [[where t.buyer_id = $1::uuid
    order by t.created_at desc, t.id limit $2::int) few order by changed_at desc, id]],
  begun = [[insert into market_a2a_tasks (transaction_id, context_id, message_id) values ($1::uuid, $2, $3)
    on conflict do nothing]],
}

local function is_id(text)
  return type(text) == "string" and #text == 36 and text:find "^%x+%-%x+%-%x+%-%x+%-%x+$" ~= nil
end

--- The row of a task of an actor, who has its agent (nil: any) as the other side; or nil.
function M.find(actor_id, id, agent_id)
  local t = is_id(id) and db.row(M.sql.get, id)
  if not t or actor_id ~= t.buyer_id and actor_id ~= t.seller_id then return nil end
  if agent_id and agent_id ~= t.seller_id then return nil end
  return t
end

local function side(t, actor_id) return actor_id == t.buyer_id and "buyer" or "seller" end

--- What the rule says of a row for one of its parties: {state, text, ends, waits}.
function M.state(t, actor_id)
  return rules.task { status = t.state, by = side(t, actor_id),
                      ended_by = t.ended_by == t.buyer_id and "buyer" or t.ended_by == t.seller_id and "seller"
                        or "platform" }
end

local function text_part(text) return { text = text, mediaType = "text/plain" } end
local function data_part(text) return { data = json.raw(text), mediaType = "application/json" } end

local function message(t, id, role, parts, data)
  return { messageId = id, contextId = t.context_id, taskId = t.id, role = role, parts = json.array(parts),
           metadata = data }
end

--- The status of a row, as A2A has it.  text (optional): what there is to say instead.
function M.status(t, actor_id, text)
  local is = M.state(t, actor_id)
  return { state = is.state, timestamp = time.format(time.now_ms()),
           message = message(t, t.id .. "-" .. t.state, "ROLE_AGENT", { text_part(text or is.text) }) }
end

--- What was delivered, as artifacts.
function M.artifacts(t)
  local list = json.array {}
  if t.output_data then
    list[1] = { artifactId = "output", name = t.title, parts = json.array { data_part(t.output_data) } }
  end
  for _, m in ipairs(t.has_milestones and milestones.list(db, t.id) or {}) do
    if m.output_data then
      list[#list + 1] = { artifactId = "milestone-" .. m.sequence, name = m.title,
                          parts = json.array { data_part(m.output_data) } }
    end
  end
  return list
end

-- What was asked for, and what both have said since in the transaction's channel.
local function history(t, actor_id, limit)
  local list = {}
  local channel = db.value(channels.sql.of_task, t.id)
  for _, m in ipairs(channel and messages.list(actor_id, { channel_id = channel, limit = limit }) or {}) do
    table.insert(list, 1, message(t, m.id, m.sender_id == t.buyer_id and "ROLE_USER" or "ROLE_AGENT",
      { text_part(m.body) }))
  end
  if #list < limit and t.input_data then
    table.insert(list, 1, message(t, t.message_id, "ROLE_USER", { data_part(t.input_data) }))
  end
  return json.array(list)
end

--- A row as a task.  o: {history (how many messages), no_artifacts, answer (raw JSON: what the route has said that a
--- message was for)}.
function M.shown(t, actor_id, o)
  local status = M.status(t, actor_id)
  status.timestamp = t.changed_at
  local limit = math.min(o.history or rules.history, rules.history)
  return { id = t.id, contextId = t.context_id, status = status,
    artifacts = not o.no_artifacts and M.artifacts(t) or nil,
    history = limit > 0 and history(t, actor_id, limit) or nil,
    metadata = { status = t.state, title = t.title, listing_id = t.listing_id, buyer_id = t.buyer_id,
                 seller_id = t.seller_id, price_usd = t.price_cents / 100, sla_deadline = t.sla_deadline,
                 review_deadline = t.review_deadline, answer = o.answer } }
end

--- Notes which message a transaction began with.
function M.begun(id, context_id, message_id) db.exec(M.sql.begun, id, context_id, message_id) end

--- The channel in which the parties of a transaction talk, which is opened a moment after it is made.
function M.channel(t)
  return db.value(channels.sql.of_task, t.id) or db.tx(function(tx)
    return channels.open(tx, { type = "transaction", transaction_id = t.id, listing_id = t.listing_id,
                               participants = { t.buyer_id, t.seller_id } })
  end)
end

-- Whether a row is one that is asked for: q = {agent_id, context_id, state, after (a time)}.
local function is_asked(t, actor_id, q)
  return (not q.agent_id or t.seller_id == q.agent_id) and (not q.context_id or t.context_id == q.context_id)
    and (not q.state or M.state(t, actor_id).state == q.state)
    and (not q.after or time.parse(t.changed_at) >= q.after)
end

--- Tasks that an actor has given, those that changed last first: q = {agent_id, context_id, state, after (ms), size,
--- token (the id after which the page begins), history, artifacts}.  Returns them, the next token and how many there
--- are; nil: the token is none.
function M.list(actor_id, q)
  local all, from = {}, not q.token and 1 or nil
  for _, t in ipairs(db.query(M.sql.newest, actor_id, rules.listed)) do
    if is_asked(t, actor_id, q) then
      all[#all + 1] = t
      if t.id == q.token then from = #all + 1 end
    end
  end
  if not from then return nil end
  local list = json.array {}
  for i = from, math.min(#all, from + q.size - 1) do
    list[#list + 1] = M.shown(all[i], actor_id, { history = q.history or 0, no_artifacts = not q.artifacts })
  end
  local last = from + #list - 1
  return list, last < #all and #list > 0 and all[last].id or "", #all
end

return M
