-- scripts/gateway/approve.lua -- approvals in chats: shown in the chat that asked for the run and in the operator's
-- chat (gateway.approvals_chat), in the transaction that creates them; the decision is shown in the transaction that
-- makes it.

local config = require "human.config"
local json = require "human.json"
local log = require "human.log"
local address = require "gateway.address"
local post = require "gateway.post"
local words = require "gateway.approve_words"

local M = {}

M.sql = {
  add = [[insert into gateway_approval_chats (approval_id, channel, account, chat, place, is_whole)
    values ($1, $2, $3, $4, $5::jsonb, $6::boolean)]],
  shown = [[select is_whole from gateway_approval_chats
    where approval_id = $1 and channel = $2 and account = $3 and chat = $4]],
  chats = "select channel, account, chat, place from gateway_approval_chats where approval_id = $1",
}

local function same(a, b) return a.channel == b.channel and a.account == b.account and a.chat == b.chat end

-- Where it is shown: at most two chats.
local function places_of(tx, run)
  local list = { post.where(tx, run.id) }
  local operator = config.gateway.approvals_chat
  local wanted = operator ~= "" and address.read(operator)
  if wanted and not (list[1] and same(list[1], wanted)) then list[#list + 1] = wanted end
  return list
end

local function say(tx, place, text, once, buttons)
  return post.add(tx, { channel = place.channel, account = place.account, chat = place.chat, group = place.group,
    thread = place.thread, reply_to = place.reply_to, text = text, buttons = buttons, once = once,
    reply_token = place.reply_token, follows = true })
end

--- Shows an approval, in tx: {id, tool, arguments, risk, always_ok, always, prefix, expires_ms}.
function M.ask(tx, run, approval)
  local question = words.question(approval)
  for _, place in ipairs(places_of(tx, run)) do
    local ok, why = say(tx, place, question.text, "approval:" .. approval.id, question.buttons)
    if ok then
      local kept = { group = place.group, thread = place.thread, reply_to = place.reply_to }
      tx:exec(M.sql.add, approval.id, place.channel, place.account, place.chat, json.encode(kept), question.whole)
    else
      log.warn("an approval was not shown in a chat", { channel = place.channel, error = why })
    end
  end
end

--- How an approval was shown in a chat, place = {channel, account, chat}: {is_whole}, or nil: it was not.
function M.shown(tx, approval_id, place)
  return tx:row(M.sql.shown, approval_id, place.channel, place.account, place.chat)
end

--- Tells the chats that it was shown in, but the one in which it was decided, what was decided.
--- by: {role, name, channel, account, chat}, the last three of a chat.
function M.tell(tx, approval, decision, by)
  local name = by.name or by.role == "operator" and "the operator" or nil
  for _, row in ipairs(tx:query(M.sql.chats, approval.id)) do
    if not same(row, by) then
      local place = json.decode(row.place)
      place.channel, place.account, place.chat = row.channel, row.account, row.chat
      say(tx, place, words.decided(approval.tool, decision, name), "decided:" .. approval.id)
    end
  end
end

return M
