-- rocks/socketio/socketio.lua -- Engine.IO v4 and Socket.IO v5 wire formats, without any I/O.
-- A server or client feeds it strings and gets strings; the caller brings sockets, timers and JSON.

return {
  engine = require "socketio.engine",
  parser = require "socketio.parser",
  binary = require "socketio.binary",
  revision = 4, -- of the Engine.IO protocol: the EIO query parameter
}
