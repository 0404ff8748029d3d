-- host/lua/http/body.lua -- reads a request's body, and the parts of its head that a route declares.
-- A route takes one or several types of body: JSON, forms, raw bytes, or files that the host writes to disk.
-- Each is checked against its schema; a refusal names the path of the wrong value.

local fail = require "human.fail"
local form = require "human.http.form"
local host = require "human.core.host"
local json = require "human.json"
local schema = require "human.schema"
local upload = require "human.http.upload"

local M = {}
local JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
local ANY = "*/*"
local ENCODED = "must not be encoded where it leads to an upload" -- C compares the path undecoded
local TEXT = { coerce = true }

local function invalid(where, details)
  local first = details[1]
  local path = first.path
  local name = path ~= "" and path or where
  fail.throw("validation_error", { message = name .. " " .. first.message, details = details })
end

local function invalid_text(where, message)
  invalid(where, { { path = where, message = message } })
end

-- ---- declaring ----------------------------------------------------------------------------------

local function has_file(node)
  for _, field in ipairs(node.fields or {}) do
    local item = field.schema.kind == "array" and field.schema.item or field.schema
    if item.kind == "upload" then return true end
  end
  return false
end

local function must_be_object(node, mime)
  if node.kind ~= "object" then error(mime .. " is read by an s.object", 0) end
end

local function text_type(t, node, mime, default)
  t.max = t.max or default
  if node.kind == "raw" then
    t.is_raw = true
  elseif mime == FORM then
    must_be_object(node, mime)
    t.is_form, t.read = true, schema.reader(node, TEXT)
  elseif mime == JSON or mime:find "%+json$" then
    t.read = schema.reader(node)
  else
    error(mime .. " must be s.raw or s.upload", 0)
  end
  if mime ~= MULTIPART and has_file(node) then error("files come as " .. MULTIPART, 0) end
  return t
end

-- One type: {mime, schema, max, and is_raw, is_form or upload, read}.
local function type_of(mime, node, body_max)
  if not schema.is(node) then error("must be a schema, or { [media type] = schema }", 0) end
  local default = host.conf().limits.body_bytes
  local t = { mime = mime, schema = node, max = body_max or node.kind == "raw" and node.max or nil }
  if node.kind == "upload" or mime == MULTIPART then
    if mime == MULTIPART then
      must_be_object(node, mime)
      t.read = schema.reader(node, TEXT)
    end
    t.upload = upload.compile(node, body_max, default)
    t.max = t.upload.spec[1]
    return t
  end
  return text_type(t, node, mime, default)
end

local function mime_of(node)
  if node.kind == "raw" then return node.mime end
  return node.kind == "upload" and ANY or JSON
end

local function type_list(body, body_max)
  if schema.is(body) then return { type_of(mime_of(body), body, body_max) } end
  if type(body) ~= "table" or next(body) == nil then error("must be a schema, or { [media type] = schema }", 0) end
  local list = {}
  for mime, node in pairs(body) do
    if type(mime) ~= "string" or not mime:find "^[%w!#$&^_.+%-]+/[%w!#$&^_.+%-*]+$" then
      error("'" .. tostring(mime) .. "' is no media type", 0)
    end
    list[#list + 1] = type_of(mime:lower(), node, body_max)
  end
  table.sort(list, function(a, b) return a.mime < b.mime end)
  return list
end

local function names(list)
  local out = {}
  for i, t in ipairs(list) do out[i] = t.mime end
  if #out < 2 then return out[1] end
  return table.concat(out, ", ", 1, #out - 1) .. " or " .. out[#out]
end

local function add_type(route, t)
  route.body_by[t.mime] = t
  if t.upload then
    route.has_upload = true
    return upload.announce(route.gen, route.path)
  end
  route.body_max = math.max(route.body_max, t.max)
end

local function raise_body_limit(route)
  local limits = route.gen.body_limits
  local prefix = route.path:match "^[^{]*"
  limits[prefix] = math.max(limits[prefix] or 0, route.body_max)
end

--- Prepares the bodies of a route.  Raises if their declaration is wrong.
function M.compile(route, spec)
  if not spec.body then return end
  local list = type_list(spec.body, spec.body_max)
  local required = false
  route.body_types, route.body_by, route.body_one = list, {}, #list == 1 and list[1] or nil
  route.body_max, route.has_upload = 0, false
  for _, t in ipairs(list) do
    add_type(route, t)
    required = required or not t.schema.is_optional
  end
  route.body_required, route.body_names = required, names(list)
  if route.body_max > host.conf().limits.body_bytes then raise_body_limit(route) end
end

-- ---- reading ------------------------------------------------------------------------------------

local function split_mime(value)
  return value:lower():match "^%s*([^%s;]+)%s*(.*)$"
end

-- Does a Content-Type value name the media type `mime`?  Ignores parameters, except a charset other than
-- UTF-8.
local function is_mime(value, mime)
  if value == mime then return true end
  local name, parameters = split_mime(value)
  if name ~= mime then return mime == ANY end
  local charset = parameters:match 'charset="?([^%s;"]+)'
  return not charset or charset == "utf-8" or charset == "utf8"
end

-- The route's type for a Content-Type value, or for its absence; nil if the route does not accept it.
local function choose(route, value)
  local one, by = route.body_one, route.body_by
  if not value then return one or by[JSON] end
  if one then return is_mime(value, one.mime) and one or nil end
  local t = by[split_mime(value) or ""] or by[ANY]
  return t and is_mime(value, t.mime) and t or nil
end

local function unsupported(route)
  fail.throw("unsupported_media_type", { message = "Content-Type must be " .. route.body_names })
end

--- Does the host write the body of a request on this route to disk?
function M.is_upload(req, route)
  local t = route.has_upload and choose(route, host.header(req, "content-type"))
  return t ~= nil and t ~= false and t.upload ~= nil
end

local function checked(t, value, text)
  local body, details = t.read(value, text)
  if details then invalid("body", details) end
  return body
end

local function read_upload(ctx, route)
  local mime = host.header(ctx.req, "content-type")
  local t = choose(route, mime) or unsupported(route)
  local value = upload.read(ctx, t.upload, mime)
  return t.read and checked(t, value) or value
end

local function read_form(t, text)
  local value, err = form.parse(text)
  if err then invalid_text("body", err) end
  return checked(t, value)
end

--- The body of a request; nil if the route takes none.
function M.read(ctx, route)
  if route.has_upload and ctx.ahead then return read_upload(ctx, route) end
  local text = host.body(ctx.req)
  if text == "" then
    if route.body_required then invalid_text("body", "is required") end
    return nil
  end
  if #text > route.body_max then
    if route.body_max == 0 then invalid_text("path", ENCODED) end
    fail.throw("payload_too_large")
  end
  local mime, t = host.header(ctx.req, "content-type"), route.body_one
  if not t or mime and not is_mime(mime, t.mime) then t = choose(route, mime) or unsupported(route) end
  if #text > t.max then fail.throw("payload_too_large") end
  if t.upload then invalid_text("path", ENCODED) end
  if t.is_raw then return text end
  if t.is_form then return read_form(t, text) end
  local value, err = json.decode(text)
  if err then invalid_text("body", err) end
  return checked(t, value, text)
end

--- Sets ctx.headers to those that the route declares.
function M.read_headers(ctx, route)
  local values = {}
  for _, name in ipairs(route.header_names) do
    local value = host.header(ctx.req, name)
    if value and not host.utf8_ok(value) then invalid_text(name, "must be UTF-8") end
    values[name] = value
  end
  local headers, details = route.read_headers(values)
  if details then invalid("headers", details) end
  ctx.headers = headers
end

--- Sets ctx.query to the query string as read by the schema.
function M.read_query(ctx, route)
  local query, details = route.read_query(ctx.query)
  if details then invalid("query", details) end
  ctx.query = query
end

--- The same for the path parameters.
function M.read_params(ctx, route)
  local params, details = route.read_params(ctx.params)
  if details then invalid("path", details) end
  ctx.params = params
end

return M
