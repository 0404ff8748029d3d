-- scripts/api/marketplace/trail.lua -- the audit trail, for admins.  Effects: marketplace.trail.

local api = require "human.api"
local s = require "human.schema"
local records = require "marketplace.trail"
require "api.marketplace.auth"
require "marketplace.admins"                     -- which `human market` uses
require "marketplace.trail_job"

local M = {}
local g = api.group { tag = "Admin", auth = "market_admin" }
local word = s.string { min = 1, max = 64 }
local n = s.int { min = 1, max = 1000000000000 }

g:get("/audit-log", {
  summary = "What was done, the newest first",
  description = "Each entry has the hash of the one before it in its own; `verified` says whether it still does.",
  query = {
    resource_type = word:describe "listing, actor, subscription, ..":optional(), action = word:optional(),
    limit = s.int { min = 1, max = 50 }:default(20), before = n:describe "The n of an entry":optional(),
  },
  reply = { [200] = s.object {
    { "entries", s.array(s.object {
      { "n", n }, { "actor_id", s.uuid:nullable():describe "null: the operator, or the platform itself" },
      { "action", s.string }, { "resource_type", s.string }, { "resource_id", s.string }, { "facts", s.json },
      { "created_at", s.time }, { "hash", s.string }, { "verified", s.bool },
    }) },
    { "total", s.int:describe "Counted up to 10,000" },
  } },
}, function(ctx) return 200, records.list(ctx.query) end)

return M
