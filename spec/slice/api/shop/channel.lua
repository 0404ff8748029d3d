-- spec/slice/api/shop/channel.lua -- POST /shop/webhook: a message of the channel, signed.
local api = require "human.api"
local channel = require "shop.channel"
local hooks = require "shop.hooks"
local s = require "human.schema"

local g = api.group { tag = "Channel", base = "/shop", auth = false }
local short = s.string { min = 1, max = 200 }

g:post("/webhook", {
  summary = "A message of the channel", idempotent = false, -- the message's id tells repeats
  headers = { ["webhook-id"] = short, ["webhook-timestamp"] = short, ["webhook-signature"] = s.string { max = 4096 } },
  body = s.object({ id = short, chat = short, text = s.string { max = 2000 } }, { extra = "drop" }),
  reply = { [202] = false }, errors = { "unauthorized" },
}, function(ctx, message)
  local signed, why = hooks.verify(ctx.headers, ctx:raw_body())
  if not signed then ctx:fail("unauthorized", { message = "The signature was refused: " .. why }) end
  channel.take(message)
  return 202
end)

return {}
