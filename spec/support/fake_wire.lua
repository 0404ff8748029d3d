-- spec/support/fake_wire.lua -- the client side of the fake host: requests and WebSockets.
-- It refuses what C refuses, so that no spec passes with an answer that a real host would not send.

local refused = require "c_refusals"

local M = {}
local real = package.loaded["human.core.host"]        -- for what is pure

local function add_requests(h, app, E)
  function h.header(req, name) return app.requests[req] and app.requests[req].headers[name] end
  function h.headers(req) return app.requests[req].headers end
  function h.headers_packed(req) return h.pack(h.headers(req)) end
  function h.header_nth(req, name, nth) return nth == 0 and h.header(req, name) or nil end
  function h.address(text)
    local address, bits = real.address(text)
    if not address then return nil end
    return address, app.trusted[address] and bits + h.PEER.TRUSTED or bits
  end
  function h.peer(req)
    local r = app.requests[req]
    if not r then return "", 0 end
    local _, bits = h.address(r.ip)
    return r.ip, (bits or 0) + r.bits
  end
  function h.body(req) return app.requests[req] and app.requests[req].body or "" end
  -- As in C: what a request can be told depends on what it was told before.
  local function unanswered(req, status, headers)
    local r = app.requests[req]
    if not r or r.over then return E.GONE end
    if r.answer then return E.INVAL end
    return refused.answer(status, headers)
  end
  function h.respond(req, status, headers, body)
    local e = unanswered(req, status, headers)
    if e < 0 then return e end
    local r = app.requests[req]
    r.over, r.answer = true, { status = status, head = headers, body = body }
    return r.aborted and E.GONE or 0
  end
  function h.stream(req, status, headers)
    local e = unanswered(req, status, headers)
    if e < 0 then return e end
    app.requests[req].answer = { status = status, head = headers, body = "", streaming = true }
    return app.requests[req].aborted and E.GONE or 0
  end
  function h.write(req, chunk)
    local r = app.requests[req]
    if not r or r.over or r.aborted then return E.GONE end
    if not r.answer then return E.INVAL end
    r.answer.body = r.answer.body .. chunk
    return app.queued_bytes
  end
  function h.finish(req)
    local r = app.requests[req]
    if not r or r.over then return E.GONE end
    r.over = true
    if not r.answer then
      r.cut = true                               -- given up: the connection ends
      return E.INVAL
    end
    r.answer.streaming = false
    return r.aborted and E.GONE or 0
  end
  function h.refusals_clear() app.host_refusals = {} end
  function h.refusal(prefix, status, body)
    app.host_refusals[prefix .. " " .. status] = body
    return refused.refusal(prefix, status, body)
  end
  function h.upload_paths_clear() end
  function h.upload_path() return 0 end
  function h.body_limit(prefix, bytes)
    app.body_limits[prefix] = bytes
    return refused.body_limit(prefix, bytes)
  end
end

local function add_websockets(h, app, E)
  function h.ws_accept(req, options)
    local r = app.requests[req]
    if not r or r.over then return E.GONE end
    if r.answer or refused.ws_protocol(options.protocol or "") < 0 then return E.INVAL end
    if app.refuse_ws then return app.refuse_ws end
    local ws = app:new_id()
    r.over, r.answer = true, { status = 101, head = "", body = "", ws = ws }
    app.sockets[ws] = { sent = {}, options = options, reading = true }
    return ws
  end
  function h.ws_send(ws, opcode, data)
    local s = app.sockets[ws]
    if not s or s.closed then return E.GONE end
    local volatile = opcode >= h.WS_VOLATILE
    if volatile then opcode = opcode - h.WS_VOLATILE end
    if refused.ws_send(opcode, data) < 0 then return E.INVAL end
    if volatile and s.behind then return 0 end
    s.sent[#s.sent + 1] = { opcode = opcode, data = data }
    return #data
  end
  h.WS_VOLATILE = 16
  function h.ws_broadcast(ids, n, opcode, data)
    if refused.ws_send(opcode % h.WS_VOLATILE, data) < 0 then return E.INVAL end
    for i = 1, n do h.ws_send(ids[i], opcode, data) end
    return n
  end
  function h.ws_ids(list, n)
    local copy = {}
    for i = 1, n do copy[i] = list[i] end
    return copy
  end
  function h.ws_close(ws, code, reason)
    local s = app.sockets[ws]
    if not s then return E.GONE end
    if refused.ws_close(code, reason or "") < 0 then return E.INVAL end
    s.closed = { code = code, reason = reason }
    return 0
  end
  function h.read(ws, on)
    app.sockets[ws].reading = on and true or false
    return 0
  end
end

--- Files as answers, of app.trees: {[tree or directory] = {[path] = text}}.
function M.add_assets(h, app, E)
  h.ASSET = { NONE = 0, DIRECTORY = 1, METHOD = 2, LINKS = 1, FALLBACK = 2, IMMUTABLE = 4, PRIVATE = 8 }
  h.FILE = {}
  for i, name in ipairs { "OK", "NONE", "EXISTS", "DIRECTORY", "NO_DIRECTORY", "NOT_EMPTY", "LINK", "LARGE", "FULL",
                          "FORBIDDEN", "FAILED" } do h.FILE[name] = i - 1 end
  function h.asset_path(raw)
    if raw:find("..", 1, true) then return nil, E.INVAL end
    return (raw:gsub("^/", ""))
  end
  function h.asset_tree(name) return app.trees[name] ~= nil end
  function h.asset_embedded(req, tree, path, flags, headers)
    local text = (app.trees[tree] or {})[path]
    if not text then return h.ASSET.NONE, 0 end
    h.respond(req, 200, headers .. "flags: " .. flags .. "\r\n", text)
    return 200, #text
  end
  function h.asset_file(_, req, dir, path, flags, headers)
    local op = app:new_id()
    local status, n = h.asset_embedded(req, dir, path, flags, headers)
    app:push(h.EV.DONE, status, op, 0, tostring(n))
    return op
  end
end

--- Gives host `h` of `app` its functions for requests and WebSockets.
function M.add(h, app, E)
  add_requests(h, app, E)
  add_websockets(h, app, E)
end

return M
