-- host/lua/http/fields.lua -- "a=b&c=d", as queries and forms have it.
-- Pure.  How a name or a value is decoded is up to who reads: a query is stricter about percent signs than a form.

local find, sub, type = string.find, string.sub, type

local M = {}

--- Adds a field: one that is repeated becomes a list.
function M.add(out, name, value)
  local before = out[name]
  if before == nil then
    out[name] = value
  elseif type(before) == "table" and before[1] ~= nil then
    before[#before + 1] = value
  else
    out[name] = { before, value }
  end
end

local function add_pair(out, pair, decode)
  local eq = find(pair, "=", 1, true)
  local name = decode(eq and sub(pair, 1, eq - 1) or pair)
  local value = decode(eq and sub(pair, eq + 1) or "")
  if not name or not value then return false end
  M.add(out, name, value)
  return true
end

--- {name = text}, with lists for repeated names; or nil, and whether it has more than `max` fields (else one could not
--- be decoded).  decode(text) -> text or nil.
function M.read(text, decode, max)
  local out, from, n = {}, 1, 0
  while from <= #text do
    local amp = find(text, "&", from, true) or #text + 1
    if amp > from then
      n = n + 1
      if n > max then return nil, true end
      if not add_pair(out, sub(text, from, amp - 1), decode) then return nil, false end
    end
    from = amp + 1
  end
  return out
end

return M
