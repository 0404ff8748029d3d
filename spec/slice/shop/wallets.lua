-- spec/slice/shop/wallets.lua -- who has which key, and how many credits, in thousandths (mRC).
local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"

local M = {}

-- In the order of their ids, so that two movements never wait for each other.
local LOCK = [[select id, mrc from shop_wallets where id in (select json_object_keys($1::json)) order by id for update]]
local MOVE = [[with parts as (select key as id, value::bigint as mrc from json_each_text($1::json)),
    moved as (update shop_wallets w set mrc = w.mrc + p.mrc from parts p where w.id = p.id)
  insert into shop_entries (ref, wallet_id, mrc) select $2, id, mrc from parts]]

--- The customer whose key it is, or nil.
function M.of_key(key) return db.row("select id from shop_wallets where key_hash = $1", crypto.sha256_hex(key)) end

--- How many credits a customer has.
function M.balance(id) return db.value("select mrc from shop_wallets where id = $1", id) end

--- Moves credits in tx: parts = {[wallet] = mrc, ..}, which add up to 0.  No wallet falls below zero.
function M.move(tx, ref, parts)
  local text = json.encode(parts)
  for _, wallet in ipairs(tx:query(LOCK, text)) do
    if wallet.mrc + parts[wallet.id] < 0 then fail.throw "insufficient_balance" end
  end
  tx:exec(MOVE, text, ref)
end

return M
