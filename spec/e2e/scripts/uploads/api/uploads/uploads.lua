-- spec/e2e/scripts/uploads/api/uploads/uploads.lua -- files as bodies and in forms, for uploads.test.mjs.

local api = require "human.api"
local s = require "human.schema"
local task = require "human.task"

local M = {}
api.auth("upload_key", { type = "apiKey", header = "X-API-Key" }, function(_, token)
  return token == "good" and { id = "u1" } or nil
end)
local g = api.group { tag = "Uploads", base = "/up", auth = false }
local MB = 1048576
local File = s.object { filename = s.string:optional(), content_type = s.string, size = s.int, sha256 = s.string }

g:post("/whole", { summary = "A file", body = s.upload { max = 256 * MB }, reply = { [200] = File } },
  function(_, file) return 200, file end)

g:post("/small", { summary = "A small file", body = s.upload { max = MB }, reply = { [200] = File } },
  function(_, file) return 200, file end)

g:post("/secret", { summary = "A file of somebody", auth = "upload_key", body = s.upload, reply = { [200] = File } },
  function(_, file) return 200, file end)

g:post("/form/{id}", {
  summary = "A form", params = { id = s.int },
  body = {
    ["multipart/form-data"] = s.object {
      title = s.string { max = 20 }, count = s.int:optional(), tags = s.array(s.string):optional(),
      photo = s.upload { max = 256 * MB }:optional(), docs = s.array(s.upload { max = MB }, { max = 3 }):optional(),
    },
    ["application/json"] = s.object { title = s.string },
  },
  reply = { [200] = s.object {
    title = s.string, count = s.int:optional(), tags = s.array(s.string):optional(), photo = File:optional(),
    docs = s.array(File):optional(),
  } },
}, function(_, body) return 200, body end)

g:post("/keep", {
  summary = "A file that stays", query = { root = s.string, to = s.string }, body = s.upload,
  reply = { [200] = s.object { ok = s.bool, path = s.string, why = s.string:optional() } },
}, function(ctx, file)
  local ok, why = file:move(ctx.query.root, ctx.query.to)
  return 200, { ok = ok, path = file.path, why = why }
end)

g:post("/hold", { summary = "A file that is held", body = s.upload, reply = { [200] = File } }, function(_, file)
  task.sleep(25)
  return 200, file
end)

return M
