-- rocks/jsonschema/uri.lua -- references to other places: RFC 3986 resolution, and JSON Pointers (RFC 6901).

local M = {}

local find, gsub, match, sub = string.find, string.gsub, string.match, string.sub

-- scheme, authority, path, query, fragment; what is missing is nil, but for the path.
local function split(text)
  local scheme, rest = match(text, "^(%a[%w+.-]*):(.*)$")
  rest = rest or text
  local before, fragment = match(rest, "^([^#]*)#(.*)$")
  rest = before or rest
  local head, query = match(rest, "^([^?]*)%?(.*)$")
  rest = head or rest
  local authority, path = match(rest, "^//([^/]*)(.*)$")
  return scheme, authority, path or rest, query, fragment
end

-- RFC 3986 section 5.2.4.
local function without_dots(path)
  local out, from = {}, 1
  local absolute = sub(path, 1, 1) == "/"
  if absolute then from = 2 end
  while from <= #path + 1 do
    local slash = find(path, "/", from, true) or #path + 1
    local part, is_last = sub(path, from, slash - 1), slash > #path
    if part == ".." then
      out[#out] = nil
      if is_last then out[#out + 1] = "" end
    elseif part == "." then
      if is_last then out[#out + 1] = "" end
    else
      out[#out + 1] = part
    end
    from = slash + 1
  end
  return (absolute and "/" or "") .. table.concat(out, "/")
end

local function merge(base_authority, base_path, path)
  if base_authority and base_path == "" then return "/" .. path end
  return (match(base_path, "^(.*/)") or "") .. path
end

local function join(scheme, authority, path, query)
  return (scheme and scheme:lower() .. ":" or "") .. (authority and "//" .. authority or "") .. path
    .. (query and "?" .. query or "")
end

--- `reference` as seen from `base`, an absolute URI or "": the URI without its fragment, and the fragment ("").
function M.resolve(base, reference)
  local scheme, authority, path, query, fragment = split(reference)
  fragment = fragment or ""
  if scheme then return join(scheme, authority, authority and without_dots(path) or path, query), fragment end
  local base_scheme, base_authority, base_path, base_query = split(base)
  if authority then return join(base_scheme, authority, without_dots(path), query), fragment end
  if path == "" then return join(base_scheme, base_authority, base_path, query or base_query), fragment end
  if sub(path, 1, 1) ~= "/" then path = merge(base_authority, base_path, path) end
  return join(base_scheme, base_authority, without_dots(path), query), fragment
end

--- %XX in a fragment, as bytes.
function M.decode(fragment)
  return (gsub(fragment, "%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

--- One name as a part of a JSON Pointer.
function M.escape(name)
  return (gsub(gsub(name, "~", "~0"), "/", "~1"))
end

--- The names of a JSON Pointer, which begins with "/" or is empty.
function M.names(pointer)
  local names, from = {}, 2
  while from <= #pointer + 1 do
    local slash = find(pointer, "/", from, true) or #pointer + 1
    names[#names + 1] = gsub(gsub(sub(pointer, from, slash - 1), "~1", "/"), "~0", "~")
    from = slash + 1
  end
  return names
end

return M
