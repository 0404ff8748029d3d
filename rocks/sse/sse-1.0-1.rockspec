package = "sse"
version = "1.0-1"
source = { url = "." }
description = {
  summary = "An incremental parser of server-sent events",
  detailed = "Parses text/event-stream as WHATWG HTML defines it, from chunks cut anywhere.",
  license = "MIT",
}
dependencies = { "lua >= 5.1" }
build = { type = "builtin", modules = { sse = "sse.lua" } }
