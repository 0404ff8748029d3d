-- host/lua/http/rpc_once.lua -- calls with an idempotency key: one that is sent twice is carried out once, whichever
-- connection, worker or host it comes by.  The key is the param idempotencyKey; human.idempotency does the work, as for
-- requests.
-- What a call had reached beyond the database when its worker died cannot be known, so such a call is never begun
-- again: a repeat is told that the answer is lost.

local fail = require "human.fail"
local idempotency = require "human.idempotency"
local idempotency_key = require "human.http.idempotency_key"
local json = require "human.json"
local schema = require "human.schema"
local sealed = require "human.http.sealed_answer"
local trouble = require "human.http.trouble"

local M = {}
local FIELD = "idempotencyKey"
local KEY = schema.string {
  min = 1, max = idempotency_key.MAX, pattern = "^[\33-\126]+$", form = "visible ASCII characters",
  regex = "^[!-~]+$",
}:optional():describe "A call that is repeated with the same key and the same params is carried out once"

M.CODES = { "idempotency_in_progress", "idempotency_key_reused", "idempotency_answer_lost" }

-- ---- declaring -----------------------------------------------------------------------------------

--- The params of a method that takes a key.
function M.with_key(params)
  if params.kind ~= "object" then error("an idempotent method's are an object with fields", 0) end
  local pairs_of = {}
  for i, field in ipairs(params.fields) do
    pairs_of[i] = { field.name, field.schema }
    if field.name == FIELD then return params end
  end
  pairs_of[#pairs_of + 1] = { FIELD, KEY }
  return schema.object(pairs_of, { extra = params.extra })
end

--- What idempotency wants to know of a method.
function M.declare(method, path)
  method.idempotent, method.once, method.scope = method.spec.idempotent, true, "rpc " .. path .. " " .. method.name
  method.replies = { [200] = { is_secret = sealed.of_schema(method.result) } }
end

-- ---- carrying out --------------------------------------------------------------------------------

-- What a failure is kept as, and made of again.
local function text_of(f) return json.encode_sorted { name = f.name, data = f.data } end

local function raise(kept, errors)
  local f = json.decode(kept.body)
  fail.throw(f.name, f.data, errors)
end

-- {status, headers, body}; err: the handler raised that.
local function outcome(ctx, route, handler)
  ctx.afters = false
  local ok, result = xpcall(handler, trouble.trap)
  if ok then return { status = 200, headers = "", body = result } end
  if not fail.is(result) then return { err = result } end
  local f = fail.on(result, route.errors)
  return { err = result, status = f.status, headers = "", body = text_of(f), is_late = f.name == "deadline_exceeded" }
end

-- What went beyond the database and ended otherwise than its handler said may have been done.
local function settle(ctx, made)
  if made.status and not made.is_late then return idempotency.store(ctx, made.status, made.headers, made.body) end
  idempotency.lose(ctx)
end

--- The body of a call's answer: the handler's, or that of an earlier call with its key; or nil and what the handler
--- raised.  Fails as the earlier call did.  handler() carries the call out; again when a race was lost.
function M.carry_out(ctx, route, key, handler)
  local made, kept = idempotency.carry_out(ctx, route, key, nil, function()
    return outcome(ctx, route, handler)
  end)
  if not made or made.err then ctx.afters = false end
  if kept then
    if kept.status ~= 200 then raise(kept, route.errors) end
    return kept.body
  end
  if ctx.claim then settle(ctx, made) end
  if made.err then return nil, made.err end
  return made.body
end

return M
