-- host/lua/http/idempotency_key.lua -- the rules of the Idempotency-Key header: who takes it, what it may be.
-- Pure, so that routes and their documentation can ask; idempotency.lua does the work.

local fail = require "human.fail"

local M = {}

M.HEADER = "idempotency-key"
M.MAX = 255                                      -- characters
M.KEEP_H = 24                                    -- hours that an answer is kept

--- Whether a route takes the header.  wish: its spec.idempotent.  Routes without an authenticator must
--- ask for it, since their callers cannot be told apart.  Raises a text on nonsense.
function M.applies(method, has_auth, wish)
  if wish == nil then return method == "POST" and has_auth end
  if type(wish) ~= "boolean" then error("must be true or false", 0) end
  if wish and method ~= "POST" and method ~= "PATCH" then
    error("only POST and PATCH may be idempotent = true: " .. method .. " is repeatable by itself", 0)
  end
  return wish
end

--- Throws validation_error unless the key is 1 to 255 visible ASCII characters.
function M.check(key)
  if #key <= M.MAX and key:find "^[\33-\126]+$" then return end
  local message = "must be 1 to " .. M.MAX .. " visible ASCII characters"
  fail.throw("validation_error", { message = "Idempotency-Key " .. message,
                                   details = { { path = "Idempotency-Key", message = message } } })
end

return M
