-- host/server/embed_gen.lua -- build time: Lua modules and host_api.h as C arrays, for build/embed_data.c.
-- Usage: luajit host/server/embed_gen.lua OUTPUT FILE...   Run in the root of the source tree.
-- Modules become bytecode with debug info, so a syntax error fails the build, not the start.

local output = arg[1]
local files = {}

-- host/lua/db.lua -> human.db; rocks/mcp/mcp.lua -> mcp; rocks/mcp/wire.lua -> mcp.wire
local function module_name(path)
  local runtime = path:match "^host/lua/(.+)%.lua$"
  if runtime then return "human." .. runtime:gsub("/", ".") end
  local rock, sub = path:match "^rocks/([^/]+)/(.+)%.lua$"
  if not rock then return path:match "[^/]+$" end
  return sub == rock and rock or rock .. "." .. sub:gsub("/", ".")
end

local function contents(path)
  if path:find "%.lua$" then return string.dump(assert(loadfile(path))) end
  local f = assert(io.open(path, "rb"))
  local text = f:read "*a"
  f:close()
  return text
end

local function write_array(f, i, bytes)
  f:write("static const unsigned char f", i, "[] = {")
  for at = 1, #bytes, 4096 do
    f:write((bytes:sub(at, at + 4095):gsub(".", function(c) return c:byte() .. "," end)), "\n")
  end
  f:write "0};\n"
end

for i = 2, #arg do files[#files + 1] = { name = module_name(arg[i]), path = arg[i] } end
table.sort(files, function(a, b) return a.name < b.name end)
for i = 2, #files do
  if files[i].name == files[i - 1].name then
    error(("%s and %s are both the module %s"):format(files[i - 1].path, files[i].path, files[i].name), 0)
  end
end

local f = assert(io.open(output .. ".tmp", "wb"))
f:write "/* made by host/server/embed_gen.lua */\n#include \"server/embed.h\"\n"
for i, file in ipairs(files) do
  file.bytes = contents(file.path)
  write_array(f, i, file.bytes)
end
f:write "const embed_file embed_files[] = {\n"
for i, file in ipairs(files) do
  f:write(("  {%q, f%d, %d},\n"):format(file.name, i, #file.bytes))
end
f:write(("};\nconst size_t embed_count = %d;\n"):format(#files))
assert(f:close())
assert(os.rename(output .. ".tmp", output))
