-- scripts/gateway/v1/events.lua -- the pieces of an answer on their way to the worker whose client waits for it (/v1).
-- Messages of the bus, which may be lost: each says where in its step it belongs, and the whole is in the database.

local bus = require "human.bus"
local cut = require("human.text").cut
local ends = require "gateway.ends"

local M = {}

M.TOPIC = "gateway.v1"
M.CAUSE = "v1"                                   -- of runs that a request of /v1 waits for
local PART_BYTES = 1000                          -- of a message, which has room for 7000 bytes of JSON

local function is_mine(run) return run and run.cause and run.cause:sub(1, #M.CAUSE + 1) == M.CAUSE .. ":" end

--- What gateway.news tells.  payload.at: where in the text of its step the piece begins.
function M.tell(name, payload)
  if name ~= "chat" or payload.state ~= "chunk" or not is_mine(payload.run) then return end
  local text, from = payload.message, 1
  while from <= #text do
    local part = cut(text:sub(from, from + PART_BYTES), PART_BYTES)
    if part == "" then return end
    bus.publish(M.TOPIC, { cause = payload.run.cause, step = payload.step, at = payload.at + from - 1, text = part })
    from = from + #part
  end
end

ends.on(M.CAUSE, function(tx, run)
  tx:after_commit(function() bus.publish(M.TOPIC, { cause = run.cause, over = true }) end)
end)

return M
