package = "standardwebhooks"
version = "1.0-1"
source = { url = "." }
description = {
  summary = "Signatures of webhooks, as standardwebhooks.com has them",
  detailed = "Signs and verifies with HMAC-SHA-256, several secrets, and tolerance for clocks; the HMAC is the caller's.",
  license = "MIT",
}
dependencies = { "lua >= 5.1" }
build = { type = "builtin", modules = {
  standardwebhooks = "standardwebhooks.lua", ["standardwebhooks.base64"] = "base64.lua",
} }
