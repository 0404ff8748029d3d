-- spec/slice/api/shop/chat.lua -- /shop/ws: runs that are begun, heard and aborted; /shop/runs/{id}: one as a stream.
local api = require "human.api"
local runs = require "shop.runs"
local s = require "human.schema"

local g = api.group { tag = "Chat", base = "/shop", auth = "customer" }
local Event = s.object {
  { "run_id", s.uuid }, { "n", s.int }, { "event", s.enum { "chunk", "done", "aborted" } },
  { "text", s.string:optional() }, { "due_at", s.int }, { "version", s.int },
}
local State = s.object { state = s.enum { "running", "done", "aborted" }, last = s.int }

-- Whatever connection of a customer began a run, all of them hear it.
g:rpc_socket("/ws", { summary = "Runs", dialects = { "jsonrpc", "gateway" }, on_open = function(conn)
  conn:join(conn.actor.id)
end })

g:event("chat.event", { summary = "What a run of yours says", payload = Event })

g:rpc("chat.send", {
  summary = "Begin a run; you name it, so that you may ask again", result = State, errors = { "run_not_found" },
  params = { run_id = s.uuid, message = s.string { min = 1, max = 2000 } },
}, function(ctx, params)
  runs.start(ctx.actor.id, params.run_id, params.message)
  return runs.get(ctx.actor.id, params.run_id)
end)

g:rpc("chat.resume", {
  summary = "What a run said since", params = { run_id = s.uuid, after = s.int { min = 0 } },
  result = { events = s.array(Event) }, errors = { "run_not_found" },
}, function(ctx, params)
  runs.get(ctx.actor.id, params.run_id)
  return { events = runs.since(params.run_id, params.after) }
end)

g:rpc("chat.abort", {
  summary = "End a run", params = { run_id = s.uuid }, result = State, errors = { "run_not_found" },
}, function(ctx, params)
  runs.get(ctx.actor.id, params.run_id)
  runs.abort(params.run_id)
  return runs.get(ctx.actor.id, params.run_id)
end)

g:stream("/runs/{run_id}", {
  summary = "Follow a run", params = { run_id = s.uuid }, errors = { "run_not_found" },
}, function(ctx)
  runs.get(ctx.actor.id, ctx.params.run_id)
  ctx:stream():follow("shop.run", ctx.params.run_id)
end)

return {}
