package = "archive"
version = "1.0-1"
source = { url = "." }
description = {
  summary = "Reads tar, gzipped tar and zip that strangers sent",
  detailed = "Entries whose names stay inside, without links; limits on their number, sizes and ratio; inflate in Lua.",
  license = "MIT",
}
dependencies = { "lua >= 5.1", "luabitop" }
build = { type = "builtin", modules = {
  archive = "archive.lua", ["archive.entries"] = "entries.lua", ["archive.inflate"] = "inflate.lua",
  ["archive.tar"] = "tar.lua", ["archive.zip"] = "zip.lua",
} }
