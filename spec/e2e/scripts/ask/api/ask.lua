-- spec/e2e/scripts/ask/api/ask.lua -- POST /ask {request}: {reply}, what human.llm makes of it, both JSON in a string.

local api = require "human.api"
local json = require "human.json"
local llm = require "human.llm"
local s = require "human.schema"
require "agent.providers.init"

local g = api.group { tag = "Ask", auth = false, shape = "agent" }

g:post("/ask", {
  summary = "Ask the model", body = s.object { request = s.string { max = 65536 } },
  reply = { [200] = s.object { reply = s.string } },
}, function(_, body)
  local reply, err = llm.chat(json.decode(body.request))
  return 200, { reply = json.encode(reply or { code = err.code, message = err.message }) }
end)

return g
