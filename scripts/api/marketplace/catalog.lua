-- scripts/api/marketplace/catalog.lua -- /catalog-manage: tools from OpenAPI documents, and whose they are.

local api = require "human.api"
local fail = require "human.fail"
local json = require "human.json"
local s = require "human.schema"
local catalog = require "marketplace.catalog"
local claims = require "marketplace.catalog_claims"
local fields = require "api.marketplace.fields"
local rules = require "marketplace.rules.catalog"
require "api.marketplace.auth"

local M = {}
local g = api.group { tag = "Tools", base = "", auth = "market_key" }

local OPERATION = s.string { min = 1, max = 200 }
local Listing = s.object {
  { "id", s.uuid }, { "title", s.string }, { "seller_id", s.uuid }, { "category_tags", s.array(s.string) },
  { "tool_meta", s.json }, { "subscription_plans", s.json }, { "is_active", s.bool },
}
local Unclaimed = s.object {
  { "listing_id", s.uuid }, { "title", s.string }, { "origin", s.string }, { "operationId", s.string },
  { "imported_at", s.time },
}
local Challenge = s.object {
  { "url", s.string:describe "Where a line of a text is to be" }, { "content", s.string:describe "That line" },
  { "dns", s.string:describe "Or the name of a TXT record that is that line" }, { "expires_at", s.time },
}

local function wrong(path, message)
  fail.throw("validation_error", { details = { { path = path, message = message } } })
end

local ACTIONS = {}

function ACTIONS.import(actor, body)
  if (body.openapi_url == nil) == (body.openapi == nil) then
    wrong("openapi_url", "or openapi is required, not both")
  end
  if not body.category_tags then wrong("category_tags", "is required to import tools") end
  local imported, skipped, count = catalog.import(actor, { url = body.openapi_url, document = body.openapi,
    tags = body.category_tags, operations = body.operations })
  return { imported = imported, skipped = skipped, skipped_count = count }
end

function ACTIONS.claim(actor, body)
  if not body.listing_id then wrong("listing_id", "is required to claim a tool") end
  local challenge = not body.proof and claims.challenge(actor, body.listing_id)
  if challenge then return { challenge = challenge } end
  local row = claims.prove(actor, body.listing_id, body.proof)
  row.seller_id = row.actor_id
  return { listing = row }
end

function ACTIONS.list_unclaimed(_, body)
  local rows, total = catalog.unclaimed(body.limit, body.offset)
  for _, row in ipairs(rows) do row.operationId = row.operation_id end
  return { listings = json.array(rows), total = total }
end

g:post("/catalog-manage", {
  summary = "Import tools from an OpenAPI document, or claim one",
  description = "`import` makes an unclaimed tool of each operation of an OpenAPI 3.0 or 3.1 document, JSON or YAML, "
    .. "at `openapi_url` or sent as `openapi` (an object, or a text); again, it updates them. `claim` answers with "
    .. "what is to be shown at the tool's address, and, once more with `proof`, looks for it.",
  idempotent = "lease", timeout_s = 120, body_max = rules.document_bytes + 1048576,
  limit = { rate = 1 / 20, burst = 30, per = "actor" },
  body = s.object {
    { "action", s.enum { "import", "claim", "list_unclaimed" } },
    { "openapi_url", s.url:optional() },
    { "openapi", s.json { max = rules.document_bytes + 65536 }:optional():describe "The document itself, or its text" },
    { "category_tags", fields.category_tags:optional() },
    { "operations", s.array(OPERATION, { min = 1, max = 200 }):optional():describe "Only these, by operationId" },
    { "listing_id", s.uuid:optional() }, { "proof", s.enum { "well_known", "dns" }:optional() },
    { "limit", fields.limit }, { "offset", fields.offset },
  },
  reply = { [200] = s.object {
    { "imported", s.array(s.object { { "listing_id", s.uuid }, { "operationId", s.string } }):optional() },
    { "skipped", s.array(s.object { { "operationId", s.string }, { "reason", s.string } }):optional() },
    { "skipped_count", s.int:optional() }, { "challenge", Challenge:optional() }, { "listing", Listing:optional() },
    { "listings", s.array(Unclaimed):optional() }, { "total", s.int:optional() } } },
  errors = { "validation_error", "invalid_openapi", "unsafe_url", "not_found", "already_claimed", "claim_not_proven",
             "self_dealing_not_permitted", "agent_frozen" },
}, function(ctx, body) return 200, ACTIONS[body.action](ctx.actor, body) end)

return M
