package = "asyncapi"
version = "1.0-1"
source = { url = "." }
description = {
  summary = "AsyncAPI 3.1 documents from plain declarations",
  detailed = "Turns a list of channels and their messages, with JSON Schemas beside them, into an AsyncAPI 3.1 document.",
  license = "MIT",
}
dependencies = { "lua >= 5.1" }
build = { type = "builtin", modules = { asyncapi = "asyncapi.lua" } }
