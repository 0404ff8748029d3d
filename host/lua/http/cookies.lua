-- host/lua/http/cookies.lua -- cookies by RFC 6265bis: read leniently, written strictly.
-- Pure.  The default attributes are the safe ones: Path=/, Secure, HttpOnly, SameSite=Lax.

local find, sub, lower, format = string.find, string.sub, string.lower, string.format

local M = {}
local NAME = "^[%w!#$%%&'*+%-.^_`|~]+$"          -- a token (RFC 9110 section 5.6.2)
local VALUE = "^[!#-+--:<-[%]^-~]*$"            -- cookie-octets
local ATTRIBUTE = "^[ -:<-~]*$"
local PAIR_MAX, ATTRIBUTE_MAX = 4096, 1024       -- bytes that browsers keep (section 5.6)
local OPTIONS = { path = "string", domain = "string", max_age_s = "number", secure = "boolean", http_only = "boolean",
                  same_site = "string", partitioned = "boolean" }
local SAME_SITE = { Lax = true, Strict = true, None = true }

-- The text from `first` to `last`, trimmed.
local function trimmed(text, first, last)
  while first <= last and find(sub(text, first, first), "[ \t]") do first = first + 1 end
  while last >= first and find(sub(text, last, last), "[ \t]") do last = last - 1 end
  return sub(text, first, last)
end

--- The values of all cookies called `name` in a Cookie header, in its order: browsers put the one with the longest
--- path first.
function M.values(header, name)
  local out, from = {}, 1
  while header and from <= #header do
    local stop = find(header, ";", from, true) or #header + 1
    local eq = find(header, "=", from, true)
    if eq and eq < stop and trimmed(header, from, eq - 1) == name then
      out[#out + 1] = trimmed(header, eq + 1, stop - 1)
    end
    from = stop + 1
  end
  return out
end

-- Checks the promise of a name's prefix (section 4.1.3): nil, or why it is broken.
local function broken_promise(name, secure, path, domain)
  local prefix = lower(name)
  local is_host = find(prefix, "^__host%-") ~= nil
  if (is_host or find(prefix, "^__secure%-")) and not secure then return "must be Secure" end
  if is_host and path ~= "/" then return "must have the path /" end
  if is_host and domain then return "must not have a domain" end
end

local function check_options(options)
  for key, value in pairs(options) do
    if OPTIONS[key] ~= type(value) then error(format("there is no %s option '%s'", type(value), tostring(key)), 0) end
  end
  local age = options.max_age_s
  if age and (age ~= math.floor(age) or age < 0 or age > 2 ^ 31) then error("max_age_s must be whole seconds", 0) end
  if options.same_site and not SAME_SITE[options.same_site] then error("same_site must be Lax, Strict or None", 0) end
  for _, key in ipairs { "path", "domain" } do
    local text = options[key]
    if text and (#text > ATTRIBUTE_MAX or not find(text, ATTRIBUTE)) then error("the " .. key .. " is malformed", 0) end
  end
  if options.path and sub(options.path, 1, 1) ~= "/" then error("the path must begin with /", 0) end
end

local function attributes(o)
  local out = "; Path=" .. (o.path or "/")
  if o.domain then out = out .. "; Domain=" .. o.domain end
  if o.max_age_s then out = out .. format("; Max-Age=%d", o.max_age_s) end
  if o.secure ~= false then out = out .. "; Secure" end
  if o.http_only ~= false then out = out .. "; HttpOnly" end
  return out .. "; SameSite=" .. (o.same_site or "Lax") .. (o.partitioned and "; Partitioned" or "")
end

local function compose(name, value, o)
  if type(name) ~= "string" or not find(name, NAME) then error("the name is no token", 0) end
  if type(value) ~= "string" or not find(value, VALUE) then
    error("the value must be ASCII without blanks, quotes, commas, semicolons and backslashes", 0)
  end
  if #name + #value > PAIR_MAX then error("name and value have more than " .. PAIR_MAX .. " bytes", 0) end
  check_options(o)
  local secure = o.secure ~= false
  local is_foreign = o.same_site == "None" or o.partitioned
  if is_foreign and not secure then error("SameSite=None and Partitioned want Secure", 0) end
  local why = broken_promise(name, secure, o.path or "/", o.domain)
  if why then error("by its name it " .. why, 0) end
  return name .. "=" .. value .. attributes(o)
end

--- The value of a Set-Cookie header; raises a text if invalid.  options: path ("/"), domain, max_age_s, secure (true),
--- http_only (true), same_site ("Lax"), partitioned.
function M.compose(name, value, options)
  local ok, line = pcall(compose, name, value, options or {})
  if not ok then error("cookie '" .. tostring(name) .. "': " .. tostring(line), 0) end
  return line
end

--- Why a Set-Cookie value that a script wrote itself may not be sent, or nil.
function M.refusal(line)
  local name = line:match "^([^=;]*)="
  name = trimmed(name or "", 1, #(name or ""))
  if not find(name, NAME) then return "a Set-Cookie has no name" end
  local secure, path, domain = false, nil, nil
  for key, value in line:gmatch ";%s*([%w%-]+)=?([^;]*)" do
    key = lower(key)
    if key == "secure" then secure = true end
    if key == "path" then path = trimmed(value, 1, #value) end
    if key == "domain" then domain = value end
  end
  local why = broken_promise(name, secure, path, domain)
  return why and "the cookie '" .. name .. "' " .. why .. ", by its name" or nil
end

return M
