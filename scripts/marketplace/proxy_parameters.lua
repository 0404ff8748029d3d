-- scripts/marketplace/proxy_parameters.lua -- an input as the parts of an HTTP request.  A tool's `operation` says
-- which member goes where, as OpenAPI has it: {path = "/pets/{id}", parameters = {{name, in, style, explode, json},
-- ..}, has_body}; the member `body` is the body.  A tool without one gets its whole input.

local fail = require "human.fail"
local json = require "human.json"
local rules = require "marketplace.rules.subscriptions"

local M = {}

local HEADER_BYTES = 4000

-- Headers that are the connection's, or ours.
local TAKEN = { host = true, connection = true, ["content-length"] = true, ["content-type"] = true,
                ["transfer-encoding"] = true, te = true, trailer = true, upgrade = true, expect = true,
                ["proxy-authorization"] = true, ["keep-alive"] = true, accept = true, ["accept-encoding"] = true }
-- And those that no caller may choose.
local NOT_CHOSEN = { authorization = true, cookie = true, ["x-call-id"] = true, forwarded = true }

--- Whether a credential may be shown in a header of that name.
function M.is_free(name) return not TAKEN[name:lower()] end

--- Whether a header of that name may be chosen by who calls.
function M.is_header(name)
  local lower = name:lower()
  return #name <= 100 and name:find "^[%w_-]+$" ~= nil and not TAKEN[lower] and not NOT_CHOSEN[lower]
    and not lower:find "^x%-forwarded%-" and not lower:find "^proxy%-"
end

local function escape(text)
  return (tostring(text):gsub("[^%w%-_.~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

local function wrong(name, message)
  fail.throw("validation_error", { details = { { path = "input." .. name, message = message } } })
end

local function text_of(value)
  if type(value) == "table" then return json.encode(value) end
  return type(value) == "number" and json.number(value) or tostring(value)
end

local function names_of(t)
  local names = {}
  for name in pairs(t) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- The items of a list, or the names and values of an object, one after the other.
local function flat(value, encode)
  local out = {}
  if json.is_array(value) then
    for i, item in ipairs(value) do out[i] = encode(text_of(item)) end
    return out
  end
  for _, name in ipairs(names_of(value)) do
    out[#out + 1] = encode(name)
    out[#out + 1] = encode(text_of(value[name]))
  end
  return out
end

local function same(text) return text end

local function simple(value, p, encode)
  if type(value) ~= "table" then return encode(text_of(value)) end
  return p.json and encode(json.encode(value)) or table.concat(flat(value, encode), ",")
end

-- Where a caller's text is a part of a path it stays that part.
local function in_path(value, p)
  local shown = simple(value, p, escape)
  if shown == "" or shown == "." or shown == ".." then wrong(p.name, "cannot be a part of the tool's address") end
  return shown
end

local JOINTS = { spaceDelimited = "%20", pipeDelimited = "%7C" }

local function add_query(pairs_of, value, p)
  local function add(name, shown) pairs_of[#pairs_of + 1] = escape(name) .. "=" .. shown end
  if type(value) ~= "table" or p.json then return add(p.name, escape(text_of(value))) end
  local style, explode = p.style or "form", p.explode
  if explode == nil then explode = style == "form" end
  if json.is_array(value) then
    local items = flat(value, escape)
    if not explode then return add(p.name, table.concat(items, JOINTS[style] or ",")) end
    for _, item in ipairs(items) do add(p.name, item) end
  elseif style == "deepObject" or explode then
    for _, name in ipairs(names_of(value)) do
      add(style == "deepObject" and p.name .. "[" .. name .. "]" or name, escape(text_of(value[name])))
    end
  else
    add(p.name, table.concat(flat(value, escape), ","))
  end
end

local function in_header(value, p)
  local shown = simple(value, p, same)
  if #shown > HEADER_BYTES or shown:find "[%c]" then wrong(p.name, "cannot be in a header") end
  return shown
end

--- An address without slashes at its end.
function M.without_slashes(url)
  while url:sub(-1) == "/" do url = url:sub(1, -2) end
  return url
end

--- An address with one parameter more.
function M.with_query(url, name, value)
  local base, fragment = url:match "^([^#]*)(.*)$"
  return base .. (base:find("?", 1, true) and "&" or "?") .. escape(name) .. "=" .. escape(value) .. fragment
end

local function check_length(url)
  if #url > rules.address_bytes then
    fail.throw("validation_error", { details = { { path = "input",
      message = "is too long for a tool that has it in its address" } } })
  end
end

-- The members of an input as parameters: what is no text, number or boolean as JSON.
local function as_query(url, input)
  for _, name in ipairs(names_of(input)) do
    url = M.with_query(url, name, text_of(input[name]))
    check_length(url)
  end
  return url
end

local function has_value(v) return v ~= nil and v ~= json.null end

local function by_operation(request, operation, input)
  local in_place, query = {}, {}
  for _, p in ipairs(operation.parameters or {}) do
    local value = input[p.name]
    if has_value(value) then
      if p["in"] == "path" then in_place[p.name] = in_path(value, p)
      elseif p["in"] == "query" then add_query(query, value, p)
      else request.headers[p.name] = in_header(value, p) end
    end
  end
  local path = operation.path:gsub("{([^{}]*)}", function(name)
    return in_place[name] or wrong(name, "is required by the tool's address")
  end)
  request.url = M.without_slashes(request.url) .. path .. (query[1] and "?" .. table.concat(query, "&") or "")
  check_length(request.url)
  if operation.has_body and input.body ~= nil then
    request.body, request.headers["Content-Type"] = json.encode(input.body), "application/json"
  end
end

--- Puts an input (JSON of an object) into a request {url, method, headers}, as a tool's meta says.
function M.fill(request, meta, input)
  if meta.operation then return by_operation(request, meta.operation, json.decode(input)) end
  if request.method == "GET" then
    request.url = as_query(request.url, json.decode(input))
  else
    request.body, request.headers["Content-Type"] = input, "application/json"
  end
end

return M
