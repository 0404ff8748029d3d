-- scripts/marketplace/rules/messages.lua -- how much is said in channels, and what others are told of it.  Pure.
--% version: 1

local M = {
  members = 16,                    -- of a channel
  body_chars = 4000,
  preview_chars = 100,             -- of a message, in the notification of it
}

M.returns = { members = "integer 2..100", body_chars = "integer 1..4000", preview_chars = "integer 1..1000",
              event = "string?" }

-- The event that a new message is, besides being one.  facts: message_type, channel_type.
function M.event(facts)
  local is_update = facts.message_type == "status_update" and facts.channel_type == "transaction"
  return is_update and "transaction.progress" or nil
end

M.examples = {
  { "event", { message_type = "status_update", channel_type = "transaction" }, expect = "transaction.progress" },
}

return M
