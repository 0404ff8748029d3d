-- host/lua/http/security.lua -- security headers for all answers of a group, errors too.
-- api.group { headers = "page" }, or { "page", ["content-security-policy"] = "..", ["permissions-policy"] = false }.

local headers = require "human.http.headers"

local M = {}

-- The strictest policies that work: a page loads its own files, cannot be framed, and sends no referrer.
local PRESETS = {
  api = {
    ["content-security-policy"] = "default-src 'none'; frame-ancestors 'none'",
    ["referrer-policy"] = "no-referrer", ["cross-origin-resource-policy"] = "same-origin",
    ["cache-control"] = "no-store",
  },
  page = {
    ["content-security-policy"] = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
      .. "frame-ancestors 'none'",
    ["referrer-policy"] = "strict-origin-when-cross-origin", ["x-frame-options"] = "DENY",
    ["cross-origin-opener-policy"] = "same-origin", ["cross-origin-resource-policy"] = "same-origin",
    ["permissions-policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  },
}
local GIVEN = { ["x-content-type-options"] = "nosniff" } -- every answer has it
local TAKEN = { ["content-type"] = true, ["x-gen"] = true, ["x-request-id"] = true, ["set-cookie"] = true, vary = true }

local function preset(name)
  local known = PRESETS[name]
  if not known then error("there is no preset '" .. tostring(name) .. "': api or page", 0) end
  return known
end

local function merge(option)
  local out = {}
  if type(option) == "string" then option = { option } end
  if type(option) ~= "table" then error("must be a preset, or { preset, name = value }", 0) end
  if option[1] ~= nil then
    for name, value in pairs(preset(option[1])) do out[name] = value end
  end
  for name, value in pairs(option) do
    if name ~= 1 then
      if type(name) ~= "string" then error("one preset only", 0) end
      out[name:lower()] = value or nil
    end
  end
  return out
end

local function line(name, value)
  if TAKEN[name] or name:find "^access%-control%-" then error("the header '" .. name .. "' is not a group's", 0) end
  if GIVEN[name] then
    if value == GIVEN[name] then return "" end
    error("the header '" .. name .. "' is the host's own", 0)
  end
  return assert(headers.lines { [name] = value })
end

--- Compiles a group's option: nil, or {lines = all of them, names = {name = line}}.
function M.compile(option, where)
  if option == nil then return nil end
  local ok, out = pcall(function()
    local names, list = {}, {}
    for name, value in pairs(merge(option)) do
      names[name] = line(name, value)
      list[#list + 1] = names[name]
    end
    table.sort(list)
    return { lines = table.concat(list), names = names }
  end)
  if not ok then error(where .. ": headers: " .. tostring(out), 0) end
  return out
end

--- A head without the headers that the answer sets itself, in the lines `own`.
function M.without(head, secure, own)
  for name, line_of in pairs(secure.names) do
    if ("\n" .. own):find("\n" .. name .. ":", 1, true) then
      local from, to = head:find(line_of, 1, true)
      if from then head = head:sub(1, from - 1) .. head:sub(to + 1) end
    end
  end
  return head
end

--- Records a group's headers for paths below it without a route.
function M.announce(g, base, secure)
  if secure then g.secured[#g.secured + 1] = { base = base, lines = secure.lines } end
end

--- The lines for a path without a route: of the group with the longest base that it is below.
function M.at(g, path)
  local best, lines = -1, ""
  for _, group in ipairs(g.secured) do
    local n = #group.base
    if n > best and path:sub(1, n) == group.base and (n == 0 or #path == n or path:byte(n + 1) == 47) then
      best, lines = n, group.lines
    end
  end
  return lines
end

return M
