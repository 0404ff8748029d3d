-- scripts/api/gateway/logs.lua -- logs.tail: this host's log, for operators, in the form that clients of the ancestor
-- ask for.

local json = require "human.json"
local log = require "human.log"
local s = require "human.schema"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "System"

-- At most `limit` of the lines: the oldest with a cursor, which the next call goes on from, the newest without one.
local function some(tail, limit, has_cursor)
  local n = #tail.lines
  if n <= limit then return tail.lines, tail.cursor end
  local lines, cursor = json.array {}, tail.cursor
  if has_cursor then
    for i = limit + 1, n do cursor = cursor - tail.sizes[i] end
  end
  local first = has_cursor and 0 or n - limit
  for i = 1, limit do lines[i] = tail.lines[first + i] end
  return lines, cursor
end

g:rpc("logs.tail", {
  summary = "The newest lines of this host's log, or those after a cursor; secrets are masked",
  roles = surface.OPERATOR,
  params = {
    cursor = s.int { min = 0 }:optional():describe "of an earlier call",
    limit = s.int { min = 1, max = 5000 }:default(500):describe "lines",
    maxBytes = s.int { min = 8192, max = 262144 }:default(262144),
  },
  result = {
    file = s.string, cursor = s.int, size = s.int, lines = s.array(s.string),
    truncated = s.bool:describe "there are more", reset = s.bool:describe "lines after the cursor are lost",
  },
}, function(_, p)
  local tail = log.tail(p.cursor, p.maxBytes)
  local lines, cursor = some(tail, p.limit, p.cursor ~= nil)
  return { file = "stderr", cursor = cursor, size = tail.cursor, lines = lines, truncated = #lines < #tail.lines,
           reset = tail.lost }
end)

return M
