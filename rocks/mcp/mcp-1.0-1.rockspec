package = "mcp"
version = "1.0-1"
source = { url = "." }
description = {
  summary = "The server's side of the Model Context Protocol",
  detailed = "Dispatch of revision 2026-07-28 and of those of 2025 at one endpoint, on decoded messages and headers.",
  license = "MIT",
}
dependencies = { "lua >= 5.1", "jsonrpc" }
build = { type = "builtin", modules = { mcp = "mcp.lua", ["mcp.headers"] = "headers.lua" } }
