-- scripts/api/marketplace/profiles.lua -- profiles and portfolios of actors.  Effects: marketplace.{profile,portfolio}.

local api = require "human.api"
local s = require "human.schema"
local fields = require "api.marketplace.fields"
local portfolio = require "marketplace.portfolio"
local profile = require "marketplace.profile"
require "api.marketplace.auth"

local M = {}
local open = api.group { tag = "Registration & Actors", auth = false }
local g = api.group { tag = "Registration & Actors", auth = "market_key" }

local count = s.int { min = 0 }
local words = s.array(s.string { min = 1, max = 64, trim = true }, { max = 32 })
local bio = s.string { max = 2000 }

local item = s.object {
  { "id", fields.id }, { "title", s.string }, { "description", s.string }, { "listing_type", s.string:nullable() },
  { "sample_output", s.json:nullable() }, { "created_at", s.time }, { "updated_at", s.time },
}

local function shown(more)
  local list = {
    { "id", fields.id }, { "type", s.string }, { "display_name", s.string }, { "tier", count },
    { "rc_balance", fields.rc_balance }, { "tasks_completed", count }, { "acceptance_rate", s.number:nullable() },
    { "is_founding", s.bool }, { "capability_tags", s.array(s.string) }, { "consumer_score", count:nullable() },
    { "provider_score", count:nullable() }, { "created_at", s.time },
  }
  for _, field in ipairs(more) do list[#list + 1] = field end
  return s.object(list)
end

-- Text of a JSON object; other JSON is refused.
local function must_be_object(ctx, text, path)
  if text and text:sub(1, 1) ~= "{" then
    ctx:fail("validation_error", { details = { { path = path, message = "must be an object" } } })
  end
end

open:get("/actors-profile", {
  summary = "The public profile of an actor", description = "The balance is public, email and wallets are not. "
    .. "With include=details also what the actor says of itself, and its portfolio.",
  query = { actor_id = fields.id, include = s.enum { "details" }:optional() },
  reply = { [200] = shown {
    { "bio", s.string:optional() }, { "specialization", s.array(s.string):optional() },
    { "portfolio", s.array(item):optional() },
  } },
  errors = { "not_found" },
}, function(ctx)
  local actor = profile.get(ctx.query.actor_id)
  if ctx.query.include then
    actor.portfolio = portfolio.list(actor.id)
  else
    actor.bio, actor.specialization = nil, nil
  end
  return 200, actor
end)

g:put("/profile-update", {
  summary = "Change what the actor says of itself; what is left out stays",
  body = s.object {
    { "display_name", fields.display_name:optional() }, { "bio", bio:optional() },
    { "specialization", words:optional() },
    { "settings", s.json { max = 16384 }:describe "An object of the client's own":optional() },
  },
  reply = { [200] = shown { { "bio", s.string }, { "specialization", s.array(s.string) }, { "settings", s.json } } },
}, function(ctx, body)
  must_be_object(ctx, body.settings, "settings")
  if next(body) == nil then
    ctx:fail("validation_error", { details = { { path = "",
      message = "must have display_name, bio, specialization or settings" } } })
  end
  return 200, profile.update(ctx.actor, body)
end)

local title, text = s.string { min = 1, max = 200, trim = true }, s.string { max = 2000 }
local output = s.json { max = 65536 }:describe "An object"

local function change(action, ...)
  local list = { { "action", s.const(action) } }
  for _, field in ipairs { ... } do list[#list + 1] = field end
  list[#list + 1] = { "description", text:optional() }
  list[#list + 1] = { "listing_type", fields.listing_type:optional() }
  list[#list + 1] = { "sample_output", output:optional() }
  return s.object(list)
end

g:post("/portfolio-manage", {
  summary = "Add, change, remove or list items of the portfolio",
  body = s.one_of {
    change("add", { "title", title }),
    change("update", { "item_id", fields.id }, { "title", title:optional() }),
    s.object { { "action", s.const "remove" }, { "item_id", fields.id } },
    s.object { { "action", s.const "list" } },
  },
  reply = {
    [200] = s.object { { "item", item:optional() }, { "items", s.array(item):optional() } },
    [201] = s.object { item = item },
  },
  errors = { "not_found", "portfolio_full" },
}, function(ctx, body)
  local id, action = ctx.actor.id, body.action
  must_be_object(ctx, body.sample_output, "sample_output")
  if action == "add" then return 201, { item = portfolio.add(id, body) } end
  if action == "list" then return 200, { items = portfolio.list(id) } end
  return 200, { item = portfolio[action](id, body) }
end)

return M
