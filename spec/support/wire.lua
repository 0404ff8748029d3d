-- spec/support/wire.lua -- a client of a connection that this process itself serves.
-- The connection enters through pass_adopt(), as if another worker had passed it.

local ffi = require "ffi"
local host = require "human.core.host"
local sched = require "human.core.sched"

local M = {}
local Client = {}
Client.__index = Client

require "c_types" ("sys/socket.h", "socketpair", "send", "recv", "shutdown", "SOCK_STREAM", "MSG_DONTWAIT")
require "c_types" ("unistd.h", "close")
local C = require "c_types" ("net/pass.c", "pass_head", "PASS_MARK", "pass_adopt", "conn_count")

local UNIX, STREAM, NONBLOCK, DONTWAIT, NOSIGNAL = 1, 1, 2048, 64, 16384
local PATIENCE_S = 30

--- A connection on which `bytes` have arrived already.
function M.open(bytes)
  local fds, head = ffi.new "int[2]", ffi.new("pass_head", { mark = C.PASS_MARK, peer = { UNIX } })
  assert(C.socketpair(UNIX, STREAM + NONBLOCK, 0, fds) == 0)
  local raw = ffi.string(head, ffi.sizeof(head)) .. (bytes or "")
  C.pass_adopt(fds[0], raw, #raw)
  return M.client(fds[1])
end

--- A client on a connected socket, which it owns.
function M.client(fd)
  return setmetatable({ fd = fd, got = "", ended = false }, Client)
end

function M.count() return C.conn_count() end

--- fn(id, status, target) gets every request from now on; nil: nobody.
function M.serve(fn)
  sched.on_event(host.EV.REQUEST, fn and function(status, id, _, target) fn(id, status, target) end
    or function() end)
end

--- Wait until what() is true; it is looked at whenever the loop has turned.  Raises after patience_s (30).
function M.eventually(what, patience_s)
  local limit = host.clock() + (patience_s or PATIENCE_S)
  while not what() do
    if host.clock() > limit then error("it did not happen in time", 2) end
    sched.sleep(0.002)
  end
end

function Client:send(text)
  local at = 0
  M.eventually(function()
    local n = tonumber(C.send(self.fd, text:sub(at + 1), #text - at, DONTWAIT + NOSIGNAL))
    if n > 0 then at = at + n end
    return at == #text
  end)
end

local memory = ffi.new "char[65536]"

local function take(self)
  local n = tonumber(C.recv(self.fd, memory, 65536, DONTWAIT))
  if n > 0 then self.got = self.got .. ffi.string(memory, n) end
  if n == 0 or (n < 0 and ffi.errno() ~= 11) then self.ended = true end
end

--- The next n bytes.
function Client:read(n)
  M.eventually(function()
    if #self.got < n then take(self) end
    return #self.got >= n or self.ended
  end)
  local text = self.got:sub(1, n)
  self.got = self.got:sub(n + 1)
  return text
end

--- Everything until the server closes.
function Client:read_all(patience_s)
  M.eventually(function()
    take(self)
    return self.ended
  end, patience_s)
  return self.got
end

--- One answer with a Content-Length: its status, its head, its body.
function Client:answer()
  local head, length
  M.eventually(function()
    take(self)
    head = self.got:match "^(.-\r\n\r\n)"
    return head or self.ended
  end)
  if not head then return nil end
  length = tonumber(head:match "[Cc]ontent%-[Ll]ength: (%d+)" or 0)
  self:read(#head)
  return tonumber(head:match "^HTTP/1.1 (%d+)"), head, self:read(length)
end

function Client:half_close() C.shutdown(self.fd, 1) end

function Client:close()
  if self.fd then C.close(self.fd) end
  self.fd = nil
end

return M
