-- host/http/assets_gen.lua -- build time: trees of files as a blob, and a table of what is in it (host/http/assets.h).
-- Usage: luajit host/http/assets_gen.lua OUTPUT.c BLOB NAME=DIRECTORY..   Skips a missing directory.
-- Files that shrink by a tenth are also stored in gzip, and in brotli if that program is installed.

local output, blob_path = arg[1], arg[2]
local CODINGS = { "gzip -9nc", "brotli -cq 11" }
local PACKS = {}
for ending in ("bmp css csv eot htm html ico js json map md mjs otf svg tar ttf txt wasm webmanifest xhtml xml")
  :gmatch "%S+" do PACKS[ending] = true end

local function quote(text) return "'" .. text:gsub("'", [['\'']]) .. "'" end

local function output_of(command)
  local p = assert(io.popen(command, "r"))
  local text = p:read "*a"
  p:close()
  return text
end

local has = { true, output_of "command -v brotli" ~= "" }

local function contents(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read "*a"
  f:close()
  return text
end

local function names_in(directory)
  local shown = [[\( -path './.well-known/*' -o -not -path '*/.*' \)]]
  local found = output_of(("cd %s 2>/dev/null && find . -type f %s -print0"):format(quote(directory), shown))
  local names = {}
  for name in found:gmatch "%./(%Z+)" do names[#names + 1] = name end
  return names
end

local files = {}
for i = 3, #arg do
  local tree, directory = arg[i]:match "^([^=]+)=(.+)$"
  for _, name in ipairs(names_in(directory)) do
    files[#files + 1] = { name = tree .. "/" .. name, path = directory .. "/" .. name }
  end
end
table.sort(files, function(a, b) return a.name < b.name end)

local blob = assert(io.open(blob_path, "wb"))
local at = 0
local function put(bytes)
  blob:write(bytes)
  at = at + #bytes
  return ("{%d, %d}"):format(at - #bytes, #bytes)
end

local f = assert(io.open(output .. ".tmp", "wb"))
f:write '/* made by host/http/assets_gen.lua */\n#include "http/assets.h"\n'
f:write(([[
__asm__(".section .rodata\n.global assets_bytes\nassets_bytes:\n"
        ".incbin \"%s\"\n.byte 0\n.previous");
const assets_file assets_files[] = {
]]):format(blob_path))
for _, file in ipairs(files) do
  local bytes = contents(file.path)
  local places = { put(bytes) }
  local packs = PACKS[(file.name:match "%.([^./]+)$" or ""):lower()]
  for i, command in ipairs(CODINGS) do
    local packed = packs and has[i] and output_of(command .. " <" .. quote(file.path)) or bytes
    places[i + 1] = #packed < #bytes * 0.9 and put(packed) or "{0, 0}"
  end
  f:write(("  {%q, {%s}},\n"):format(file.name, table.concat(places, ", ")))
end
if #files == 0 then f:write '  {"", {{0, 0}, {0, 0}, {0, 0}}},\n' end
f:write(("};\nconst size_t assets_count = %d;\n"):format(#files))
assert(f:close() and blob:close())
assert(os.rename(output .. ".tmp", output))
if #files > 0 then
  print(("embed %d files of %s, %s"):format(#files, table.concat(arg, " ", 3),
    has[2] and "in gzip and brotli, too" or "in gzip, too (no brotli here: `make deps`)"))
end
