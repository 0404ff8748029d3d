-- scripts/gateway/approvals_chat.lua -- answers to approvals in words and buttons: `/approve ID allow-once` in a
-- chat, or in a message of the control protocol. A chat's answer counts only in a chat that showed the approval, and
-- only from people whom the rule permits (gateway/rules/tools.lua, may_approve).

local id = require "human.id"
local channel = require "gateway.channel"
local approvals = require "gateway.approvals"
local asker = require "gateway.asker"
local news = require "gateway.news"
local words = require "gateway.approve_words"

local M = {}

local function answered(by, done, why, tool)
  if not done then return words.refused(why) end
  if done.said then return done.said end
  if done.resolved then return words.decided(tool, done.decision, by.name) end
  return words.already(done.decision)
end

-- `/approve ..` or a button, once the sender was admitted.
local function in_chat(tx, message, account, args)
  local asked = words.read(args)
  if not asked then return words.USAGE end
  local name = message.from.name or message.from.handle or message.from.id
  local by = { id = account.channel .. ":" .. message.from.id, name = name, facts = asker.facts(tx, message, account),
               channel = account.channel, account = account.name, chat = message.chat }
  if not approvals.may(tx, asked.id, by) then return words.forbidden(by.id) end
  local shown = approvals.shown(tx, asked.id, by)
  if not shown then return words.refused "not_found" end
  if not shown.is_whole and asked.decision ~= "deny" then return words.refused "too_long" end
  return answered(by, approvals.decide(tx, asked.id, asked.decision, by))
end

channel.on("approve", in_chat)

--- Carries out `/approve ..` as a message of the control protocol, which the agent never sees; nil: it is none.
--- request: {key, message, idempotency_key, origin} as for chat.send; by: {id, role}.  Returns what chat.send does.
function M.send(request, by)
  local args = words.command(request.message)
  if not args then return nil end
  local asked, said = words.read(args), words.USAGE
  if asked then said = answered(by, approvals.resolve(asked.id, asked.decision, by)) end
  local origin = request.origin or {}
  local run = { id = id.new(), session_key = request.key or "default", conn = origin.conn, answers = origin.answers,
                once = request.idempotency_key }
  news.aside(run, request.message, said, origin.stream)
  return { run_id = run.id, session_key = run.session_key, status = "queued" }
end

return M
