-- scripts/gateway/address.lua -- a chat as people write it: "telegram:123", or "telegram.work:123" for another
-- account. Pure.

local M = {}

M.FORM = 'a channel, and the id of a chat there, such as "telegram:12345"'

--- {channel, account, chat} of such a text, or nil.
function M.read(text)
  local head, chat = text:match "^([^:]+):(.+)$"
  local channel, rest = (head or ""):match "^([%l%d_]+)(.*)$"
  local account = rest == "" and "main" or (rest or ""):match "^%.([%w_-]+)$"
  if not account or #channel > 32 or #account > 32 or #chat > 150 or chat:find "%c" then return nil end
  return { channel = channel, account = account, chat = chat }
end

--- The text of such an address.
function M.text(place)
  local head = place.channel
  if place.account and place.account ~= "main" then head = head .. "." .. place.account end
  return head .. ":" .. place.chat
end

return M
