-- scripts/gateway/tools/output.lua -- more of a result that was too long to be shown whole.

local db = require "human.db"
local limits = require "gateway.rules.limits"
local tools = require "gateway.tools"

local M = {}

local SHOWN_CHARS = 20000

-- The newest one of the session, since it was reset.
M.sql = { get = ([[select substr(o.whole, $2::int, $3::int) as part, length(o.whole) as chars
  from gateway_calls c join gateway_results o on o.call_id = c.id
  where c.run_id in (select id from gateway_runs where session_id = $1
      and n > (select reset_run from gateway_sessions where id = $1) order by n desc limit %d)
    and ($4::text is null or c.tool = $4) order by c.finished_at desc, c.n desc limit 1]]):format(limits.prompt_runs) }

tools.define("tool_output", {
  description = "Part of the newest result of this session that was too long to be shown whole.",
  parameters = { type = "object", additionalProperties = false, properties = {
    tool = { type = "string", maxLength = 64, description = "Only a result of this tool." },
    from = { type = "integer", minimum = 1, maximum = 2000000, description = "The first character; 1: the beginning." },
  } },
  risk = "low", parallel = true, repeatable = true, timeout_ms = 15000,
}, function(call)
  local from = call.arguments.from or 1
  local found = db.row(M.sql.get, call.session_id, from, SHOWN_CHARS, call.arguments.tool)
  if not found then return nil, "There is no such result." end
  return { text = found.part, from = from, chars = found.chars }
end)

return M
