-- spec/e2e/scripts/flood/api/flood/flood.lua -- answers that do not end, for clients that do not read.

local s = require "human.schema"
local g = require("human.api").group { tag = "Flood", auth = false, shape = "agent" }

local LINE = ("x"):rep(8000)
local ANSWER = ("y"):rep(100000)

g:stream("/flood", { summary = "Events without end" }, function(ctx)
  local out = ctx:stream()
  while out:event(nil, LINE) do end
end)

g:get("/large", { summary = "A long answer", reply = { [200] = s.raw "text/plain" } }, function() return 200, ANSWER end)

return g
