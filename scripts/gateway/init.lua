-- scripts/gateway/init.lua -- what the gateway does without being asked: its kinds of work, and its tools.

require "gateway.think"
require "gateway.act"
require "gateway.approvals"
require "gateway.approvals_chat"
require "gateway.chat"
require "gateway.sessions"
require "gateway.usage"
require "gateway.old_runs"
require "gateway.cron"
require "gateway.cron.deliver"
require "gateway.tools.init"
require "gateway.mcp.init"

return {}
