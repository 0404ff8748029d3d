-- scripts/agent/told.lua -- whoever sends an event hears that it is stored when it is on the disk, and once.
-- Where the answer comes at once, the commit of the event waits for no disk: that of the answer does, a moment later,
-- and has all before it on the disk.  A server that crashes in between forgets an event of which nobody has heard.

local db = require "human.db"

local M = {}

M.sql = { sync = "select pg_current_xact_id()" } -- the commit of any transaction that writes

--- Has told(stored) called with the next commit of entry's turn (M.with), or told(nil, error).
function M.later(entry, stored, told)
  entry.tell = function(err)
    entry.tell = nil
    told(not err and stored or nil, err)
  end
end

--- For a transaction of the turn, before it tells of actions.
function M.with(tx, entry)
  if entry.tell then
    tx:after_commit(function() if entry.tell then entry.tell() end end)
  end
end

--- The turn is over.
function M.at_last(entry)
  if not entry.tell then return end
  local ok, err = pcall(db.value, M.sql.sync)
  if entry.tell then entry.tell(not ok and err or nil) end
end

return M
