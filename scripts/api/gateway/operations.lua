-- scripts/api/gateway/operations.lua -- operations.call: a route of the agent API or of the marketplace, for pages and
-- programs that are signed in here and have no key there.

local fail = require "human.fail"
local json = require "human.json"
local s = require "human.schema"
local operations = require "gateway.operations"
local surface = require "api.gateway.surface"
require "api.agent.auth"

local M = {}
if not surface.on then return M end

local g = surface.group "Operations"
local TIMEOUT_S = 300                            -- the longest of any route
local INPUT_MAX = 1048576                        -- limit: operation input

local Detail = s.object { { "path", s.string }, { "message", s.string } }

local function input_of(text)
  local input = text and json.decode(text) or {}
  if type(input) == "table" and input ~= json.null and not json.is_array(input) then return input end
  fail.throw("validation_error", { message = "input must be an object" })
end

local Surface = s.enum { "agent", "marketplace" }
local Operation = s.string { min = 1, max = 100 }:describe "its operationId in /openapi/SURFACE.json"

g:rpc("operations.describe", {
  summary = "What a route takes, for a page that makes a form of it", roles = surface.READERS,
  params = { surface = Surface, operation = Operation },
  result = { method = s.string, path = s.string, summary = s.string, description = s.string:optional(),
             input = s.json { max = INPUT_MAX }:describe "JSON Schema of an object", takesKey = s.bool,
             forViewers = s.bool },
  errors = { "operation_not_found" },
}, function(_, p)
  local op = operations.find(p.surface, p.operation)
  return { method = op.method, path = op.name, summary = op.summary, description = op.description,
           input = json.encode_sorted(op.input), takesKey = op.takes_key, forViewers = operations.is_for_viewers(op) }
end)

g:rpc("operations.call", {
  summary = "Carry out a route of the agent API or of the marketplace, as the operator or one of the operator's actors",
  description = "The route's own schemas, limits, consent and errors count: status and body are what it would have "
    .. "answered. Viewers may call what reads, and tells no secret. `human openapi --types` has inputs and replies.",
  roles = surface.READERS, timeout_s = TIMEOUT_S,
  params = {
    surface = Surface, operation = Operation,
    input = s.json { max = INPUT_MAX }:optional():describe "an object: what its path, its query and its body take",
    actorId = s.string { min = 1, max = 100 }:optional()
      :describe "a user of the agent API, or an actor of the operator's; without it: the operator",
    key = s.string { min = 1, max = 255 }:optional():describe "an Idempotency-Key",
  },
  result = s.object {
    { "status", s.int }, { "body", s.json:optional():describe "the route's answer, also where it refuses" },
    { "code", s.string:optional():describe "of a refusal" }, { "message", s.string:optional() },
    { "details", s.array(Detail):optional() }, { "retryAfterMs", s.int:optional() },
  },
  errors = { "operation_not_found", "operation_denied", "user_not_found", "market_unset", "actor_not_yours",
             "actor_banned" },
}, function(ctx, p)
  local made = operations.call(ctx.actor, { surface = p.surface, operation = p.operation, input = input_of(p.input),
                                            actor_id = p.actorId, key = p.key })
  return { status = made.status, body = made.body ~= "" and made.body or nil, code = made.code, message = made.message,
           details = made.details and json.array(made.details) or nil,
           retryAfterMs = made.retry_after_s and math.ceil(made.retry_after_s * 1000) or nil }
end)

return M
