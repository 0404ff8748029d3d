-- scripts/marketplace/mcp_sessions.lua -- sessions of MCP's revisions of 2025.  Nothing is kept for one: its id is a
-- sealed text that says whose it is and since when.  It tells apart the requests of one key's several clients, whose
-- ids are the same numbers, so that each may cancel its own.

local crypto = require "human.crypto"
local time = require "human.time"

local M = {}

local FOR, BYTES, DAYS = "market mcp session", 512, 7
local DAY_MS = 86400000

--- A new id for a client of this actor.
function M.issue(actor)
  return crypto.seal(("%s %.0f %s"):format(actor.id, time.now_ms(), crypto.random_hex(8)), FOR)
end

--- Whether an id is one that this actor's client was given, in the last seven days.
function M.is_valid(actor, id)
  if #id > BYTES then return false end
  local text = crypto.open(id, FOR)
  local whose, at = (text or ""):match "^(%S+) (%d+) "
  return whose == actor.id and time.now_ms() - tonumber(at) < DAYS * DAY_MS
end

--- The name of the task that carries out a request of a session.
function M.task_name(session, id) return "mcp " .. crypto.sha256_hex(session .. type(id) .. tostring(id)) end

return M
