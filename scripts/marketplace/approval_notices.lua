-- scripts/marketplace/approval_notices.lua -- what agents ask the person whose gateway this is (marketplace.operator)
-- is pushed to its devices, and said in a chat of a channel where one is set.  All others have their notifications.

local config = require "human.config"
local db = require "human.db"
local log = require "human.log"
local outbox = require "human.outbox"
local post = require "gateway.post"
local push = require "gateway.push"
local time = require "human.time"
local news = require "marketplace.news"

local M = {}

local function concerns(e, operator)
  if e.name ~= "approval.requested" then return false end
  for _, id in ipairs(e.to or {}) do
    if id == operator then return true end
  end
  return false
end

local function say(tx, request, set)
  if set.operator_channel == "" then return end
  local text = ("%s\n\nAn agent of yours asks on the marketplace; answer by `POST /channel-respond` with `message_id` "
    .. "`%s` until %s."):format(request.message, request.message_id, request.response_deadline)
  local calls, why = post.add(tx, { channel = set.operator_channel, chat = set.operator_chat, text = text,
                                    once = "market approval " .. request.message_id })
  if not calls then log.warn("marketplace: a request is not told in a chat", { error = why }) end
end

--- Requests for a consent.
function M.wants(e) return e.name == "approval.requested" end

--- Consumes such events of the marketplace.
function M.take(batch)
  local set = config.marketplace
  db.tx(function(tx)
    for _, row in ipairs(batch) do
      local request = row.payload.data
      if set.operator ~= "" and concerns(row.payload, set.operator) then
        push.approval_wanted(tx, {
          id = request.message_id, tool = "marketplace", request = { command = request.message }, risk = "medium",
          expiresAtMs = time.parse(request.response_deadline) })
        say(tx, request, set)
      end
    end
    batch:done(tx)
  end)
end

outbox.on(news.TOPIC, "marketplace.approval_notices.take", "marketplace.approval_notices.wants")

return M
