-- scripts/gateway/rules/mcp.lua -- how dangerous a tool of a server of the Model Context Protocol is.  Pure.
-- What a server says of its own tool is a hint: it may make it "medium", which asks unless security.autonomy_level is
-- 3, and never "low".  Copy it to your own scripts directory to say more of servers that you know.
--% version: 1

local M = {}

M.returns = { risk = { risk = { "low", "medium", "high" } } }
M.fallback = { risk = { risk = "high" } }

-- facts: server, tool (as the server calls it), is_read_only (so the server says).
function M.risk(facts)
  return { risk = facts.is_read_only and "medium" or "high" }
end

M.examples = {
  { "risk", { server = "github", tool = "create_issue", is_read_only = false }, expect = { risk = "high" } },
  { "risk", { server = "github", tool = "get_issue", is_read_only = true }, expect = { risk = "medium" } },
}

return M
