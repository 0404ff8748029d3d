-- scripts/marketplace/subscriptions_keys.lua -- keys of subscriptions, which open nothing but the proxy to one tool.
-- A key is shown once and kept as SHA-256; its first twelve characters name it, and are its subscription's alone.
-- While a tool is suspended its keys are revoked, and those that were active then are so again afterwards (kill.lua).

local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local id = require "human.id"
local rules = require "marketplace.rules.subscriptions"

local M = {}

local PREFIX, LENGTH, SHOWN, DRAWS = "hm_tool_", 32, 12, 20
M.PREFIX = PREFIX

local LIVE = "(state = 'active' or state = 'rotated' and valid_until > human_now() or is_suspended)"

M.sql = {
  insert = [[insert into market_tool_keys (hash, subscription_id, prefix) values ($1, $2::uuid, $3)
    on conflict (subscription_id, prefix) do nothing returning prefix]],
  check = [[select k.subscription_id, s.subscriber_id as id, a.owner_id, a.type, a.display_name, a.role, a.state,
      a.tier, a.autonomy, a.is_founding, k.hash as proof
    from market_tool_keys k join market_subscriptions s on s.id = k.subscription_id
    join market_actors a on a.id = s.subscriber_id where k.hash = $1 and (k.state = 'active'
      or k.state = 'rotated' and k.valid_until > human_now())]],
  list = [[select prefix, state, created_at, valid_until from market_tool_keys where subscription_id = $1::uuid
    order by created_at desc, prefix limit 50]],
  live = "select count(*)::int from market_tool_keys where subscription_id = $1::uuid and " .. LIVE,
  rotate = [[update market_tool_keys set state = case state when 'active' then 'rotated' else state end,
      valid_until = case state when 'active' then human_now() + $3::int * interval '1 second' end,
      is_suspended = false
    where subscription_id = $1::uuid and (state = 'active' or is_suspended) and ($2::text is null or prefix = $2)]],
  revoke = [[update market_tool_keys set state = 'revoked', valid_until = null, is_suspended = false
    where subscription_id = $1::uuid and ($2::text is null or prefix = $2) and ]] .. LIVE,
}

--- Gives a subscription a key, in tx.  Returns it.
function M.issue(tx, subscription_id)
  for _ = 1, DRAWS do
    local key = id.key(PREFIX)
    if tx:row(M.sql.insert, crypto.sha256_hex(key), subscription_id, key:sub(1, SHOWN)) then return key end
  end
  error("no prefix of a key is free", 0)
end

--- How a key is named.
function M.prefix(key) return key:sub(1, SHOWN) end

--- Whose this key is: an actor, with subscription_id; or nil and a code.
function M.check(key)
  if #key ~= #PREFIX + LENGTH then return nil, "unauthorized" end
  local actor = db.row(M.sql.check, crypto.sha256_hex(key))
  if not actor then return nil, "unauthorized" end
  if actor.state == "banned" then return nil, "actor_banned" end
  actor.kind = "actor"
  return actor
end

--- All keys of a subscription, newest first, without the keys.
function M.list(subscription_id) return db.query(M.sql.list, subscription_id) end

--- One key more, in tx; the subscription is locked.
function M.generate(tx, subscription_id)
  if tx:value(M.sql.live, subscription_id) >= rules.keys then fail.throw "too_many_keys" end
  return M.issue(tx, subscription_id)
end

--- A key in place of the one with this prefix (nil: of all), which stay valid for so many seconds.
function M.rotate(tx, subscription_id, prefix, grace_s)
  if tx:exec(M.sql.rotate, subscription_id, prefix, grace_s) == 0 and prefix then fail.throw "not_found" end
  return M.generate(tx, subscription_id)
end

--- Ends the key with this prefix (nil: all), also one that has been rotated.  Returns how many.
function M.revoke(tx, subscription_id, prefix)
  local n = tx:exec(M.sql.revoke, subscription_id, prefix)
  if n == 0 and prefix then fail.throw "not_found" end
  return n
end

return M
