-- scripts/api/agent/io.lua -- the agent API's Socket.IO server.  Its events are handled in api.agent.socket.

local config = require "human.config"
local sio = require "human.sio"

return {
  server = sio.server {
    path = "/socket.io/",
    ping_interval_ms = config.socketio.ping_interval_ms, ping_timeout_ms = config.socketio.ping_timeout_ms,
    recovery_ms = config.socketio.recovery_ms, max_payload = config.limits.ws_message_bytes,
    max_buffer = config.limits.ws_queue_bytes,
  },
}
