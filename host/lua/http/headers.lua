-- host/lua/http/headers.lua -- checks the header lines that scripts set.
-- C would refuse bad lines with only a number (respond.c, check_line); this refuses them with a reason, before
-- anything is sent.  spec/host/refused_answers_spec.lua compares the two.

local cookies = require "human.http.cookies"

local find, format = string.find, string.format

local M = {}
local TOKEN = "^[%w!#$%%&'*+%-.^_`|~]+$"         -- RFC 9110 section 5.6.2
local CONTROL = "[%z\1-\8\10-\31\127]"           -- a tab is allowed
local SINGLE = {}                                -- headers that an answer may have only once
for name in ([[content-type content-disposition content-range content-location location etag last-modified expires
  retry-after age access-control-allow-origin access-control-max-age strict-transport-security referrer-policy server
  x-frame-options x-request-id]]):gmatch "%S+" do SINGLE[name] = true end
local OWN = { ["content-length"] = true, ["transfer-encoding"] = true, date = true }

--- Nil if a header may be sent, else the reason.  taken (optional): the name, in lower case, of a header that the
--- answer already has.
function M.refusal(name, value, taken)
  if type(name) ~= "string" or not find(name, TOKEN) then
    return format("the header name %q is none", tostring(name))
  end
  if OWN[name:lower()] then return format("the header '%s' is the host's own", name) end
  if name:lower() == taken then return format("the header '%s' is the declared reply's", name) end
  local t = type(value)
  if t ~= "string" and t ~= "number" and t ~= "boolean" then
    return format("the header '%s' must be a text, not a %s", name, t)
  end
  if t == "string" and find(value, CONTROL) then
    return format("the header '%s' has a line break or another control character", name)
  end
end

local function list_refusal(name, list)
  if type(name) ~= "string" then return format("the header name %q is none", tostring(name)) end
  if SINGLE[name:lower()] then return format("the header '%s' may be said once only", name) end
  if #list == 0 then return format("the header '%s' must be a text, or a list of texts", name) end
end

-- One line; or nil and the reason.
local function line(name, value, taken)
  local why = M.refusal(name, value, taken)
  if not why and name:lower() == "set-cookie" then why = cookies.refusal(tostring(value)) end
  if why then return nil, why end
  return name:lower() .. ": " .. tostring(value) .. "\r\n"
end

local function lines_of(name, list, taken)
  local out, why = "", list_refusal(name, list)
  if why then return nil, why end
  for _, value in ipairs(list) do
    local text, refused = line(name, value, taken)
    if refused then return nil, refused end
    out = out .. text
  end
  return out
end

--- {name = value} as lines, with several for a list of values; or nil and the reason.
function M.lines(headers, taken)
  if type(headers) ~= "table" then return nil, "headers must be a table, not a " .. type(headers) end
  local out = ""
  for name, value in pairs(headers) do
    local text, why = (type(value) == "table" and lines_of or line)(name, value, taken)
    if why then return nil, why end
    out = out .. text
  end
  return out
end

return M
