-- scripts/agent/old_rows.lua -- caches rows of the log that this worker has read, so that a turn reads only new ones.
-- Keeps rows up to a mailbox's processed_pos, newest first.  Only edits and deletions change those, and the mailbox has
-- the position of the latest (rewritten_pos): a cache that is older is read again (agent.facts).  What agent.lines and
-- agent.prompt compute for a row stays with it.  Any worker may take the next turn, since each queries everything
-- behind what it has cached.

local M = {}

M.BYTES = 16 * 1024 * 1024                       -- of a worker: the least recently used agents are dropped
local ROW_BYTES = 1000                           -- of a row, besides its text (twice, for what is found out about it)

-- Two generations: entries in use move to the young one; when that is full, the old one is dropped.
local young, old, bytes = {}, {}, 0

--- {until_pos, rows (with said_ms: when each was said, by the database's clock)} of an agent, or nil.
function M.of(agent_id) return young[agent_id] or old[agent_id] end

local function size_of(rows)
  local n = 0
  for _, row in ipairs(rows) do n = n + 2 * #row.content + ROW_BYTES end
  return n
end

--- Drops an agent from the cache.
function M.forget(agent_id) young[agent_id], old[agent_id] = nil, nil end

--- Caches those of an agent's rows (newest first) that are processed.  now_ms: when they were read.
function M.keep(agent_id, rows, processed_pos, now_ms)
  local known = { until_pos = processed_pos, rows = {} }
  for _, row in ipairs(rows) do
    if row.pos <= processed_pos then
      row.said_ms = row.said_ms or now_ms - row.age_ms
      known.rows[#known.rows + 1] = row
    end
  end
  known.bytes = size_of(known.rows)
  bytes = bytes + known.bytes - (young[agent_id] and young[agent_id].bytes or 0)
  if bytes > M.BYTES / 2 then young, old, bytes = {}, young, known.bytes end
  young[agent_id] = known
end

--- Notes all rows of an agent up to `until_pos` (newest first), as its last turn here has left them: M.all.  They count
--- as read only where the database says that nothing has happened since (agent.known).
function M.keep_all(agent_id, rows, until_pos, now_ms)
  local known = young[agent_id]
  if not known then return end
  for _, row in ipairs(rows) do row.said_ms = row.said_ms or now_ms - row.age_ms end
  local more = math.max(0, size_of(rows) - known.bytes)
  bytes, known.bytes = bytes + more, known.bytes + more
  known.all = { until_pos = until_pos, rows = rows }
end

--- Those, or nil.
function M.all(agent_id)
  local known = M.of(agent_id)
  return known and known.all
end

--- The rows of `new` and those of `known` that are left of it: behind `after_pos`, at most n, newest first.
function M.with(known, new, after_pos, n, now_ms)
  for _, row in ipairs(known.rows) do
    if #new >= n or row.pos <= after_pos then break end
    row.age_ms = now_ms - row.said_ms
    new[#new + 1] = row
  end
  return new
end

return M
