-- spec/slice/api/shop/files.lua -- POST a file to /shop/files; GET it by its hash.
local api = require "human.api"
local s = require "human.schema"
local uploads = require "shop.uploads"

local g = api.group { tag = "Files", base = "/shop/files", auth = "customer" }
local Hash = s.string { min = 64, max = 64, pattern = "^[0-9a-f]+$", form = "a SHA-256 in hex" }

g:post("", {
  summary = "Keep a file", idempotent = false,   -- its hash is its name: what comes twice is kept once
  body = { ["multipart/form-data"] = s.object { file = s.upload { max = 4000000 } } },
  reply = { [201] = s.object { size = s.int, sha256 = Hash } },
}, function(ctx, body)
  uploads.keep(ctx.actor.id, body.file)
  return 201, { size = body.file.size, sha256 = body.file.sha256 }
end)

g:get("/{sha256}", {
  summary = "Get it back", params = { sha256 = Hash }, reply = { [200] = s.raw "application/octet-stream" },
  errors = { "not_found" },
}, function(ctx)
  uploads.get(ctx.actor.id, ctx.params.sha256)
  if not uploads.root():send(ctx, ctx.params.sha256) then ctx:fail "not_found" end
end)

return {}
