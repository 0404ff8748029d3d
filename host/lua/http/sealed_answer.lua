-- host/lua/http/sealed_answer.lua -- stored answers with secrets, for an Idempotency-Key: sealed, so that only a client
-- that repeats the same request can read them, and nobody else who reads the table.
-- Secrets are the fields that the schema of a reply marks as secret, and all cookies.

local crypto = require "human.crypto"
local fail = require "human.fail"
local log = require "human.log"

local M = {}

-- Does a schema contain a secret part?
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

--- Whether answers of this schema (false: without a body) contain a secret.
function M.of_schema(node) return node and has_secret(node) or false end

--- Whether this answer must be sealed.  headers: its own lines.
function M.is_needed(route, status, headers)
  local reply = route.replies and route.replies[status]
  return reply ~= nil and reply.is_secret or headers:lower():find("set-cookie:", 1, true) ~= nil
end

-- Binds a sealed text to its row.
local function context(claim) return "idempotency " .. claim.scope .. " " .. claim.key end

--- Headers and body as stored: no headers, and both sealed as the body; nil if sealing fails.
function M.close(headers, body, claim)
  local ok, text = pcall(crypto.seal, headers .. "\0" .. body, context(claim))
  if ok then return "", text end
  log.warn("idempotency: an answer could not be sealed and is not kept", { error = tostring(text) })
  return "", nil
end

--- Restores headers and body of a stored answer.  Fails with idempotency_answer_lost if we do not have its key.
function M.open(row, claim)
  local text = crypto.open(row.body, context(claim))
  if not text then
    fail.throw("idempotency_answer_lost", { message = "The answer was sealed by a host with another key" })
  end
  local nul = text:find("\0", 1, true)
  row.headers, row.body = text:sub(1, nul - 1), text:sub(nul + 1)
end

return M
