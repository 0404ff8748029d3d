-- scripts/api/marketplace/deliverables.lua -- /deliverables-upload, and the files for the parties of a transaction.

local api = require "human.api"
local s = require "human.schema"
local deliverables = require "marketplace.deliverables"
require "api.marketplace.auth"

local M = {}
local g = api.group { tag = "Transactions", base = "", auth = "market_key" }

local FILE_MAX = 50 * 1024 * 1024

g:post("/deliverables-upload", {
  summary = "Upload a file, whose storage_path goes with transactions-deliver", limit = { rate = 1, burst = 20 },
  body = { ["multipart/form-data"] = s.object {
    file = s.upload { max = FILE_MAX }:optional(), transaction_id = s.uuid:optional() } },
  reply = { [201] = s.object { { "storage_path", s.string }, { "size_bytes", s.int }, { "sha256", s.string },
                               { "media_type", s.string:describe "As the file's beginning says" } } },
  errors = { "missing_file", "not_found", "forbidden", "unsupported_media_type", "payload_too_large" },
}, function(ctx, body)
  if not body.file then ctx:fail "missing_file" end
  return 201, deliverables.keep(ctx.actor, body.file, body.transaction_id)
end)

g:get("/deliverables/{id}/{name}", {
  operation_id = "deliverablesGet",
  summary = "Get a file of a transaction of yours", params = { id = s.uuid, name = s.string { min = 1, max = 100 } },
  reply = { [200] = s.raw "application/octet-stream" }, errors = { "not_found" },
}, function(ctx) deliverables.send(ctx, ctx.params.id, ctx.params.name) end)

return M
