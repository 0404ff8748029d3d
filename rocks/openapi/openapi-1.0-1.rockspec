package = "openapi"
version = "1.0-1"
source = { url = "." }
description = {
  summary = "OpenAPI 3.1 documents from plain declarations",
  detailed = "Turns a list of operations, with JSON Schemas beside them, into an OpenAPI 3.1 document.",
  license = "MIT",
}
dependencies = { "lua >= 5.1" }
build = { type = "builtin", modules = {
  openapi = "openapi.lua", ["openapi.example"] = "example.lua", ["openapi.fields"] = "fields.lua",
  ["openapi.html"] = "html.lua", ["openapi.markdown"] = "markdown.lua", ["openapi.outline"] = "outline.lua",
  ["openapi.page_files"] = "page_files.lua",
} }
