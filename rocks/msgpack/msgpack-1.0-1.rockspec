package = "msgpack"
version = "1.0-1"
source = { url = "git+file://." }
description = {
  summary = "MessagePack in plain Lua",
  license = "MIT",
}
dependencies = { "lua >= 5.1" }
build = {
  type = "builtin",
  modules = {
    ["msgpack"] = "msgpack.lua",
  },
}
