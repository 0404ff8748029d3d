-- host/server/code_gen.lua -- build time: the bytecode of the shipped scripts, as a blob and a table (server/code.h).
-- Usage: luajit host/server/code_gen.lua OUTPUT.c BLOB TREE   Run in the root of the source tree.
-- A script whose purity is in doubt, or that does not compile, is left out: then its load says what is wrong with it.

local purity = dofile "host/lua/scripts/purity.lua"

local output, blob_path, tree = arg[1], arg[2], arg[3]

local function lines_of(command)
  local p = assert(io.popen(command, "r"))
  local list = {}
  for line in p:lines() do list[#list + 1] = line end
  p:close()
  return list
end

local function contents(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read "*a"
  f:close()
  return text
end

local function bytecode(path, text)
  local chunk = loadstring(text, "@" .. path)
  if not chunk or not pcall(purity.globals, path, chunk) then return nil end
  if path:find "/rules/" and not pcall(purity.check, path, chunk) then return nil end
  return string.dump(chunk)
end

local blob = assert(io.open(blob_path, "wb"))
local f = assert(io.open(output .. ".tmp", "wb"))
f:write '/* made by host/server/code_gen.lua */\n#include "server/code.h"\n'
f:write(([[
__asm__(".section .rodata\n.global code_bytes\ncode_bytes:\n"
        ".incbin \"%s\"\n.byte 0\n.previous");
const code_file code_files[] = {
]]):format(blob_path))

local at, count = 0, 0
local find = "cd '%s' && find . -name '*.lua' -not -name '*_spec.lua' -print0 | LC_ALL=C sort -z"
  .. " | xargs -0 -r sha256sum"
for _, line in ipairs(lines_of(find:format(tree))) do
  local sum, path = line:match "^(%x+)%s+%./(.+)$"
  local code = sum and bytecode(path, contents(tree .. "/" .. path))
  if code then
    blob:write(code)
    f:write(("  {%q, {%s}, %d, %d},\n"):format(path, sum:gsub("%x%x", "0x%0,"):sub(1, -2), at, #code))
    at, count = at + #code, count + 1
  end
end
if count == 0 then f:write '  {"", {0}, 0, 0},\n' end
f:write(("};\nconst size_t code_count = %d;\n"):format(count))
assert(f:close() and blob:close())
assert(os.rename(output .. ".tmp", output))
print(("embed the bytecode of %d scripts"):format(count))
