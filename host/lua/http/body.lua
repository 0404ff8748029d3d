-- host/lua/http/body.lua -- what comes with a request: its body, and the parts of its head that a route declares.
-- Each is checked by its schema; what does not fit is refused with its place.

local fail = require "human.fail"
local host = require "human.core.host"
local json = require "human.json"

local M = {}

local function invalid(where, details)
  local first = details[1]
  local path = first.path
  local name = path ~= "" and path or where
  fail.throw("validation_error", { message = name .. " " .. first.message, details = details })
end

local function invalid_text(where, message)
  invalid(where, { { path = where, message = message } })
end

-- Does a Content-Type value name the media type `mime`?  Its parameters do not matter, but a charset
-- other than UTF-8 does.
local function is_mime(value, mime)
  if value == mime then return true end
  local name, parameters = value:lower():match "^%s*([^%s;]+)%s*(.*)$"
  if name ~= mime then return false end
  local charset = parameters:match 'charset="?([^%s;"]+)'
  return not charset or charset == "utf-8" or charset == "utf8"
end

--- The body of a request on a route that takes one; nil without.
function M.read(ctx, route)
  local text = host.body(ctx.req)
  if text == "" then
    if route.body_required then invalid_text("body", "is required") end
    return nil
  end
  if #text > route.body_max then fail.throw("payload_too_large") end
  local mime = host.header(ctx.req, "content-type")
  if mime and not is_mime(mime, route.body_mime) then
    fail.throw("unsupported_media_type", { message = "Content-Type must be " .. route.body_mime })
  end
  if route.body_raw then return text end
  local value, err = json.decode(text)
  if err then invalid_text("body", err) end
  local body, details = route.read_body(value, text)
  if details then invalid("body", details) end
  return body
end

--- Sets ctx.headers to those that the route declares.
function M.read_headers(ctx, route)
  local values = {}
  for _, name in ipairs(route.header_names) do values[name] = host.header(ctx.req, name) end
  local headers, details = route.read_headers(values)
  if details then invalid("headers", details) end
  ctx.headers = headers
end

--- Sets ctx.query to what the schema makes of it.
function M.read_query(ctx, route)
  local query, details = route.read_query(ctx.query)
  if details then invalid("query", details) end
  ctx.query = query
end

--- The same of the parameters of the path.
function M.read_params(ctx, route)
  local params, details = route.read_params(ctx.params)
  if details then invalid("path", details) end
  ctx.params = params
end

return M
