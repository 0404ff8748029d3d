-- spec/e2e/scripts/rpc/api/control/chat.lua -- methods that answer at once and tell the rest by events, that wait, and that fail.

local api = require "human.api"
local rpc = require "human.rpc"
local s = require "human.schema"
local task = require "human.task"

local M = {}
local g = api.group { tag = "Chat" }
local text = s.string { min = 1, max = 1000 }

g:event("chat", { summary = "A part of an answer", payload = { state = s.string, message = s.string:optional(), runId = s.string } })
g:event("chat.chunk", { summary = "The same, streamed", payload = { content = s.string, done = s.bool } })
g:event("note", { summary = "For all operators", payload = { text = s.string } })

local function answer(conn, run_id, words, stream)
  for word in words:gmatch "%S+" do
    if not conn:event("chat", { state = "chunk", message = word, runId = run_id }) then return end
    if stream then conn:notify("chat.chunk", { content = word, done = false }) end
    task.sleep(0)
  end
  if stream then conn:notify("chat.chunk", { content = "", done = true }) end
  conn:event("chat", { state = "sent", message = words, runId = run_id })
end

g:rpc("chat.send", {
  summary = "Say something", params = { message = text, stream = s.bool:default(false), pace = s.enum { "slow", "fast" }:optional() },
  result = { status = s.string, runId = s.string },
}, function(ctx, params)
  ctx:after(answer, ctx.conn, ctx.id, params.message, params.stream)
  return { status = "queued", runId = ctx.id }
end)

g:rpc("wait", {
  summary = "Answer late", params = { seconds = s.number { min = 0, max = 60 } }, result = { gen = s.string }, timeout_s = 20,
}, function(_, params)
  task.sleep(params.seconds)
  return { gen = "first" }
end)

-- Answers once the same worker is asked to let it go, with what its own scripts say.
local held = require("human.state").table "rpc slice"
g:rpc("hold", { summary = "Answer when told", result = { gen = s.string } }, function()
  held.go = nil
  repeat task.sleep(0.01) until held.go
  return { gen = "first" }
end)
g:rpc("release", { summary = "Let it go", result = { gen = s.string } }, function()
  held.go = true
  return { gen = "first" }
end)

g:rpc("hurry", { summary = "Has a tenth of a second", timeout_s = 0.1 }, function() task.sleep(5) return {} end)

g:rpc("cancel", {
  summary = "End open calls", params = { id = s.json:optional(), method = s.string:optional() }, result = { canceled = s.int },
}, function(ctx, params)
  return { canceled = ctx.conn:cancel { id = tonumber(params.id) or params.id and params.id:match '^"(.*)"$', method = params.method } }
end)

g:rpc("sessions.get", {
  summary = "One session", params = { key = text }, result = { key = s.string }, errors = { "session_not_found", "too_dear" },
  roles = { "operator", "viewer" },
}, function(ctx, params)
  if params.key == "dear" then ctx:fail("too_dear", { price_usd = 5 }) end
  ctx:fail "session_not_found"
end)

g:rpc("count", { summary = "Once a while", limit = { rate = 0.1, burst = 2 } }, function() return {} end)

g:rpc("bug", { summary = "Fails" }, function() error "a secret of ours" end)

g:rpc("echo", {
  summary = "Give back", params = { value = s.json, nested = s.object { n = s.int { max = 10 } }:optional() }, result = { value = s.json },
}, function(_, params) return { value = params.value } end)

g:rpc("tell", { summary = "Tell all operators", params = { text = text } }, function(_, params)
  rpc.to("/control/ws", "operators"):event("note", { text = params.text })
  return {}
end)

return M
