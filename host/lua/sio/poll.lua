-- host/lua/sio/poll.lua -- the answers to a session's polls and posts: framed for its protocol revision, compressed if
-- that is worth it.

local access = require "human.observe.request_log"
local encoding = require "human.http.encoding"
local engine = require "socketio.engine"
local engine3 = require "socketio.engine3"
local host = require "human.core.host"
local connections = require "human.http.connections"

local byte = string.byte
local respond = access.protocol "/socket.io/"

local M = {}
local LEVEL = 1                -- of compression: low, since an answer is used only once
local BYTES = "Content-Type: application/octet-stream\r\nCache-Control: no-store\r\n"

M.respond = respond

-- lines: the header lines of the answer.
local function answer(self, body, lines)
  local req = self.poll
  self.poll = nil
  connections.unbind(req)
  respond(req, 200, lines, body)
end

--- Answers the held poll with one packet.
function M.answer(self, packet)
  if self.v3 then packet = engine3.encode_payload({ packet }, 1) end
  answer(self, packet, self.headers.poll)
end

--- Answers the post.
function M.answer_post(self, status, body)
  local req = self.post
  self.post, self.body = nil, nil
  connections.unbind(req)
  respond(req, status, self.headers.ok, body, "POST")
end

-- A CONNECT packet contains secret ids, and the length of compressed data reveals its content.
local function has_secret(out)
  for i = 1, out.n do
    local packet = out[i]
    if type(packet) == "string" then
      local kind, what = byte(packet, 1, 2)
      if kind == 52 and what == 48 then return true end
    end
  end
  return false
end

local function answer_compressed(self, body, lines)
  local coding = encoding.choose(host.header(self.poll, "accept-encoding"))
  local smaller = coding and encoding.compress(coding, body, LEVEL)
  lines = lines .. "Vary: Accept-Encoding\r\n"
  if not smaller then return answer(self, body, lines) end
  answer(self, smaller, lines .. "Content-Encoding: " .. coding .. "\r\n")
end

--- Answers the held poll with everything queued.
function M.flush(self)
  local out, lines = self.out, self.headers.poll
  self.out = nil
  local secret = out.bytes >= self.conf.compress_min and has_secret(out)
  local body, is_bytes
  if self.v3 then
    body, is_bytes = engine3.encode_payload(out, out.n, host.base64, self.b64)
    if is_bytes then lines = BYTES .. self.headers.none end
  else
    body = engine.encode_payload(out, out.n, host.base64)
  end
  if #body >= self.conf.compress_min and not secret then return answer_compressed(self, body, lines) end
  answer(self, body, lines)
end

return M
