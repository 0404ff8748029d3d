-- spec/slice/shop/channel.lua -- a chat that reaches us by webhooks, and gets its replies by ours, in order.
local config = require "human.config"
local db = require "human.db"
local fetch = require "human.fetch"
local hooks = require "shop.hooks"
local json = require "human.json"
local queue = require "human.queue"

local M = {}

queue.define("shop.reply", "shop.channel.reply", { per_key = true, lease_s = 5, backoff = { 0.1, 1, 10 } })

--- Takes a message, which may come twice.  Its reply is written with it, so there is one if and only if it was taken.
function M.take(message)
  db.tx(function(tx)
    local is_new = tx:exec("insert into shop_messages (id, chat, text) values ($1, $2, $3) on conflict do nothing",
      message.id, message.chat, message.text) == 1
    if not is_new then return end
    queue.add(tx, "shop.reply", message.chat, nil, { to = message.id, text = "You said: " .. message.text })
  end)
end

-- May post the same reply twice: its receiver knows it by webhook-id, which is that of the row.
function M.reply(row)
  local body = json.encode { chat = row.key, to = row.payload.to, text = row.payload.text }
  local headers = hooks.sign(row.id, body)
  local answer, err = fetch { url = config.shop.replies_to, body = body, headers = headers, timeout_s = 5 }
  if not answer then error(err.message) end
  if answer.status >= 300 then error("the channel answered " .. answer.status) end
end

return M
