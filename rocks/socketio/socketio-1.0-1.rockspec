package = "socketio"
version = "1.0-1"
source = { url = "git+file://." }
description = {
  summary = "Engine.IO v4 and Socket.IO v5 packets: a codec without I/O",
  license = "MIT",
}
dependencies = { "lua >= 5.1" }
build = {
  type = "builtin",
  modules = {
    ["socketio"] = "socketio.lua",
    ["socketio.binary"] = "binary.lua",
    ["socketio.engine"] = "engine.lua",
    ["socketio.engine3"] = "engine3.lua",
    ["socketio.packed"] = "packed.lua",
    ["socketio.parser"] = "parser.lua",
  },
}
