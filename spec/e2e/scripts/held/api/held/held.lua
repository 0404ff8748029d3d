-- spec/e2e/scripts/held/api/held/held.lua -- a WebSocket and a stream that last as long as the key of who opened them.

local api = require "human.api"
local task = require "human.task"
require "api.agent.auth"

local g = api.group { tag = "Held", base = "/api/held", auth = "agent_key", shape = "agent" }

g:websocket("/ws", { summary = "Says hello" }, {
  on_open = function(conn) conn:send "hello" end,
})

g:stream("/stream", { summary = "Says hello, and goes on", events = "hello" }, function(ctx)
  local out = ctx:stream()
  out:event("hello", "there")
  while true do pcall(task.sleep, 60) end -- catches whatever it is told
end)

return g
