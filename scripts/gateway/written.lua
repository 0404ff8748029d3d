-- scripts/gateway/written.lua -- how much one conversation, and all together, may write to the workspace in a day of
-- UTC. The amount is counted in the database before it is written: `kill -9`, a second host or a deleted session make
-- the count too high, never too low. Work that is handed on (agent_spawn) counts for the conversation that handed it
-- on.

local config = require "human.config"
local db = require "human.db"
local files = require "human.files"

local M = {}

local KEPT_DAYS = 7
local PROGRAM = { bytes = 16777216, files = 100 } -- held for a program while it runs
local UNSEEN = { bytes = 1048576, files = 10 }    -- what one is taken to have written where that cannot be seen
local ENTRIES = 20000                             -- limit: measured entries

M.sql = {
  payer = [[with recursive up as (
      select session_id, cause, 0 as n from gateway_runs where id = $1
      union all
      select r.session_id, r.cause, up.n + 1 from up join gateway_calls c on c.id = substr(up.cause, 6)
        join gateway_runs r on r.id = c.run_id where up.cause like 'call:%' and up.n < 8)
    select session_id from up order by n desc limit 1]],
  lock = [[insert into gateway_written as w (subject, day) values ($1, (human_now() at time zone 'utc')::date)
    on conflict (subject, day) do update set bytes = w.bytes returning day, bytes, files, xmax = 0 as is_new]],
  add = [[update gateway_written set bytes = greatest(0, bytes + $3::bigint), files = greatest(0, files + $4::bigint)
    where subject = $1 and day = $2::date]],
  forget = "delete from gateway_written where day < $1::date - $2::int",
}

-- {subject, kind of limit, who, what the settings say}
local function accounts(session_id)
  return {
    { subject = "", who = "All conversations together have", bytes = "write_bytes", files = "write_files" },
    { subject = session_id, who = "This conversation has", bytes = "session_write_bytes",
      files = "session_write_files" },
  }
end

local WORDS = { bytes = "bytes", files = "files and directories" }

-- Why so much is too much, for the model; nil: it is not.
local function refusal(account, row, kind, wanted)
  local most = config.tools[account[kind]]
  if wanted == 0 or row[kind] + wanted <= most then return nil end
  return ("%s written %d of %d %s that may be written today, and this would be %d more. It was not done. The operator "
    .. "can raise tools.%s; it begins again at midnight UTC."):format(account.who, row[kind], most, WORDS[kind], wanted,
    account[kind])
end

-- Locks the rows of both accounts, the one of all first: {account, row} each.
local function locked(tx, session_id)
  local list = {}
  for i, account in ipairs(accounts(session_id)) do
    local row = tx:row(M.sql.lock, account.subject)
    if row.is_new then tx:exec(M.sql.forget, row.day, KEPT_DAYS) end
    list[i] = { account = account, row = row }
  end
  return list
end

local function add(tx, list, bytes, n)
  for _, one in ipairs(list) do tx:exec(M.sql.add, one.account.subject, one.row.day, bytes, n) end
end

local function payer(tx, call) return tx:value(M.sql.payer, call.run_id) or call.session_id end

--- Counts what a call is about to write; nil and why it may not. Awaits; not inside a transaction.
function M.take(call, bytes, n)
  return db.tx(function(tx)
    local list = locked(tx, payer(tx, call))
    for _, one in ipairs(list) do
      local no = refusal(one.account, one.row, "bytes", bytes) or refusal(one.account, one.row, "files", n)
      if no then return nil, no end
    end
    add(tx, list, bytes, n)
    return true
  end)
end

--- How many names a file makes that are not there: its own, and those of its directories.
function M.new_names(root, path)
  local n = 0
  while path and not root:stat(path) do
    n, path = n + 1, path:match "^(.+)/[^/]*$"
  end
  return n
end

-- ---- programs ----------------------------------------------------------------------------------------------

-- Bytes and entries below the workspace; nil: they are too many to be looked at.
local function measured()
  local root, open, bytes, n = files.root "workspace", { false }, 0, 0
  while #open > 0 do
    local path = table.remove(open)
    local list, _, code = root:list(path or nil)
    if not list and code == "too_large" then return nil end
    n = n + #(list or {})
    if n > ENTRIES then return nil end
    for _, entry in ipairs(list or {}) do
      bytes = bytes + (entry.kind == "file" and entry.size or 0)
      if entry.kind == "directory" then open[#open + 1] = (path and path .. "/" or "") .. entry.name end
    end
  end
  return { bytes = bytes, files = n }
end

-- What is left of one limit, of both accounts; 0 or more.
local function left(list, kind)
  local least = math.huge
  for _, one in ipairs(list) do least = math.min(least, config.tools[one.account[kind]] - one.row[kind]) end
  return math.max(0, least)
end

-- Holds some of what is left while the program runs: {bytes, files}, the longest file it may write, the accounts; or
-- nil and why nothing is left.
local function hold(call)
  return db.tx(function(tx)
    local list = locked(tx, payer(tx, call))
    for _, one in ipairs(list) do
      local no = refusal(one.account, one.row, "bytes", 1) or refusal(one.account, one.row, "files", 1)
      if no then return nil, no end
    end
    local most = left(list, "bytes")
    local held = { bytes = math.min(PROGRAM.bytes, most), files = math.min(PROGRAM.files, left(list, "files")) }
    add(tx, list, held.bytes, held.files)
    return held, most, list
  end)
end

local function grown(before, after)
  if not before then return UNSEEN end
  if not after then return { bytes = 0, files = ENTRIES } end
  return { bytes = math.max(0, after.bytes - before.bytes), files = math.max(0, after.files - before.files) }
end

--- Runs fn(most), which starts a program that may write into the workspace, no file longer than `most`, and counts by
--- how much the workspace has grown.  A program whose worker dies has written what was held for it.
function M.around(call, fn)
  local held, most, list = hold(call)
  if not held then return nil, most end
  local before = measured()
  local done, why = fn(most)
  local now = grown(before, measured())
  db.tx(function(tx)
    locked(tx, list[2].account.subject)
    add(tx, list, now.bytes - held.bytes, now.files - held.files)
  end)
  return done, why
end

return M
