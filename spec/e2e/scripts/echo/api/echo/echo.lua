-- spec/e2e/scripts/echo/api/echo/echo.lua -- a server that says what it hears: over HTTP, WebSocket and
-- Socket.IO.  Laid over the shipped scripts by the end-to-end tests; spec/e2e/peer.mjs does the same
-- with npm socket.io.

local s = require "human.schema"
local sio = require "human.sio"
local task = require "human.task"
local g = require("human.api").group { tag = "Echo", auth = false, shape = "agent" }

g:post("/echo", { summary = "Echo of a text", body = s.raw("text/plain", { max = 65536 }),
                  reply = { [200] = s.raw "text/plain" } }, function(_, body) return 200, body end)

g:websocket("/echo.ws", { summary = "Echo of each message" }, {
  on_message = function(conn, data, is_text)
    if is_text then conn:send(data) else conn:send_binary(data) end
  end,
})

local function serve(options)
  local io = sio.server(options)
  io:namespace("/", {
    on_connect = function(socket)
      socket:emit("welcome", socket.handshake.auth, socket.handshake.query.who or "nobody")
    end,
    on = {
      message = function(socket, ...) socket:emit("message-back", ...) end,
      ["message-with-ack"] = function(_, ...)
        local n = select("#", ...)
        select(n, ...)(unpack({ ... }, 1, n - 1))
      end,
      slow = function(socket, n) task.sleep(0.02) socket:emit("slow", n) end,
      ask = function(socket, question, timeout_s)
        socket:emit("asked", socket:emit_with_ack(tonumber(timeout_s) or 30, "question", question))
      end,
      join = function(socket, room, ack) socket:join(room) ack() end,
      leave = function(socket, room, ack) socket:leave(room) ack() end,
      tell = function(_, room, text) io:of("/"):to(room):emit("told", text) end,
      others = function(socket, room, text) socket:to(room):emit("told", text) end,
      volatile = function(socket, n, text)
        for i = 1, n do socket:volatile():emit("volatile", i, text) end
        socket:emit "done"
      end,
      ["volatile-room"] = function(_, room, n, text)
        for i = 1, n do io:of("/"):to(room):volatile():emit("volatile", i, text) end
        io:of("/"):to(room):emit "done"
      end,
      ["ask-room"] = function(_, room, ms, question, ack)
        ack(io:of("/"):to(room):timeout(ms):emit_with_ack("question", question))
      end,
      who = function(_, room, ack)
        local ids = require("human.json").array {}
        for i, one in ipairs(io:of("/"):to(room):fetch_sockets()) do ids[i] = one.id end
        ack(ids)
      end,
      bye = function(socket, close) socket:disconnect(close) end,
    },
    on_disconnect = function(_, reason) io:of("/"):to("watchers"):emit("gone", reason) end,
  })
  io:namespace("/custom", {
    on = { message = function(socket, ...) socket:emit("message-back", ...) end },
  })
  io:namespace("^/dynamic%-%d+$", {
    on = { message = function(socket, ...) socket:emit("message-back", socket.nsp.name, ...) end },
  })
  io:namespace("/members", {
    authorize = function(socket)
      if socket.handshake.auth.token == "abc" then return true end
      return nil, "Unauthorized", { statusCode = 401, code = "bad_key" }
    end,
  })
end

serve { path = "/echo.io/" }
serve { path = "/fast.io/", ping_interval_ms = 1000, ping_timeout_ms = 800, max_payload = 1000,
        connect_timeout_ms = 3000 }
serve { path = "/back.io/", recovery_ms = 60000 }
serve { path = "/old.io/", allow_eio3 = true }
serve { path = "/packed.io/", parser = "msgpack" }
serve { path = "/small.io/", deflate = true, max_payload = 100000 }

return g
