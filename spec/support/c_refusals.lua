-- spec/support/c_refusals.lua -- what C refuses at the boundary (host/http/respond.c, request.c, ws.c), for the fake
-- host.  spec/host/refused_answers_spec.lua runs the same cases against both.

local plain_host = require "plain_host"

local M = {}
local INVAL = -5
local TOKEN = "^[%w!#$%%&'*+%-.^_`|~]+$"
local OWN = { ["content-length"] = true, ["transfer-encoding"] = true, date = true }
local utf8_ok = plain_host.new().utf8_ok

local function header_line(line)
  local name, value = line:match "^([^:]*):(.*)$"
  return name and name:find(TOKEN) and not value:find "[%z\1-\8\10-\31\127]" and not OWN[name:lower()]
end

local function header_lines(text)
  local at = 1
  while at <= #text do
    local lf = text:find("\n", at, true)
    if not lf or text:sub(lf - 1, lf - 1) ~= "\r" or lf - 1 < at then return false end
    if not header_line(text:sub(at, lf - 2)) then return false end
    at = lf + 1
  end
  return true
end

--- 0, or why host.respond and host.stream would refuse.
function M.answer(status, headers)
  if status ~= math.floor(status) or status < 200 or status > 599 then return INVAL end
  return header_lines(headers) and 0 or INVAL
end

function M.ws_send(opcode, data)
  if opcode == 9 or opcode == 10 then return #data <= 125 and 0 or INVAL end
  if opcode == 1 then return utf8_ok(data) and 0 or INVAL end
  return opcode == 2 and 0 or INVAL
end

local function code_ok(code)
  return code >= 3000 and code <= 4999 or code >= 1000 and code <= 1014 and (code < 1004 or code > 1006)
end

function M.ws_close(code, reason)
  if code ~= 0 and not code_ok(code) or code == 0 and reason ~= "" then return INVAL end
  return #reason <= 123 and utf8_ok(reason) and 0 or INVAL
end

function M.ws_protocol(protocol)
  if protocol == "" then return 0 end
  return #protocol <= 128 and protocol:find(TOKEN) and 0 or INVAL
end

function M.refusal(prefix, status, body)
  return prefix:sub(1, 1) == "/" and #prefix <= 255 and #body <= 1024 and status >= 400 and status <= 599 and 0 or INVAL
end

function M.body_limit(prefix, bytes)
  return prefix:sub(1, 1) == "/" and bytes >= 0 and bytes <= 1e12 and 0 or INVAL
end

return M
