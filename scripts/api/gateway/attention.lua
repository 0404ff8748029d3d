-- scripts/api/gateway/attention.lua -- what somebody should look at, as one list.

local json = require "human.json"
local s = require "human.schema"
local attention = require "gateway.attention"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "System"

local Item = s.object {
  { "kind", s.string:describe "job, channel, queue, work, dispute; unknown: a kind could not be looked at" },
  { "id", s.string }, { "name", s.string }, { "detail", s.string:optional() },
  { "at", s.int:optional():describe "ms: since when, or until when" },
  { "count", s.int:optional():describe "how often, or how many" },
}

g:rpc("attention.list", {
  summary = "What somebody should look at: what fails, was given up, or waits on the marketplace",
  roles = surface.READERS,
  result = { items = s.array(Item), more = s.bool:describe "a kind has more than are shown" },
}, function(ctx)
  local items, has_more = attention.list(ctx)
  return { items = json.array(items), more = has_more }
end)

return M
