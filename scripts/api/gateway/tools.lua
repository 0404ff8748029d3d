-- scripts/api/gateway/tools.lua -- the agent's tools and where they come from; tools of other servers are off until
-- they are allowed by name.

local json = require "human.json"
local s = require "human.schema"
local mcp = require "gateway.mcp.init"
local tools = require "gateway.tools"
local verdicts = require "gateway.tools_verdicts"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Tools"

local text, name = s.string:optional(), s.string { min = 1, max = 64 }
local Tool = s.object {
  { "name", s.string }, { "description", s.string }, { "parameters", s.json:describe "JSON Schema" },
  { "risk", s.string }, { "enabled", s.bool }, { "source", s.string },
  { "reason", text:describe "why it is off" }, { "hash", text:describe "of its definition, for tools.allow" },
}
local Source = s.object {
  { "name", s.string }, { "kind", s.string:describe "stdio or http" }, { "title", s.string },
  { "state", s.enum { "ready", "failed", "unknown", "asked" }
    :describe "unknown: it was not asked yet; asked: it has not answered yet" },
  { "error", text }, { "listed_at", s.time:optional() },
}

local SILENT = "it has not answered yet: look again (tools.catalog, or `human tools refresh`) in a minute"

local function sources() return json.array(mcp.sources()) end

g:rpc("tools.catalog", {
  summary = "The tools that the agent may call, and the servers that bring some", roles = surface.READERS,
  result = { tools = s.array(Tool), sources = s.array(Source) },
}, function()
  local list = json.array {}
  for i, tool in ipairs(tools.catalog()) do
    list[i] = { name = tool.name, description = tool.description, parameters = json.encode_sorted(tool.parameters),
                risk = tool.risk, enabled = tool.enabled, source = tool.source, reason = tool.reason, hash = tool.hash }
  end
  return { tools = list, sources = sources() }
end)

local Verdict = s.object {
  { "asker", s.enum(verdicts.ASKERS) }, { "action", s.enum { "run", "ask", "deny" } }, { "reason", s.string },
}

g:rpc("tools.verdicts", {
  summary = "What the rule says of each tool, by who asks for it: it runs, somebody is asked, or it is denied",
  roles = surface.READERS,
  result = {
    level = s.int:describe "security.autonomy_level", askers = s.array(s.string), rule = s.string,
    tools = s.array(s.object { { "name", s.string }, { "verdicts", s.array(Verdict) } }),
  },
}, function() return verdicts.all() end)

g:rpc("tools.refresh", {
  summary = "Ask a server of mcp_servers, or all, what tools it has; tools.catalog shows what came of it",
  roles = surface.OPERATOR, params = { source = s.string { min = 1, max = 24 }:optional() },
  result = { sources = s.array(Source) }, errors = { "tool_source_not_found" },
}, function(ctx, p)
  if not mcp.refresh(p.source) then ctx:fail "tool_source_not_found" end
  local list = sources()
  for _, one in ipairs(list) do
    if one.state == "unknown" and (not p.source or p.source == one.name) then one.state, one.error = "asked", SILENT end
  end
  return { sources = list }
end)

local REFUSED = { not_found = "tool_not_found", changed = "tool_changed", unfit = "tool_unfit" }

g:rpc("tools.allow", {
  summary = "Allow a tool of mcp_servers, as its server describes it now; another description switches it off again",
  roles = surface.OPERATOR,
  params = { name = name, hash = s.string { max = 64 }:optional():describe "of the definition that was shown" },
  result = { allowed = s.bool }, errors = { "tool_not_found", "tool_changed", "tool_unfit" },
}, function(ctx, p)
  local done, why = mcp.allow(p.name, ctx.actor.id, p.hash)
  if not done then ctx:fail(REFUSED[why]) end
  return { allowed = true }
end)

g:rpc("tools.forbid", {
  summary = "Switch a tool of mcp_servers off", roles = surface.OPERATOR, params = { name = name },
  result = { forbidden = s.bool }, errors = { "tool_not_found" },
}, function(ctx, p)
  if not mcp.forbid(p.name, ctx.actor.id) then ctx:fail "tool_not_found" end
  return { forbidden = true }
end)

g:event("tool.progress", {
  summary = "How far a call is, where its tool says so",
  payload = { id = s.string:describe "that of agent.tool", name = s.string, progress = s.number,
              total = s.number:optional(), message = text, runId = text, sessionKey = text, session_key = text },
})

return M
