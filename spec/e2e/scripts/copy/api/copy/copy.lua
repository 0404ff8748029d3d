-- spec/e2e/scripts/copy/api/copy/copy.lua -- gives back what it gets, up to 16 MB.

local s = require "human.schema"
local g = require("human.api").group { tag = "Copy", auth = false, shape = "agent" }

g:post("/copy", { summary = "A copy of the body", body = s.raw("application/octet-stream", { max = 16777216 }),
                  body_max = 16777216, reply = { [200] = s.raw "application/octet-stream" } },
  function(_, body) return 200, body end)

return g
