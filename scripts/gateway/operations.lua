-- scripts/gateway/operations.lua -- routes of the other APIs for whoever works with the control protocol: carried out
-- as one of the operator's own actors there.  Schemas, limits, consent and Idempotency-Keys are the route's; so are its
-- refusals.  An API that is no part of the gateway makes itself known here.

local fail = require "human.fail"
local log = require "human.log"
local operations = require "human.operations"
local users = require "agent.users"
local owner = require "gateway.owner"

local M = {}

local sources = {}

--- Declares, while scripts load, as whom the routes of a surface are carried out.  as(op, actor_id) gives {actor,
--- stands_for}, as operations.perform takes them, for an operation and whom the caller has named (nil: nobody), or
--- fails.
function M.surface(name, as)
  if sources[name] then error("operations.surface: '" .. name .. "' is there already", 2) end
  sources[name] = as
end

--- Whether a caller who may only look may have it: it reads, and tells nothing that is to be shown once.
function M.is_for_viewers(op) return op.method == "GET" and not op.tells_secret end

-- Whoever is the operator can make a key for every user of the agent API, and so may act as each.
M.surface("agent", function(op, actor_id)
  for _, name in ipairs(op.auth) do
    if name == "management" then
      return { actor = { id = "management", kind = "operator" }, stands_for = { "management" } }
    end
  end
  local user_id = actor_id and users.get(actor_id).id or owner.get().user_id
  return { actor = { id = user_id, kind = "user" }, stands_for = { "agent_key" } }
end)

local function found(surface, name)
  return sources[surface] and operations.named(surface)[name] or fail.throw("operation_not_found", {
    message = ("There is no operation %s of %s"):format(name, surface) })
end

-- A refusal for want of the right key has nothing to do with the caller's own.
local function may(op, as)
  if #op.auth == 0 then return op.method == "GET" end
  for _, name in ipairs(op.auth) do
    for _, own in ipairs(as.stands_for) do
      if name == own then return true end
    end
  end
  return false
end

--- An operation, as human.operations has it; fails with operation_not_found.
M.find = found

--- Carries out an operation: {status, body, code, message, details}, as human.operations has it.  caller: {id, role}.
--- asked: {surface, operation, input, actor_id, key}.  Awaits.
function M.call(caller, asked)
  local op = found(asked.surface, asked.operation)
  if caller.role ~= "operator" and not M.is_for_viewers(op) then fail.throw "forbidden" end
  local as = sources[asked.surface](op, asked.actor_id)
  if not may(op, as) then
    fail.throw("operation_denied", { message = ("%s is not for this actor"):format(asked.operation) })
  end
  if op.method ~= "GET" then
    log.info("operation", { surface = asked.surface, operation = asked.operation, actor_id = as.actor.id,
                            client = caller.id })
  end
  return operations.perform(op, asked.input, {
    actor = as.actor, stands_for = as.stands_for, public = true, key = asked.key })
end

return M
