-- scripts/marketplace/operator_approvals.lua -- what agents ask their person on the marketplace, among the approvals of
-- the gateway: shown to clients, devices and in the chat of marketplace.operator_chat, and answered from each of them
-- by marketplace.approvals.respond, in the same transaction and the same races as POST /channel-respond.

local config = require "human.config"
local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local log = require "human.log"
local queue = require "human.queue"
local time = require "human.time"
local approval_rules = require "marketplace.approval_rules"
local approvals = require "gateway.approvals"
local chat_words = require "gateway.approve_words"
local market = require "marketplace.operator"
local news = require "gateway.news"
local post = require "gateway.post"
local push = require "gateway.push"
local requests = require "marketplace.approvals"
local rules = require "marketplace.rules.approvals"
local words = require "marketplace.operator_words"

local M = {}

local REMIND = "market.remind"

-- Requests of the person's agents ($2: its owner) in channels that the person ($1) is in.
local ROW = [[select m.id, m.sender_id as agent_id, g.display_name as agent, m.message_type, m.body, m.structured_data,
    m.response_status, m.response_deadline, m.response_deadline <= human_now() as is_late, m.created_at,
    a.listing_id, a.amount_cents, a.reason, a.kind, a.carries, l.title, l.actor_id as provider_id,
    p.display_name as provider]]
local FROM = [[ left join market_approvals a on a.message_id = m.id
  left join market_listings l on l.id = a.listing_id left join market_actors p on p.id = l.actor_id
  where (select c.actor_id from market_channel_members c where c.channel_id = m.channel_id and c.actor_id = $1::uuid)
      is not null
    and (a.agent_id is null or a.agent_id = m.sender_id)]]

M.sql = {
  get = ROW .. [[ from market_messages m join market_actors g on g.id = m.sender_id and g.type <> 'human'
      and g.owner_id = $2::uuid]] .. FROM .. " and m.id = $3::uuid and m.response_status is not null",
  open = ROW .. [[ from (select id, display_name from market_actors where owner_id = $2::uuid and type <> 'human'
      order by created_at, id limit ]] .. market.ACTORS .. [[) g cross join lateral (select * from market_messages w
      where w.sender_id = g.id and w.response_status = 'pending' and w.response_deadline > human_now()
      order by w.created_at, w.id limit $3::int) m]] .. FROM .. " order by m.created_at, m.id limit $3::int",
  show = [[insert into market_requests_shown (message_id, channel, chat, is_whole)
    values ($1::uuid, $2, $3, $4::boolean) on conflict do nothing]],
  decided = [[insert into market_requests_shown as s (message_id, decision, decided_by, in_chat)
    values ($1::uuid, $2, $3, $4::boolean) on conflict (message_id) do update
      set decision = excluded.decision, decided_by = excluded.decided_by, in_chat = excluded.in_chat]],
  shown = "select channel, chat, is_whole, decision, decided_by, in_chat from market_requests_shown"
    .. " where message_id = $1::uuid",
}

local function complete(r)
  r.arguments = words.arguments(r)
  r.hash = crypto.sha256_hex(r.arguments)
  return r
end

-- A request of an agent of the person, and that person; nil: there is none.
local function get(tx, id)
  local operator = market.operator(tx)
  local r = operator and tx:row(M.sql.get, operator.id, operator.owner_id, id)
  if r then return complete(r), operator end
end

-- ---- as a source of approvals -----------------------------------------------------------------------------

--- Those that wait, oldest first, at most so many.
function M.list(most)
  local operator, list = market.operator(db), {}
  if not operator then return list end
  for i, r in ipairs(db.query(M.sql.open, operator.id, operator.owner_id, most)) do
    list[i] = words.shown(complete(r))
  end
  return list
end

--- How a request was shown in a chat: {is_whole}, or nil: it was not.
function M.shown(tx, id, place)
  local row = tx:row(M.sql.shown, id)
  local is_here = row and row.channel == place.channel and row.chat == place.chat and place.account == "main"
  return is_here and row or nil
end

-- In a transaction of its own within tx: a refusal takes back what was done for it.
local function respond(operator, r, decision, by)
  return db.tx(function(inner)
    local answer = requests.respond(operator, { message_id = r.id, response_status = words.STATUS[decision],
                                                via = by.id })
    if decision == "allow-always" then approval_rules.create(operator, words.rule(r)) end
    inner:exec(M.sql.decided, r.id, decision, by.id, by.chat ~= nil)
    return answer
  end)
end

local function before(r)
  if r.response_status == "expired" then return nil, "not_found" end
  return { resolved = false, decision = words.decision(r.response_status) }
end

-- Why an answer was refused, which is not a bug.
local function refused(tx, operator, r, err)
  if not fail.is(err) then error(err, 0) end
  if err.code == "already_resolved" then return before(tx:row(M.sql.get, operator.id, operator.owner_id, r.id)) end
  if err.code == "deadline_passed" or err.code == "not_found" then return nil, "not_found" end
  if err.code == "conflict" then return nil, "invalid" end -- there are as many rules as there may be
  return nil, "forbidden"
end

--- Answers a request, as gateway.approvals.decide does.
function M.decide(tx, id, decision, by, hash)
  local r, operator = get(tx, id)
  if not r then return nil, "not_found" end
  if r.response_status ~= "pending" then return before(r) end
  if r.is_late then return nil, "not_found" end
  if hash and hash ~= r.hash then return nil, "conflict" end
  if not words.STATUS[decision] or decision == "allow-always" and not words.rule(r) then return nil, "invalid" end
  if operator.state == "banned" then return nil, "forbidden" end
  local ok, answer = pcall(respond, operator, r, decision, by)
  if not ok then return refused(tx, operator, r, answer) end
  local done = { decision = decision, by = by.name, not_carried_out = answer.not_carried_out }
  return { resolved = true, decision = decision, not_carried_out = done.not_carried_out,
           said = words.answered(r, done) }
end

approvals.source { knows = market.is_id, list = M.list, shown = M.shown, decide = M.decide }

-- ---- telling ------------------------------------------------------------------------------------------------

-- Says a text in the chat that is set; true, or nil: there is none.
local function say(tx, once, text, buttons)
  local set = config.marketplace
  if set.operator_channel == "" then return nil end
  local calls, why = post.add(tx, { channel = set.operator_channel, chat = set.operator_chat, text = text, once = once,
                                    buttons = buttons, follows = true })
  if not calls then log.warn("a request is not told in a chat", { channel = set.operator_channel, error = why }) end
  return calls ~= nil or nil
end

--- Shows a request that was made, in tx, unless it is answered by now.
function M.show(tx, id)
  local r = get(tx, id)
  if not r or r.response_status ~= "pending" or r.is_late then return end
  local shown, set = words.shown(r), config.marketplace
  local question = chat_words.question(words.asked(shown))
  local is_said = say(tx, "market approval " .. id, question.text, question.buttons)
  if tx:exec(M.sql.show, id, is_said and set.operator_channel, is_said and set.operator_chat, question.whole) == 0 then
    return
  end
  push.approval_wanted(tx, shown)
  news.after(tx, "exec.approval.requested", shown)
  local waits_ms = shown.expiresAtMs - shown.createdAtMs
  queue.add(tx, REMIND, id, math.floor(shown.createdAtMs + waits_ms * rules.remind_bp / 10000))
end

--- Work of the queue: a request that nobody has answered is pushed and said again before its time is over.
function M.remind(row)
  db.tx(function(tx)
    local r = get(tx, row.key)
    if r and r.response_status == "pending" and not r.is_late then
      push.approval_wanted(tx, words.shown(r))
      say(tx, "market reminder " .. r.id, words.reminder(r))
    end
    row:done(tx)
  end)
end

queue.define(REMIND, "marketplace.operator_approvals.remind", { per_key = true })

--- Tells in tx how a request that was shown has been answered: its state.
function M.tell(tx, id, status)
  local row, r = tx:row(M.sql.shown, id), get(tx, id)
  if not row or not r then return end
  queue.cancel(tx, REMIND, id)
  local decision = row.decision or words.decision(status)
  local is_there = row.channel == config.marketplace.operator_channel and row.chat == config.marketplace.operator_chat
  if is_there and not row.in_chat then say(tx, "market decided " .. id, words.answered(r, { decision = decision })) end
  local asked = words.shown(r)
  news.after(tx, "exec.approval.resolved", { id = id, decision = decision, resolvedBy = row.decided_by,
    sessionKey = asked.sessionKey, session_key = asked.session_key, ts = time.now_ms() })
end

return M
