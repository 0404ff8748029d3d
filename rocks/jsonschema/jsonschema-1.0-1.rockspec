package = "jsonschema"
version = "1.0-1"
source = { url = "." }
description = {
  summary = "JSON Schema 2020-12, with regular expressions in linear time",
  detailed = "Compiles schemas to functions; limits on depth, size, errors and work, for schemas and values of strangers.",
  license = "MIT",
}
dependencies = { "lua >= 5.1" }
build = { type = "builtin", modules = {
  jsonschema = "jsonschema.lua",
  ["jsonschema.applicators"] = "applicators.lua", ["jsonschema.assertions"] = "assertions.lua",
  ["jsonschema.charset"] = "charset.lua", ["jsonschema.evaluation"] = "evaluation.lua",
  ["jsonschema.formats"] = "formats.lua", ["jsonschema.metaschema"] = "metaschema.lua",
  ["jsonschema.properties"] = "properties.lua", ["jsonschema.regex"] = "regex.lua",
  ["jsonschema.regex_parser"] = "regex_parser.lua", ["jsonschema.registry"] = "registry.lua",
  ["jsonschema.uri"] = "uri.lua", ["jsonschema.values"] = "values.lua",
} }
