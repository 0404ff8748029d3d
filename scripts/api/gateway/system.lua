-- scripts/api/gateway/system.lua -- what the gateway is and has: capabilities, models, nodes, numbers.
-- Nothing here is invented: whatever is missing is left out, or reported as off.

local json = require "human.json"
local llm = require "human.llm"
local log = require "human.log"
local s = require "human.schema"
local system = require "human.system"
local capabilities = require "gateway.capabilities"
local nodes = require "gateway.nodes"
local numbers = require "gateway.numbers"
local models = require "agent.providers.models"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "System"

-- ---- capabilities ------------------------------------------------------------------------------------------

local names = s.array(s.string)

g:rpc("capabilities", {
  summary = "What this server can do: how many, and their names", roles = surface.READERS,
  result = s.object {
    { "version", s.string }, { "tools", s.int:describe "that are switched on" },
    { "channels", s.int:describe "that are set up" },
    { "providers", s.int:describe "of language models that can be asked" }, { "peak_rss_mb", s.number },
    { "tool_names", names }, { "channel_names", names }, { "provider_names", names },
  },
}, function() return capabilities.now() end)

-- ---- models -----------------------------------------------------------------------------------------

local Provider = s.object {
  { "name", s.string }, { "has_key", s.bool:describe "whether it can be asked" }, { "base_url", s.string },
  { "native_tools", s.bool }, { "is_default", s.bool },
}
local Model = s.object {
  { "id", s.string }, { "provider", s.string }, { "context", s.int:nullable() },
  { "price_in", s.number:describe "USD for a million tokens" }, { "price_out", s.number },
}

local function models_of(provider, out)
  for _, model in ipairs(provider.models) do
    local known = models.facts(provider.name, model.id)
    out[#out + 1] = { id = model.id, provider = provider.name, context = known and known.window,
                      price_in = model.input / 1e6, price_out = model.output / 1e6 }
  end
end

g:rpc("models.list", {
  summary = "Providers of language models, and the models whose prices are known", roles = surface.READERS,
  result = { default_model = s.string, providers = s.array(Provider), models = s.array(Model) },
}, function()
  local now, list, known = llm.status(), json.array {}, json.array {}
  for i, provider in ipairs(llm.providers()) do
    local is_default = provider.name == now.provider
    list[i] = { name = provider.name, has_key = provider.configured, native_tools = true, is_default = is_default,
                base_url = is_default and log.mask(now.base_url or "") or "" }
    models_of(provider, known)
  end
  return { default_model = now.model or "", providers = list, models = known }
end)

-- ---- nodes --------------------------------------------------------------------------------------------

local Node = s.object {
  { "id", s.string }, { "name", s.string }, { "type", s.string }, { "status", s.string }, { "version", s.string },
  { "uptime_secs", s.int }, { "ws_connections", s.int }, { "memory_mb", s.number }, { "workers", s.int },
}

g:rpc("nodes.list", {
  summary = "The hosts of this gateway, with their workers: the one that answers, then others on its database",
  roles = surface.READERS,
  result = { nodes = s.array(Node) },
}, function() return { nodes = nodes.list() } end)

-- ---- numbers --------------------------------------------------------------------------------------------

g:rpc("metrics.snapshot", {
  summary = "Counters since the start", roles = surface.READERS,
  result = {
    health = s.object { { "uptime_seconds", s.int } },
    metrics = s.object {
      { "total_requests", s.int:describe "HTTP requests and calls of this protocol" },
      { "total_tokens", s.int }, { "total_errors", s.int:describe "answers of 5xx" },
      { "avg_latency_ms", s.number:describe "of HTTP requests" },
    },
  },
}, function()
  local n = numbers.now()
  return { health = { uptime_seconds = system.health().uptime_s }, metrics = n.metrics }
end)

return M
