-- scripts/api/gateway/memory.lua -- what the agent remembers: its notes, as people see and change them.

local json = require "human.json"
local s = require "human.schema"
local time = require "human.time"
local limits = require "gateway.rules.limits"
local memory = require "gateway.tools.memory"
local owner = require "gateway.owner"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Memory"

local CATEGORY = "core"                          -- clients sort by it; all notes are of one kind
local key = s.string { min = 1, max = 200 }
local Entry = s.object {
  { "key", s.string }, { "content", s.string }, { "category", s.string }, { "timestamp", s.int:describe "Unix time" },
  { "score", s.number:describe "the share of the words that are in it" },
}

local function shown(rows, words)
  local list = json.array {}
  for i, row in ipairs(rows) do
    list[i] = { key = row.name, content = row.text, category = CATEGORY, score = words > 0 and row.hits / words or 1,
                timestamp = math.floor(time.parse(row.updated_at) / 1000) }
  end
  return { entries = list }
end

g:rpc("memory.status", {
  summary = "How much the agent remembers", roles = surface.READERS,
  result = { engine = s.string, total_entries = s.int, healthy = s.bool,
             categories = s.object { { CATEGORY, s.int } } },
}, function()
  local n = memory.count(owner.get().agent_id)
  return { engine = "postgres", total_entries = n, healthy = true, categories = { [CATEGORY] = n } }
end)

g:rpc("memory.list", {
  summary = "What the agent remembers, newest first", roles = surface.READERS,
  params = { category = s.string { max = 100 }:optional() }, result = { entries = s.array(Entry) },
}, function(_, p)
  if p.category and p.category ~= CATEGORY then return { entries = json.array {} } end
  return shown(memory.recall(owner.get().agent_id, nil, limits.memories))
end)

g:rpc("memory.recall", {
  summary = "Notes with these words, those with most of them first", roles = surface.READERS,
  params = { query = s.string { min = 1, max = 500 }, limit = s.int { min = 1, max = 100 }:default(20) },
  result = { entries = s.array(Entry) },
}, function(_, p) return shown(memory.recall(owner.get().agent_id, p.query, p.limit)) end)

g:rpc("memory.store", {
  summary = "Remember a note; one with this key is replaced", roles = surface.OPERATOR,
  params = { key = key, content = s.string { min = 1, max = limits.memory_chars } }, result = { stored = s.bool },
  errors = { "memory_full" },
}, function(ctx, p)
  local done, why = memory.store(owner.get().agent_id, p.key, p.content)
  if not done then ctx:fail("memory_full", { message = why }) end
  return { stored = true }
end)

g:rpc("memory.forget", {
  summary = "Forget a note", roles = surface.OPERATOR, params = { key = key }, result = { deleted = s.bool },
}, function(_, p) return { deleted = memory.forget(owner.get().agent_id, p.key) } end)

return M
