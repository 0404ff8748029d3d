-- host/lua/queue/leases.lua -- rows that a worker holds: their leases are renewed in time; a row whose lease another
-- worker may have by now is let go.

local db = require "human.db"
local host = require "human.core.host"
local log = require "human.log"
local run = require "human.queue.run"
local sched = require "human.core.sched"
local sql = require "human.queue.sql"

local M = {}

local function lose(k, row, settle)
  log.error("queue: a row is let go: its lease was lost", { kind = k.name, row = row.id })
  if row.run then return run.lose(row.run) end
  settle(k, row)                                 -- it had not begun
end

local function renew(k, def, rows, me, settle)
  local sent, ids = host.now(), run.arrays(rows)
  local ok, left = pcall(db.query, sql.renew, k.name, ids, me, def.lease_s)
  if not ok then return end                      -- the database is down; the lease expires by itself
  local ours = {}
  for _, row in ipairs(left) do ours[row.id] = row.is_renewed and "renewed" or "busy" end
  for _, row in ipairs(rows) do
    if ours[row.id] == "renewed" then row.until_at = sent + def.lease_s end
    if not ours[row.id] and k.held[row.id] == row and not (row.run and row.run.is_done) then lose(k, row, settle) end
  end
end

--- Looks after the rows of a kind, k.held, once a second.  settle(k, row): one that had not begun is not ours any more.
function M.keep(k, def, me, settle)
  local now, due, late = host.now(), {}, {}
  for _, row in pairs(k.held) do
    if row.until_at <= now then
      late[#late + 1] = row
    elseif row.until_at - now < def.lease_s * 2 / 3 then
      due[#due + 1] = row
    end
  end
  for _, row in ipairs(late) do lose(k, row, settle) end
  if due[1] and not k.renewing then
    k.renewing = true
    sched.spawn_as({ gen = false, label = 0, on_finish = function() k.renewing = false end }, renew, k, def, due, me,
      settle)
  end
end

return M
