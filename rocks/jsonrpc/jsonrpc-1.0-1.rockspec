package = "jsonrpc"
version = "1.0-1"
source = { url = "." }
description = {
  summary = "JSON-RPC 2.0 without transport and without JSON",
  detailed = "Reads, serves and makes messages as decoded values: requests, notifications, batches, errors; a client's ids.",
  license = "MIT",
}
dependencies = { "lua >= 5.1" }
build = { type = "builtin", modules = { jsonrpc = "jsonrpc.lua" } }
