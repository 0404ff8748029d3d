-- host/lua/http/sealed_answer.lua -- stored answers with secrets, for an Idempotency-Key: sealed, so that only a client
-- that repeats the same request can read them, and nobody else who reads the table.
-- Secrets are the fields that the schema of a reply marks as secret, and all cookies.

local crypto = require "human.crypto"
local fail = require "human.fail"
local log = require "human.log"

local M = {}

-- Does a schema have a part that is marked?
local function has_secret(node)
  if node.secret then return true end
  for _, field in ipairs(node.fields or {}) do
    if has_secret(field.schema) then return true end
  end
  for _, alternative in ipairs(node.alternatives or {}) do
    if has_secret(alternative) then return true end
  end
  local inner = node.item or node.kind == "map" and node.value
  return inner and has_secret(inner) or false
end

--- Whether answers of this schema (false: without a body) hold one.
function M.of_schema(node) return node and has_secret(node) or false end

--- Whether this answer does.  headers: its own lines.
function M.is_needed(route, status, headers)
  local reply = route.replies and route.replies[status]
  return reply ~= nil and reply.is_secret or headers:lower():find("set-cookie:", 1, true) ~= nil
end

-- A sealed text is good in its row alone.
local function context(claim) return "idempotency " .. claim.scope .. " " .. claim.key end

--- Headers and body as they are stored: none, and both, sealed; nil where this cannot be done.
function M.close(headers, body, claim)
  local ok, text = pcall(crypto.seal, headers .. "\0" .. body, context(claim))
  if ok then return "", text end
  log.warn("idempotency: an answer could not be sealed and is not kept", { error = tostring(text) })
  return "", nil
end

--- Puts headers and body of a stored answer back.  Fails with idempotency_answer_lost where its key is not ours.
function M.open(row, claim)
  local text = crypto.open(row.body, context(claim))
  if not text then
    fail.throw("idempotency_answer_lost", { message = "The answer was sealed by a host with another key" })
  end
  local nul = text:find("\0", 1, true)
  row.headers, row.body = text:sub(1, nul - 1), text:sub(nul + 1)
end

return M
