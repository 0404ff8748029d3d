-- host/lua/sio/dispatch.lua -- dispatches packets to handlers: CONNECT, events, acknowledgements, disconnects.
-- Packets of one socket are handled one after another, by one task that lives while there are any.
-- Others wait in the socket's mailbox; a full one pauses reading from its session.
-- Handlers are looked up when they are called, so a reload takes effect with the next packet.

local binary = require "socketio.binary"
local dynamic = require "human.sio.dynamic"
local encode = require "human.sio.encode"
local engine = require "human.sio.engine"
local fail = require "human.fail"
local grants = require "human.http.grants"
local host = require "human.core.host"
local http = require "human.sio.http"
local log = require "human.log"
local namespaces = require "human.sio.namespace"
local parser = require "socketio.parser"
local recovery = require "human.sio.recovery"
local room = require "human.sio.room"
local sched = require "human.core.sched"
local sockets = require "human.sio.socket"
local timer = require "human.core.timer"

local spawn_as, declared = sched.spawn_as, namespaces.declared

local decode = parser.decoder { json_decode_from = encode.from_json, max_attachments = 10 }

local MAILBOX = 64             -- pending packets per socket
local HANDLER_S = 30           -- a handler that waits longer is cancelled
local OVERDUE = setmetatable({}, { __tostring = function() return "handler took over 30 s" end })
local OUT_OF_SERVICE = "it has ended several workers, and is off until the next reload"
local OPEN, CLOSE, ACKED = {}, {}, {} -- mark CONNECT, the end and acknowledgements in a mailbox

local labels = {}              -- declared namespace -> event -> host.label()

local function label_of(nsp, event)
  local of_nsp = labels[nsp]
  if not of_nsp then
    of_nsp = {}
    labels[nsp] = of_nsp
  end
  local label = of_nsp[event]
  if not label then
    label = host.label("socket.io " .. nsp .. " " .. event)
    of_nsp[event] = label
  end
  return label
end

-- Handlers -------------------------------------------------------------------------------------------

local function trap(err)
  if type(err) ~= "string" then return err end
  return debug.traceback(err, 2)
end

local function report(socket, what, err)
  if err == sched.Canceled then return end
  log.error("socket.io handler failed", { handler = what, namespace = socket.nsp.name,
                                          error = fail.is(err) and err.code or tostring(err) })
end

-- Labels what the task does next.  False: that has ended too many workers and must not run.
local function may_run(socket, event)
  local label = label_of(socket.nsp.title, event)
  sched.name(label, socket.id)
  return sched.struck == 0 or not host.is_struck(label)
end

local function call(socket, what, handler, ...)
  local ok, err = xpcall(handler, trap, socket, ...)
  if not ok then report(socket, what, err) end
end

-- The current scripts' handlers for the socket's namespace, after upgrading its data; or nil.
local function handlers_of(socket)
  local decl, id = declared(socket.nsp)
  if not decl or socket.gen == id then return decl end
  local from = socket.gen
  socket.gen = id
  if not from or not decl.on_upgrade then return decl end
  local ok, data = xpcall(decl.on_upgrade, trap, socket.data, from, id)
  if ok then
    if type(data) == "table" then socket.data = data end
    return decl
  end
  report(socket, "on_upgrade", data)
  socket:disconnect(true)
end

-- One event.  ack: the client's acknowledgement id or false.
local function on_event(socket, args, ack)
  local decl = handlers_of(socket)
  if not decl then return end
  local name = args[1]
  local handler = decl.on and decl.on[name]
  local n, first = #args, 2
  local event = handler and name or "*"
  if not handler then
    handler, first = decl.on_any, 1
    if not handler then return end
  end
  if not may_run(socket, event) then return report(socket, tostring(name), OUT_OF_SERVICE) end
  local ok, err
  if ack then
    n = n + 1
    args[n] = sockets.ack_function(socket, ack)
  end
  if n == first then ok, err = xpcall(handler, trap, socket, args[n])
  else ok, err = xpcall(handler, trap, socket, unpack(args, first, n)) end
  if not ok then report(socket, tostring(name), err) end
end

-- CONNECT --------------------------------------------------------------------------------------------

-- Removes the socket from its session.
local function unhook(session, socket)
  if session.root == socket then
    session.root = false
  elseif session.socks then
    session.socks[socket.nsp.name] = nil
  end
  if socket.nsp.parent then dynamic.leave(session, socket.nsp) end
end

local function leave_all(socket)
  local mine = socket.rooms
  if not mine then return end
  local names = {}
  for name in pairs(mine) do names[#names + 1] = name end
  for _, name in ipairs(names) do socket:leave(name) end
end

local function refuse(socket, message, data)
  local session = socket.session
  leave_all(socket)
  unhook(session, socket)
  socket.session, socket.mail = false, false
  session:transmit(encode.refusal(session, socket.nsp.name, message, data))
end

-- Whether the script admits the socket; if not, the client gets the refusal.
local function authorized(socket, decl)
  if not decl.authorize then return true end
  local ok, allowed, message, data = xpcall(decl.authorize, trap, socket)
  if not socket.session then return false end
  if ok and allowed then return true end
  if not ok then
    report(socket, "authorize", allowed)
    message, data = "Internal server error", nil
  end
  refuse(socket, message or "Unauthorized", data)
  return false
end

local function admit(socket, missed)
  local session, nsp = socket.session, socket.nsp
  local pid = nsp.log and recovery.admit(nsp.log, socket) or nil
  socket.at = room.add(nsp.all, socket)
  nsp.sockets_by_id[socket.id] = socket
  if socket.rooms then
    for name in pairs(socket.rooms) do nsp.rooms[name].ids = false end
  end
  timer.cancel(session.connect_timer)
  session.connect_timer = nil
  for _, event in ipairs(missed or {}) do -- before the CONNECT, as the reference does
    session:transmit(event.packet, event.parts)
  end
  session:transmit(encode.connect(session, socket, pid))
end

local function on_open(socket, auth)
  local nsp = socket.nsp
  if not may_run(socket, "connect") then return refuse(socket, "Out of service", { code = "route_disabled" }) end
  local missed
  if namespaces.log_of(nsp) and auth and auth.pid then missed = recovery.restore(nsp, socket, auth) end
  local decl = handlers_of(socket)
  if not socket.session then return end
  if not decl then return refuse(socket, "Invalid namespace") end
  if not authorized(socket, decl) then return end
  if missed and recovery.part(socket) then
    missed = nil
    if not authorized(socket, decl) then return end
  end
  admit(socket, missed)
  if decl.on_connect then call(socket, "on_connect", decl.on_connect) end
end

local function on_end(socket, reason)
  local decl = handlers_of(socket)
  if not may_run(socket, "disconnect") then return report(socket, "on_disconnect", OUT_OF_SERVICE) end
  if decl and decl.on_disconnect then call(socket, "on_disconnect", decl.on_disconnect, reason) end
end

local function on_acked(socket, mark, args)
  local decl = handlers_of(socket)
  if not decl or not decl.on_ack or not may_run(socket, "ack") then return end
  call(socket, "on_ack", decl.on_ack, mark, unpack(args, 1, #args))
end

-- Mailboxes --------------------------------------------------------------------------------------------

local function handle(socket, args, ack)
  if args == OPEN then return on_open(socket, ack) end
  if args == CLOSE then return on_end(socket, ack) end
  if args == ACKED then return on_acked(socket, ack[1], ack[2]) end
  on_event(socket, args, ack)
end

-- The next packet and its acknowledgement id, or nil.
local function take(socket)
  local mail, first = socket.mail, socket.mail.first
  local args, ack = mail[first], mail[first + 1]
  if not args then
    socket.mail = false
    return nil
  end
  mail[first], mail[first + 1], mail.first = nil, nil, first + 2
  if mail.full and mail.last - mail.first < MAILBOX then
    mail.full = false
    if socket.session then socket.session:resume() end
  end
  return args, ack
end

local function work(socket, args, ack)
  while true do
    handle(socket, args, ack)
    if not socket.mail then break end
    args, ack = take(socket)
    if not args then break end
    sched.current().gen = sched.generation         -- a busy socket's task may outlive the scripts it began with
    sched.deadline(sched.current(), HANDLER_S, OVERDUE)
  end
  socket.busy = false
end

-- A handler that caught every error and waited on was abandoned.
local function on_finish(task, err)
  if not err then return end
  local socket = task.socket
  report(socket, "abandoned", err)
  socket.busy, socket.mail = false, false
  if socket.session then socket.session:close "forced server close" end
end

local function enqueue(socket, args, ack)
  local mail = socket.mail
  if not mail then
    mail = { first = 1, last = 0, full = false }
    socket.mail = mail
  end
  local last = mail.last + 2
  mail[last - 1], mail[last], mail.last = args, ack, last
  if not mail.full and last - mail.first >= MAILBOX * 2 - 1 and socket.session then
    mail.full = true
    socket.session:pause()
  end
end

-- Handles `args`: at once if the socket is idle.  A handler that does not wait costs no timer.
local function deliver(socket, args, ack)
  if socket.busy then return enqueue(socket, args, ack) end
  socket.busy = true
  spawn_as({ co = false, ended = false, awaits = 0, limit = HANDLER_S, limit_error = OVERDUE,
             on_finish = on_finish, socket = socket, label = 0, ref = socket.id }, work, socket, args, ack)
end

-- The end of a socket ------------------------------------------------------------------------------------

local function close_socket(socket, reason)
  local session, nsp = socket.session, socket.nsp
  if not session then return end
  local grant = grants.drop(socket)
  unhook(session, socket)
  if not socket.at then -- it was never admitted
    leave_all(socket)
    socket.session = false
    return
  end
  local names = {}
  for name in pairs(socket.rooms or {}) do names[name] = true end
  leave_all(socket)
  local moved = room.remove(nsp.all, socket.at)
  if moved then moved.at = socket.at end
  if nsp.sockets_by_id[socket.id] == socket then nsp.sockets_by_id[socket.id] = nil end
  socket.at, socket.session, socket.hs = false, false, session.hs
  recovery.keep(nsp.log, socket, names, reason, session.conf.max_sessions, grant)
  sockets.end_acks(socket)
  local decl = declared(nsp)
  if socket.busy or decl and decl.on_disconnect then deliver(socket, CLOSE, reason) end
end

-- Packets ------------------------------------------------------------------------------------------------

local function find_socket(session, name)
  local root = session.root
  if root and root.nsp.name == name then return root end
  return session.socks and session.socks[name]
end

local function violation(session, reason, why)
  log.debug("socket.io client closed", { path = session.conf.path, reason = reason, why = why })
  session:close(reason)
end

-- Clients of Socket.IO 2 append a query to the namespace's name; it takes the place of auth.
local function split_query(name)
  local mark = name:find("?", 1, true)
  if not mark then return name, nil end
  return name:sub(1, mark - 1), http.parse_query(name:sub(mark + 1))
end

local function on_connect(session, name, auth)
  if session.v3 then name, auth = split_query(name) end
  if find_socket(session, name) then
    return violation(session, "forced server close", "second CONNECT")
  end
  local server, nsp, why = namespaces.server(session.conf.path), nil, "Invalid namespace"
  if server then nsp, why = dynamic.enter(session, server, name, auth) end
  if not nsp then return session:transmit(encode.refusal(session, name, why)) end
  local socket = sockets.new(session, nsp)
  if auth and next(auth) then socket.auth = auth end
  if session.v3 then socket.id = name == "/" and session.id or name .. "#" .. session.id end
  if not session.root then
    session.root = socket
  else
    session.socks = session.socks or {}
    session.socks[name] = socket
  end
  deliver(socket, OPEN, auth or false)
end

-- A complete packet of any kind.
local function on_packet(session, kind, name, id, data)
  if kind == 0 then return on_connect(session, name, data) end
  local socket = find_socket(session, name)
  if not socket or kind == 4 then
    return violation(session, "forced server close", "packet out of turn")
  end
  if kind == 2 or kind == 5 then return deliver(socket, data, id) end
  if kind == 1 then return close_socket(socket, "client namespace disconnect") end
  if id then sockets.on_ack(socket, id, data) end
end

local function on_text(session, packet)
  if session.pending or session.conf.packed then
    return violation(session, "parse error", "a binary message was expected")
  end
  local kind, name, id, data, count = decode(packet, 2)
  if kind == 2 then
    local socket = find_socket(session, name)
    if socket then return deliver(socket, data, id) end
  end
  if not kind then return violation(session, "parse error", name) end
  if count > 0 then
    session.pending = { kind = kind, name = name, id = id, data = data, count = count, parts = {} }
    return
  end
  on_packet(session, kind, name, id, data)
end

local function on_packed(session, bytes)
  local kind, name, id, data = encode.unpack(bytes)
  if not kind then return violation(session, "parse error", name) end
  on_packet(session, kind, name, id, data)
end

local function on_binary(session, bytes)
  if session.conf.packed then return on_packed(session, bytes) end
  local pending = session.pending
  if not pending then return violation(session, "parse error", "no attachment expected") end
  local parts = pending.parts
  parts[#parts + 1] = binary.new(bytes)
  if #parts < pending.count then return end
  session.pending = nil
  local data = pending.data and binary.restore(pending.data, parts)
  if not data then return violation(session, "parse error", "illegal attachments") end
  on_packet(session, pending.kind, pending.name, pending.id, data)
end

local function on_closed(session, reason)
  sockets.each(session, function(socket) close_socket(socket, reason) end)
end

-- Its rooms prepared their lists while the session was polling.
local function on_switched(session)
  sockets.each(session, function(socket)
    socket.nsp.all.ids = false
    for name in pairs(socket.rooms or {}) do socket.nsp.rooms[name].ids = false end
  end)
end

engine.attach(on_text, on_binary, on_closed, on_switched, function(session) on_connect(session, "/") end)
sockets.attach(close_socket, function(socket, mark, args) deliver(socket, ACKED, { mark, args }) end)

return {}
