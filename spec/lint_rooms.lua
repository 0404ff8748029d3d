-- spec/lint_rooms.lua -- which room of host/ may include which, and where a prototype belongs.
-- Usage: luajit spec/lint_rooms.lua DIRECTORY FILE..; file names relative to the directory ("core/buf.c").
-- Each finding is a line "file:line: why".
--   * A file includes its own room and those below it, by the path from the directory, so no circle among
--     rooms is possible.  Rooms of the same rank do not include each other.
--   * What a .c file exports is declared in the header of its name, and nowhere else; host_api.h declares host_*.
--   * Only files that talk to Lua may include its headers.

local DIRECTORY = arg[1]
local RANK = { core = 1, net = 2, pg = 2, fetch = 2, sense = 2, http = 3, server = 4, cli = 5 }
local ORDER = "core < net, pg, fetch, sense < http < server < cli < main.c"
local SHARED = "host_api.h"
local LUA_HEADERS = { lua = true, lauxlib = true, lualib = true, luajit = true }
local SPEAKS_LUA = { ["server/bridge.c"] = true, ["server/bridgerule.c"] = true, ["server/bridgerule.h"] = true,
                     ["server/jsonread.c"] = true, ["server/jsonread.h"] = true, ["server/jsonwrite.c"] = true,
                     ["server/jsonwrite.h"] = true, ["cli/native.c"] = true }

local texts = {}
for i = 2, #arg do
  local f = assert(io.open(DIRECTORY .. "/" .. arg[i], "rb"))
  texts[arg[i]] = f:read "*a"
  f:close()
end

local found = {}
local function report(path, line, why, ...)
  found[#found + 1] = ("%s/%s:%d: %s"):format(DIRECTORY, path, line, why:format(...))
end

-- linear: lines of files of this tree
local function room_of(path) return path:match "^([^/]*)/" end

-- ---- includes ----

local function check_include(path, line, target)
  local mine, other = room_of(path), room_of(target)
  if not texts[target] then
    report(path, line, 'there is no %s/%s: includes are written from %s/ ("core/buf.h")', DIRECTORY, target, DIRECTORY)
  elseif not other then
    if target ~= SHARED then report(path, line, "%s must not include %s, which is above all rooms", path, target) end
  elseif mine and mine ~= other and RANK[other] >= RANK[mine] then
    report(path, line, "%s must not include %s: %s", path, target, ORDER)
  end
end

local function check_includes(path)
  local line = 0
  for text in (texts[path] .. "\n"):gmatch "([^\n]*)\n" do
    line = line + 1
    local target = text:match '^#%s*include "([^"]+)"'
    local system = text:match "^#%s*include [<\"]([%w_]+)%.h"
    if target then check_include(path, line, target) end
    if LUA_HEADERS[system] and not SPEAKS_LUA[path] then
      report(path, line, "only server/bridge.c, bridgerule.c, jsonread.c, jsonwrite.c and cli/native.c may include the Lua headers")
    end
  end
end

-- ---- declarations ----

local function blank(text) return (text:gsub("[^\n]", " ")) end

-- Directives go with the lines that continue them.
local function without_directives(text)
  local lines, inside = {}, false
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    inside = inside or line:find "^%s*#" ~= nil
    lines[#lines + 1] = inside and "" or line
    inside = inside and line:sub(-1) == "\\"
  end
  return table.concat(lines, "\n")
end

-- Where what begins at `at` ends: a comment, a text or a character; nil: none of those begins here.
local function end_of_opaque(text, at)
  local quote = text:sub(at, at)
  if text:sub(at, at + 1) == "/*" then return select(2, text:find("*/", at + 2, true)) or #text end
  if quote == "/" then return nil end
  local to = at + 1
  while to < #text and text:sub(to, to) ~= quote do to = to + (text:sub(to, to) == "\\" and 2 or 1) end
  return to
end

local function without_opaque(text)
  local out, at = {}, 1
  while true do
    local from = text:find("[/\"']", at)
    if not from then break end
    local to = end_of_opaque(text, from)
    out[#out + 1] = text:sub(at, from - 1)
    out[#out + 1] = to and blank(text:sub(from, to)) or "/"
    at = (to or from) + 1
  end
  return table.concat(out) .. text:sub(at)
end

-- What stands at the top level: without comments, directives, texts and bodies; lines stay.
local function top_level(text)
  text = without_directives(without_opaque(text))
  text = text:gsub("%b{}", function(body) return "{" .. blank(body:sub(2, -2)) .. "}" end)
  return (text:gsub("__attribute__%s*%b()", blank))
end

-- {name = {line, is_definition}} of the functions that are not static.
local function functions(text)
  local all, line = {}, 1
  for piece, last in top_level(text):gmatch "([^;}]*)([;}])" do
    local from, _, name = piece:find "([%a_][%w_]*)%s*%b()%s*{?%s*$"
    local before = from and piece:sub(1, from - 1) or ""
    local is_ours = name and before:find "[%w_*]%s*$" and not before:find "%f[%w_]static%f[^%w_]"
      and not before:find "%f[%w_]typedef%f[^%w_]" and not before:find "="
    if is_ours then
      local at = line + select(2, before:gsub("\n", ""))
      all[name] = { line = at, is_definition = last == "}" }
    end
    line = line + select(2, piece:gsub("\n", ""))
  end
  return all
end

local defined_somewhere = {}
for path, text in pairs(texts) do
  if path:find "%.c$" then
    for name, f in pairs(functions(text)) do
      if f.is_definition then defined_somewhere[name] = true end
    end
  end
end

local function check_source(path)
  local header = path:gsub("c$", "h")
  local declared = texts[header] and functions(texts[header]) or {}
  for name, f in pairs(functions(texts[path])) do
    local is_public = name:find "^host_" and texts[SHARED] and functions(texts[SHARED])[name]
    if f.is_definition and name ~= "main" and not is_public and not declared[name] then
      report(path, f.line, "%s is exported, but %s does not declare it", name, header)
    elseif not f.is_definition and defined_somewhere[name] then -- a library's may have no header
      report(path, f.line, "%s is declared in a .c file: include its header", name)
    end
  end
end

local function check_header(path)
  if path == SHARED then return end
  local source = path:gsub("h$", "c")
  local defined = texts[source] and functions(texts[source]) or {}
  for name, f in pairs(functions(texts[path])) do
    if not f.is_definition and not (defined[name] and defined[name].is_definition) then
      report(path, f.line, "%s is declared here, but %s does not define it", name, source)
    end
  end
end

for i = 2, #arg do
  local path = arg[i]
  local room = room_of(path)
  if room and not RANK[room] then report(path, 1, "%s is no room: %s", room, ORDER)
  else
    check_includes(path)
    if path:find "%.c$" then check_source(path) else check_header(path) end
  end
end
table.sort(found)
for _, line in ipairs(found) do print(line) end
os.exit(#found > 0 and 1 or 0)
