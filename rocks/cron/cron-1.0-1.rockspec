package = "cron"
version = "1.0-1"
source = { url = "." }
description = {
  summary = "Cron patterns and their next times in time zones",
  detailed = "Five fields, names, L, W and #, as npm's croner has them; time zones from the bytes of TZif files.",
  license = "MIT",
}
dependencies = { "lua >= 5.1" }
build = { type = "builtin", modules = {
  cron = "cron.lua", ["cron.calendar"] = "calendar.lua", ["cron.tzif"] = "tzif.lua",
} }
