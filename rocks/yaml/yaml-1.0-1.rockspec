package = "yaml"
version = "1.0-1"
source = { url = "." }
description = {
  summary = "YAML 1.2 with its core schema, read from texts of strangers",
  detailed = "All of the syntax, as the official suite has it; linear time, a limit for each size, errors with line and column.",
  license = "MIT",
}
dependencies = { "lua >= 5.1" }
build = { type = "builtin", modules = {
  yaml = "yaml.lua", ["yaml.block"] = "block.lua", ["yaml.blockscalar"] = "blockscalar.lua",
  ["yaml.compose"] = "compose.lua", ["yaml.cursor"] = "cursor.lua", ["yaml.flow"] = "flow.lua",
  ["yaml.props"] = "props.lua", ["yaml.scalar"] = "scalar.lua", ["yaml.stream"] = "stream.lua",
  ["yaml.write"] = "write.lua",
} }
