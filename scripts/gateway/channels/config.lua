-- scripts/gateway/channels/config.lua -- settings that concern all channels.  Those of one are in its file.

local config = require "human.config"

config.define("session.dm_scope", { type = "text", default = "per_channel_peer",
  enum = { "main", "per_peer", "per_channel_peer", "per_account_channel_peer" },
  text = "who shares a conversation: all who write directly, one person on all channels, or one person on each" })
config.define("session.identity_links", { type = "object",
  text = "one person on several channels, with per_peer: {name: [\"telegram:123\", \"discord:456\"]}" })

return {}
