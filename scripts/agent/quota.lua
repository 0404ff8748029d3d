-- scripts/agent/quota.lua -- counts what a user has before it may create more (agent.rules.quotas).
-- The count is taken under a lock on the user's row that is held until the transaction ends, so concurrent requests
-- see each other's rows.

local decisions = require "human.decisions"
local fail = require "human.fail"
local quotas = require "agent.rules.quotas"

local M = {}

local TYPES_LOCK = 401102                        -- any number, as long as it stays the same

M.sql = {
  -- Not "for update": rows that refer to the user may still be written.
  lock = "select id from users where id = $1 for no key update",
  lock_types = "select pg_advisory_xact_lock($1::bigint)",
  count_types = "select count(*) from agent_types",
}

local COUNT = {}
for what in ("api_keys personalities system_prompts agents"):gmatch "%S+" do
  COUNT[what] = "select count(*) from " .. what .. " where user_id = $1"
end
COUNT.agents = COUNT.agents .. " and parent_id is null" -- sessions of the gateway have a limit of their own

-- Fails with too_many_.. when the user has all that it may have of `what`; with `gone` when there is no such user.
function M.take(tx, user_id, what, gone)
  if not tx:row(M.sql.lock, user_id) then fail.throw(gone or "unauthorized") end
  decisions.enforce(tx, quotas.may_create, { subject = user_id }, what, tx:value(COUNT[what], user_id))
end

-- The same for agent types, which have no owner.
function M.take_type(tx)
  tx:query(M.sql.lock_types, TYPES_LOCK)
  decisions.enforce(tx, quotas.may_create, {}, "agent_types", tx:value(M.sql.count_types))
end

return M
