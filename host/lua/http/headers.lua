-- host/lua/http/headers.lua -- header lines that scripts ask for.
-- What C would refuse with nothing but a number (respond.c, check_line) is refused here with a reason, before
-- anything is answered.  spec/host/refused_answers_spec.lua holds the two against each other.

local find, format = string.find, string.format

local M = {}
local TOKEN = "^[%w!#$%%&'*+%-.^_`|~]+$"         -- RFC 9110 section 5.6.2
local CONTROL = "[%z\1-\8\10-\31\127]"           -- a tab is none
local OWN = { ["content-length"] = true, ["transfer-encoding"] = true, date = true }

--- Nil when a header may be sent, else why not.  taken (optional): the name, in lower case, of one that the
--- answer has already.
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

--- {name = value} as lines; or nil and why not.
function M.lines(headers, taken)
  if type(headers) ~= "table" then return nil, "headers must be a table, not a " .. type(headers) end
  local out = ""
  for name, value in pairs(headers) do
    local why = M.refusal(name, value, taken)
    if why then return nil, why end
    out = out .. name:lower() .. ": " .. tostring(value) .. "\r\n"
  end
  return out
end

return M
