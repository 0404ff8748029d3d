-- spec/support/market_empty.lua -- an empty marketplace: specs share a database, whose books and trails are only ever added
-- to, and each spec compares sums and counts of its own.

local db = require "human.db"

-- Rows that migrations have put there.
local KEPT = { market_genesis = true, market_record_end = true, market_edges = true, market_call_secret = true }
local TABLES = [[select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname = current_schema()
    and (c.relname like 'market\_%' or c.relname like 'credit\_%' or c.relname = 'ledger_transfers') order by 1]]

--- Deletes all that the marketplace has, and its rows of the queue.
return function()
  db.tx(function(tx)
    local names = {}
    for _, row in ipairs(tx:query(TABLES)) do
      if not KEPT[row.name] then names[#names + 1] = row.name end
    end
    tx:exec "set local session_replication_role = replica" -- without the triggers that refuse it
    tx:exec("truncate " .. table.concat(names, ", "))
    tx:exec "delete from ledger_accounts where owner is not null"
    tx:exec "update market_genesis set registrations = 0"
    tx:exec "update market_record_end set n = 0, hash = sha256('human marketplace records')"
    tx:exec "delete from host_queue where kind like 'market%' or kind like 'outbox market%'"
  end)
end
