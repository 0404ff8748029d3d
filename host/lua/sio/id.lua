-- host/lua/sio/id.lua -- ids of sessions and sockets.
-- A session's id is a secret (whoever has it may post into the session) and identifies its worker; a
-- socket's id is public.  Both are 20 characters of base64url.

local host = require "human.core.host"

local find, gsub, sub = string.find, string.gsub, string.sub

local M = {}
local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
local URL_SAFE = { ["+"] = "-", ["/"] = "_" }

--- 120 random bits.
function M.random()
  return (gsub(host.base64(host.random(15)), "[+/]", URL_SAFE))
end

--- A session id of this worker, whose index is the first character minus the second.
function M.session()
  local id = M.random()
  local mask = find(ALPHABET, sub(id, 2, 2), 1, true) - 1
  local i = (host.worker() + mask) % 64 + 1
  return sub(ALPHABET, i, i) .. sub(id, 2)
end

--- The index of the worker that made a session id; nil if none can have made it.
function M.owner(sid)
  if #sid ~= 20 or find(sid, "[^%w_-]") then return nil end
  local i = find(ALPHABET, sub(sid, 1, 1), 1, true) - 1
  local mask = find(ALPHABET, sub(sid, 2, 2), 1, true) - 1
  return (i - mask) % 64
end

return M
