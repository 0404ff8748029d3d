-- scripts/api/gateway/sent.lua -- GET /ui/files/{id}: a file that the agent has sent to a session, for those who may
-- read the session.  A browser shows pictures, runs nothing of what it gets, and lets no other page have it.

local s = require "human.schema"
local api = require "human.api"
local config = require "human.config"
local sent = require "gateway.sent"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = api.group { tag = "Chat", auth = { "gateway_cookie", "gateway_client" }, shape = "gateway", headers = "api",
                      cors = table.concat(config.gateway.cors_origins, ",") }

-- RFC 6266; the name has no control characters.
local function disposition(file)
  local plain = file.name:gsub("[^%w%.%-_ ]", "_")
  local exact = file.name:gsub("[^%w%.%-_]", function(c) return ("%%%02X"):format(c:byte()) end)
  local kind = file.type:find "^image/" and "inline" or "attachment"
  return ("%s; filename=\"%s\"; filename*=UTF-8''%s"):format(kind, plain, exact)
end

local function may_read(actor)
  for _, role in ipairs(surface.READERS) do
    if actor.role == role then return true end
  end
  return false
end

g:get(sent.PATH .. "{id}", {
  summary = "A file that the agent has sent, for those who may read its session", params = { id = s.id },
  description = "Events `chat` with the state `file`, and `files` in chat.history, have its address.",
  limit = { rate = 10, burst = 60 }, reply = { [200] = s.raw "*/*" }, errors = { "file_not_found", "forbidden" },
}, function(ctx)
  if not may_read(ctx.actor) then ctx:fail(ctx.actor.role and "forbidden" or "unauthorized") end
  local file = sent.get(ctx.params.id)
  if not file then ctx:fail "file_not_found" end
  return 200, file.data, {
    ["content-type"] = file.type, ["content-disposition"] = disposition(file),
    ["content-security-policy"] = "sandbox; default-src 'none'", ["cross-origin-resource-policy"] = "same-origin",
  }
end)

return M
