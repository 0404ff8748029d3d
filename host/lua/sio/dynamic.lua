-- host/lua/sio/dynamic.lua -- dynamic namespaces: those that match a pattern, or that a function accepts.
-- A namespace is created with its first socket and deleted with its last,
-- so that clients that invent names leave nothing behind.

local log = require "human.log"
local namespaces = require "human.sio.namespace"
local timer = require "human.core.timer"

local M = {}
local NAMESPACES_MAX = 1000    -- existing dynamic ones per server and worker
local JOINED_MAX = 32          -- per session
local NAME_MAX = 256           -- bytes; the parser accepts no longer ones

--- The key in server.namespaces for `name`: a literal, a pattern that begins with "^/", or a function, which is
--- identified by its position in the order of declarations.
function M.declare(server, name)
  if type(name) == "string" and name:byte(1) == 47 then return name end
  local list = server.dynamic or {}
  server.dynamic = list
  local key = type(name) == "string" and name or "function " .. #list + 1
  list[#list + 1] = { key = key, matches = type(name) == "function" and name or function(text)
    return text:find(name) ~= nil
  end }
  return key
end

-- The key of the first declaration that accepts the name, or nil.
local function parent_of(server, name, auth)
  if #name > NAME_MAX or name:byte(1) ~= 47 then return nil end
  for _, one in ipairs(server.dynamic or {}) do
    local ok, yes = pcall(one.matches, name, auth)
    if not ok then
      log.error("socket.io: a namespace's function failed", { namespace = one.key, error = tostring(yes) })
    elseif yes then
      return one.key
    end
  end
end

--- The namespace `name`, to send to, even if it does not exist now; nil if it cannot exist.
function M.of(server, name)
  local rt = server.conf.rt
  if rt.namespaces[name] then return rt.namespaces[name] end
  if server.namespaces[name] and name:byte(1) == 47 then return namespaces.get(rt, name) end
  local parent = parent_of(server, name)
  return parent and namespaces.make(rt, name, parent)
end

local function made(server, name, auth)
  local rt = server.conf.rt
  local parent = parent_of(server, name, auth)
  if not parent then return nil, "Invalid namespace" end
  if (rt.n_dynamic or 0) >= NAMESPACES_MAX then return nil, "Too many namespaces" end
  rt.n_dynamic = (rt.n_dynamic or 0) + 1
  local nsp = namespaces.make(rt, name, parent)
  rt.namespaces[name] = nsp
  return nsp
end

--- The namespace that a client of `session` requests; or nil and the reason.
function M.enter(session, server, name, auth)
  local nsp, why = session.conf.rt.namespaces[name], nil
  if not nsp then
    if server.namespaces[name] then return namespaces.get(session.conf.rt, name) end
    if server.dynamic then nsp, why = made(server, name, auth) end
  end
  if not nsp or not server.namespaces[nsp.parent or name] then return nil, why or "Invalid namespace" end
  if not nsp.parent then return nsp end
  if (session.dynamic or 0) >= JOINED_MAX then
    M.sweep(nsp)
    return nil, "Too many namespaces"
  end
  session.dynamic, nsp.users = (session.dynamic or 0) + 1, nsp.users + 1
  return nsp
end

-- One timer, however often clients come and go.
local function sweep_later(nsp)
  timer.cancel(nsp.sweeper)
  nsp.sweeper = timer.start(nsp.log.seconds, M.sweep, nsp)
end

--- Ends a dynamic namespace without sockets.
function M.sweep(nsp)
  local rt = nsp.rt
  if nsp.users > 0 or rt.namespaces[nsp.name] ~= nsp then return end
  if nsp.log and nsp.log.n_away > 0 then return sweep_later(nsp) end
  rt.namespaces[nsp.name] = nil
  rt.n_dynamic = rt.n_dynamic - 1
end

--- A socket of a dynamic namespace is gone.
function M.leave(session, nsp)
  session.dynamic, nsp.users = session.dynamic - 1, nsp.users - 1
  if nsp.users > 0 then return end
  if nsp.log then return sweep_later(nsp) end    -- its socket may come back
  M.sweep(nsp)
end

return M
