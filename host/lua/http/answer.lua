-- host/lua/http/answer.lua -- answers every request once, even if its answer is refused.
-- The only module that calls host.respond.  If the host refuses the answer (a header, a status, a request that
-- already streams), it becomes a bare 500, and if even that is impossible the connection is closed:
-- a client never waits for an answer that will not come.

local host = require "human.core.host"
local log = require "human.log"

local GONE, FULL = host.E.GONE, host.E.FULL

local M = {}
local HEAD = "content-type: application/json\r\n"
local BODY = '{"error":"internal_error","code":"internal"}'

--- An answer that the host cannot refuse.  Returns its status and size.
function M.last_resort(req)
  local sent = host.respond(req, 500, HEAD, BODY)
  if sent < 0 and sent ~= GONE then host.finish(req) end
  return 500, #BODY
end

--- Answers a request.  Returns the status and size of the answer, even if the client has left.
function M.send(req, status, lines, body)
  local sent = host.respond(req, status, lines, body)
  if sent >= 0 or sent == GONE or sent == FULL then return status, #body end -- FULL: C has ended the connection
  log.error("the host refused an answer", { status = status, error = host.error_name(sent), headers = lines })
  return M.last_resort(req)
end

return M
