-- host/lua/http/router.lua -- from a request target to a route: path, percent-encoding, query string.
-- Paths without parameters are found by one hash lookup; the others by a tree of segments in which a
-- literal wins over a {parameter}, and that over {the rest...}; if a choice leads nowhere the next one is tried.
-- Only the path decides: if a literal serves a path for POST only, GET gets 405, even if a {rest...} would match.
-- Nothing here allocates for a literal path.

local fields = require "human.http.fields"
local host = require "human.core.host"

local find, sub, byte, gsub, char = string.find, string.sub, string.byte, string.gsub, string.char

local M = {}
local PARAMS_MAX = 100
local GET, HEAD, OPTIONS = 1, 2, 7
local NAMES = host.METHOD
local NUMBER = {}
for i, name in ipairs(NAMES) do NUMBER[name] = i end
M.number = NUMBER

local malformed
local function unescape(hex)
  if #hex < 2 then
    malformed = true
    return ""
  end
  return char(tonumber(hex, 16))
end

-- Percent-decoding (RFC 3986 section 2.1).  nil when an escape is malformed or the result is not
-- UTF-8 text without NUL.
function M.decode(s)
  if find(s, "%", 1, true) then
    malformed = false
    s = gsub(s, "%%(%x?%x?)", unescape)
    if malformed then return nil end
  end
  if find(s, "\0", 1, true) or not host.utf8_ok(s) then return nil end
  return s
end

local function component(s)
  if find(s, "+", 1, true) then s = gsub(s, "+", " ") end
  return M.decode(s)
end

-- A query string as {name = text}; a repeated name gives an array of texts.  nil and a message when
-- it is malformed or has more than 100 parameters.
function M.parse_query(text)
  local out, too_many = fields.read(text, component, PARAMS_MAX)
  if out then return out end
  return nil, too_many and "more than " .. PARAMS_MAX .. " parameters"
    or "malformed percent-encoding or text that is not UTF-8"
end

local function new_node() return { literal = {} } end

function M.new() return { static = {}, root = new_node() } end

-- "/a/{id}/b" as { {literal = "a"}, {param = "id"}, {literal = "b"} }; raises on anything else.
local function segments(path)
  local out = {}
  if byte(path) ~= 47 then error("path '" .. path .. "' must begin with /", 0) end
  local from = 2
  while true do
    local slash = find(path, "/", from, true)
    local text = sub(path, from, (slash or 0) - 1)
    local name, dots = text:match "^{([%a_][%w_]*)(%.?%.?%.?)}$"
    if dots == "..." and slash then error("path '" .. path .. "': {" .. name .. "...} must be its end", 0) end
    if dots ~= "" and dots ~= "..." then name = nil end
    if not name and text:find "[{}]" then error("path '" .. path .. "': bad segment '" .. text .. "'", 0) end
    out[#out + 1] = name and { param = name, is_rest = dots == "..." } or { literal = text }
    if not slash then return out end
    from = slash + 1
  end
end

local function entry_for(router, path, parts, names)
  local node = router.root
  for _, part in ipairs(parts) do
    if part.param then
      names[#names + 1] = part.param
      local kind = part.is_rest and "rest" or "param"
      node[kind] = node[kind] or new_node()
      node = node[kind]
    else
      node.literal[part.literal] = node.literal[part.literal] or new_node()
      node = node.literal[part.literal]
    end
  end
  node.entry = node.entry or { path = path }
  return node.entry
end

local function allow(entry)
  local list = {}
  for m = 1, #NAMES - 1 do
    if entry[m] or m == OPTIONS then list[#list + 1] = NAMES[m] end
  end
  return table.concat(list, ", ")
end

-- Adds a route {m = method number, path, where}; sets route.names.  Raises if the same method and
-- path shape exist already, naming both places.  Returns the entry of its path.
function M.add(router, route)
  local parts, names = segments(route.path), {}
  local entry = entry_for(router, route.path, parts, names)
  local there = entry[route.m]
  if there and there.m == route.m then
    error(("%s: duplicate route %s %s, first declared at %s"):format(route.where, NAMES[route.m],
      route.path, there.where), 0)
  end
  route.names = names[1] and names or false
  entry[route.m] = route
  if route.m == GET and route.kind == "http" then entry[HEAD] = entry[HEAD] or route end
  if route.m == HEAD then entry[HEAD] = route end
  entry.allow = allow(entry)
  if not route.names then router.static[route.path] = entry end
  return entry
end

local captured = {}

-- All segments from `from` on, each decoded once, as one text; nil if one of them is no name: an encoded slash or
-- "..", or an empty segment, would mean another path to code that opens a file by it.
local function rest_of(path, from)
  local out = {}
  repeat
    local slash = find(path, "/", from, true)
    local text = M.decode(sub(path, from, (slash or 0) - 1))
    if not text or find(text, "/", 1, true) or text == "." or text == ".." or text == "" and slash then
      malformed = true
      return nil
    end
    out[#out + 1], from = text, slash and slash + 1
  until not slash
  return table.concat(out, "/")
end

local function take_rest(node, path, from, n)
  local text = rest_of(path, from)
  if not text then return nil end
  captured[n + 1] = text
  return node.rest.entry
end

local function walk(node, path, from, n)
  local slash = find(path, "/", from, true)
  local text = sub(path, from, (slash or 0) - 1)
  if find(text, "%", 1, true) then
    text = M.decode(text)
    if not text then
      malformed = true
      return nil
    end
  end
  local literal = node.literal[text]
  if literal then
    local hit = slash and walk(literal, path, slash + 1, n) or not slash and literal.entry
    if hit then return hit end
  end
  local param = node.param
  if param and text ~= "" then
    captured[n + 1] = text
    local hit = slash and walk(param, path, slash + 1, n + 1) or not slash and param.entry
    if hit then return hit end
  end
  return node.rest and take_rest(node, path, from, n) or nil
end

-- The entry {[method number] = route, allow} for a path, and the captured segments (one shared
-- array, valid until the next call).  nil when there is none; nil, true when the path is malformed.
function M.find(router, path)
  local entry = router.static[path]
  if entry then return entry end
  if byte(path) ~= 47 then return nil, true end
  malformed = false
  entry = walk(router.root, path, 2, 0)
  if not entry then return nil, malformed end
  return entry, captured
end

-- {name = segment} of what find captured, checked to be UTF-8 text without NUL; nil otherwise.
function M.params(route, segs)
  local out = {}
  for i, name in ipairs(route.names) do
    local text = segs[i]
    if find(text, "\0", 1, true) or not host.utf8_ok(text) then return nil end
    out[name] = text
  end
  return out
end

-- The path of a target and its query string (false without one).  Accepts the absolute form of
-- RFC 9112 section 3.2.2, which HTTP/1.1 servers must understand.
function M.split(target)
  if byte(target) ~= 47 then
    local rest = target:match "^[hH][tT][tT][pP][sS]?://[^/?]*(.*)$"
    if not rest then return target, false end
    target = byte(rest) == 47 and rest or "/" .. rest
  end
  local q = find(target, "?", 1, true)
  if not q then return target, false end
  return sub(target, 1, q - 1), sub(target, q + 1)
end

return M
