-- host/lua/http/idempotency_key.lua -- the rules of the Idempotency-Key header: which routes accept it, valid keys.
-- Pure, so that routes and their documentation can ask; idempotency.lua does the work.

local fail = require "human.fail"

local M = {}

M.HEADER = "idempotency-key"
M.MAX = 255                                      -- characters
M.KEEP_H = 24                                    -- hours for which an answer is kept

local HOW = { [true] = true, [false] = false, tx = "tx", lease = "lease" }
local TAKES = { POST = true, PATCH = true }      -- other methods are idempotent or safe

--- Whether a route takes the header, and how: false, true, "tx" or "lease".  wish: its spec.idempotent.  Routes without
--- an authenticator must opt in, since only addresses distinguish their callers.  Raises a text if the wish is
--- invalid.
function M.applies(method, has_auth, wish)
  if wish == nil then return TAKES[method] == true and has_auth end
  local how = HOW[wish]
  if how == nil then error('must be true, false, "tx" or "lease"', 0) end
  if how and not TAKES[method] then
    error(("only POST and PATCH may be idempotent = %s: %s is repeatable by itself"):format(
      how == true and "true" or '"' .. how .. '"', method), 0)
  end
  return how
end

--- Throws validation_error unless the key is 1 to 255 visible ASCII characters.
function M.check(key)
  if #key <= M.MAX and key:find "^[\33-\126]+$" then return end
  local message = "must be 1 to " .. M.MAX .. " visible ASCII characters"
  fail.throw("validation_error", { message = "Idempotency-Key " .. message,
                                   details = { { path = "Idempotency-Key", message = message } } })
end

return M
