package = "unicode"
version = "1.0-1"
source = { url = "." }
description = {
  summary = "Words and names in all scripts: folding, segmentation, questions",
  detailed = "Folds text for comparing and finds its words, by a table made from the Unicode Character Database.",
  license = "MIT",
}
dependencies = { "lua >= 5.1" }
build = { type = "builtin", modules = {
  unicode = "unicode.lua", ["unicode.data"] = "data.lua", ["unicode.phrases"] = "phrases.lua",
} }
