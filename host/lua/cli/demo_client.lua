-- host/lua/cli/demo_client.lua -- requests of the demo's actors: an ordinary client of the marketplace.

local fetch = require "human.fetch"
local json = require "human.json"

local M = {}
local CALL_S, STREAM_S, IDLE_S = 120, 600, 120

M.url = nil

local function decoded(answer)
  local value = answer.body ~= "" and json.decode(answer.body) or {}
  return type(value) == "table" and value or {}
end

--- One request: its status and body, a table.  o: {key, body, headers, method}.  Awaits.
function M.ask(path, o)
  local headers = { accept = "application/json", ["x-api-key"] = o.key }
  for name, value in pairs(o.headers or {}) do headers[name] = value end
  if o.body then headers["content-type"] = "application/json" end
  local answer, err = fetch { url = M.url .. path, method = o.body and "POST" or "GET", headers = headers,
                              body = o.body and json.encode(o.body), timeout_s = CALL_S }
  if not answer then error({ say = ("no answer from %s: %s"):format(M.url, err.message), code = 1 }, 0) end
  return answer.status, decoded(answer)
end

--- The same, and what is refused raises {say, status, code_of = the marketplace's code, body}.
function M.must(path, o)
  local status, body = M.ask(path, o)
  if status < 300 then return body end
  error({ say = ("%s: %d %s: %s"):format(path, status, tostring(body.code), tostring(body.error)), code = 1,
          status = status, code_of = body.code, body = body }, 0)
end

--- Follows a stream of server-sent events from where it is now: on_event(event); on_open() once it is open.  Returns
--- when it has ended.  Awaits.
function M.follow(path, key, parser, on_event, on_open)
  return fetch {
    url = M.url .. path, headers = { accept = "text/event-stream", ["x-api-key"] = key,
                                     ["last-event-id"] = parser.last_id ~= "" and parser.last_id or nil },
    timeout_s = STREAM_S, first_byte_s = IDLE_S, idle_s = IDLE_S,
    on_chunk = function(bytes)
      if on_open then on_open() end
      parser:feed(bytes, on_event)
    end,
  }
end

return M
