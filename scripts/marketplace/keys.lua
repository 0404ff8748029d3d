-- scripts/marketplace/keys.lua -- keys of actors: shown once, kept as SHA-256.  marketplace.actors checks them.

local crypto = require "human.crypto"
local id = require "human.id"
local actors = require "marketplace.actors"

local M = {}

local SHOWN = 12                                 -- characters of a key by which its owner knows it again

M.sql = { insert = "insert into market_keys (hash, actor_id, prefix) values ($1, $2::uuid, $3)" }

--- Gives an actor a key, in tx.  Returns it.
function M.issue(tx, actor_id)
  local key = id.key(actors.PREFIX)
  tx:ask(M.sql.insert, crypto.sha256_hex(key), actor_id, key:sub(1, SHOWN))
  return key
end

return M
