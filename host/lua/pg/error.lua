-- host/lua/pg/error.lua -- the errors of failed statements: the server's refusal as an object, or a
-- Fail if the server itself is in trouble.  Neighbour: db.

local fail = require "human.fail"
local host = require "human.core.host"
local sched = require "human.core.sched"

local M = {}
local E = host.E

-- What a refused statement raises: {sqlstate, message, detail, constraint, column, table, sent_at}, the last
-- ("api/x.lua:7") of one that was sent on.
local DbError = {}
local db_error_mt = { __index = DbError }
db_error_mt.__tostring = function(e)
  return ("SQLSTATE %s: %s%s"):format(e.sqlstate, e.message, e.sent_at and " (sent at " .. e.sent_at .. ")" or "")
end

-- True for the error object of a statement that the server refused.
function M.is(e) return getmetatable(e) == db_error_mt end

-- Refusals that are due to the server's state, not to the statement: no room (disk, memory, connections), an I/O
-- error, a server or pooler that admits nobody.  25006 is one, unless the script's transaction is read-only.
local SERVER = { ["53100"] = true, ["53200"] = true, ["53300"] = true, ["58030"] = true }
local SERVER_CLASS = { ["57P"] = true, ["08P"] = true, ["080"] = true }

local function is_servers_fault(sqlstate)
  if sqlstate == "25006" then
    local task = sched.current()
    return not (task and task.tx and task.tx.options.read_only)
  end
  return SERVER[sqlstate] or SERVER_CLASS[sqlstate:sub(1, 3)]
end

-- The messages for clients; addresses and names appear in the log only.
M.SENTENCES = {
  starting = "The database is starting", unreachable = "The database is not reachable",
  read_only = "The database takes no writes", stuck = "The database does not answer",
  full = "The database has run out of room", refused = "The database refuses connections",
}

-- The Fail for a state of host.db_state(), by default the current one.
function M.unavailable(state)
  return fail.new("database_unavailable", { message = M.SENTENCES[state or host.db_state()] })
end

local CONDITION = { ["25006"] = "read_only", ["53100"] = "full", ["53200"] = "full" }

-- The error for a status below 0 and its data.
function M.failure(status, data)
  if status == E.DB then
    local e = host.unpack(data)
    e.sqlstate = e.code
    if is_servers_fault(e.code) then return M.unavailable(CONDITION[e.code]) end
    return setmetatable(e, db_error_mt)
  end
  if status == E.TIMEOUT then return fail.new("db_timeout") end
  if status == E.LIMIT then return "the result is larger than a query may return" end
  if status == E.INVAL then return "the statement or its parameters are malformed: " .. data end
  return M.unavailable()
end

return M
