-- host/lua/http/file_answer.lua -- a file of a root as the answer of a handler (human.files, root:send).
-- C sends it, with ranges and 304, without any script.  The handler alone decides its name and type: a browser
-- neither guesses the type nor runs the file.

local access = require "human.observe.request_log"
local cors = require "human.http.cors"
local headers_of = require "human.http.headers"
local host = require "human.core.host"
local log = require "human.log"
local sched = require "human.core.sched"

local M = {}
local Sent = {}
Sent.__index = Sent
local PRIVATE, METHOD, GONE, DOWN = host.ASSET.PRIVATE, host.ASSET.METHOD, host.E.GONE, host.E.DOWN
local NAME_MAX = 255

-- RFC 6266: the name in ASCII for old clients, and in UTF-8.
local function disposition(options)
  local kind, name = options.inline and "inline" or "attachment", options.filename
  if not name then return kind end
  if type(name) ~= "string" or #name > NAME_MAX then
    error("root:send: filename must be a text of up to 255 bytes", 4)
  end
  local plain = name:gsub("[^%w%.%-_ ]", "_")
  local exact = name:gsub("[^%w%.%-_]", function(c) return ("%%%02X"):format(c:byte()) end)
  return ("%s; filename=\"%s\"; filename*=UTF-8''%s"):format(kind, plain, exact)
end

local function head_of(ctx, options)
  local route, mime = ctx.route, options.type or "application/octet-stream"
  local lines, why = headers_of.lines { ["content-type"] = mime, ["content-disposition"] = disposition(options),
                                        ["content-security-policy"] = "sandbox; default-src 'none'" }
  if not lines then error("root:send: " .. why, 4) end
  return lines .. route.common_head .. (route.cors.varies and cors.headers(route.cors, ctx.req) or "")
    .. "x-request-id: " .. ctx.id .. "\r\n"
end

-- Serves as ctx.out in request.lua: the answer has been sent and cannot change.
function Sent:handled() access.done(self.ctx, self.status, self.ctx.is_head and 0 or self.bytes) end

function Sent:fail(f)
  log.error("failed after a file had been sent", { request_id = self.ctx.id, error = f.message })
  self:handled()
end

function Sent.abandon() end

--- Answers ctx with the file.  200, or one of host.ASSET if there is none, or an error of the host.
function M.send(ctx, directory, name, options)
  if ctx.out then error("root:send: the request is answered already", 3) end
  if ctx.route.method ~= "GET" then error("root:send: only in a handler of g:get", 3) end
  local op = host.asset_file(sched.owner(), ctx.req, directory, name, PRIVATE, head_of(ctx, options or {}))
  local status, bytes = sched.await(op)
  if status == DOWN then return host.ASSET.NONE end -- the root does not exist yet
  if status ~= GONE and status <= METHOD then return status end
  ctx.out = setmetatable({ ctx = ctx, status = status == GONE and 499 or status, bytes = tonumber(bytes) or 0 }, Sent)
  return 200
end

return M
