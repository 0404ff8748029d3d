-- rocks/jsonschema/values.lua -- JSON values: their types, equality, and exact arithmetic.

local M = {}

local floor, concat, format, sort = math.floor, table.concat, string.format, table.sort
local match, gsub, byte = string.match, string.gsub, string.byte

--- Functions on values, for a user's null and arrays: type_of(v), canonical(v, budget).
function M.of(null, is_array)
  local V = { null = null, is_array = is_array }

  --- "null", "boolean", "number", "string", "array" or "object".
  function V.type_of(v)
    local kind = type(v)
    if v == null or kind == "nil" then return "null" end
    if kind ~= "table" then return kind end
    return is_array(v) and "array" or "object"
  end
  local type_of = V.type_of

  local function put(out, v, budget)
    local kind = type_of(v)
    budget.work = budget.work - 1
    if budget.work < 0 then error(budget, 0) end
    if kind == "string" then
      out[#out + 1] = #v .. ":" .. v
    elseif kind == "array" then
      out[#out + 1] = "[" .. #v .. " "
      for i = 1, #v do put(out, v[i], budget) end
    elseif kind == "object" then
      local names = {}
      for name in next, v do names[#names + 1] = name end
      sort(names)
      out[#out + 1] = "{" .. #names .. " "
      for _, name in ipairs(names) do
        out[#out + 1] = #name .. ":" .. name
        put(out, v[name], budget)
      end
    elseif kind == "number" then
      out[#out + 1] = "#" .. format("%.17g", v == 0 and 0 or v) .. " " -- -0 is 0
    else
      out[#out + 1] = kind == "null" and "n" or v and "t" or "f"
    end
  end

  --- A canonical text: the same for all ways to write a value, and different for any other value.
  function V.canonical(v, budget)
    local out = {}
    put(out, v, budget)
    return concat(out)
  end

  return V
end

--- How many characters a UTF-8 text has.
function M.length(text)
  local _, continuing = gsub(text, "[\128-\191]", "")
  return #text - continuing
end

-- The digits of a number's shortest decimal form as a text without zeros at its end, and the power of ten.
local function decimal(n)
  local text
  for precision = 14, 16 do
    text = format("%." .. precision .. "e", n)
    if tonumber(text) == n then break end
  end
  local head, tail, power = match(text, "^(%d)%.(%d+)e([+-]%d+)$") -- linear: of 24 bytes
  local digits = match(head .. tail, "^(.-)0*$") -- linear: of 17 bytes
  return digits, tonumber(power) - #digits + 1
end

--- Whether `n` is a multiple of `divisor` as both are written in decimal: 0.3 is one of 0.1.
function M.is_multiple(n, divisor)
  n = math.abs(n)
  if n == 0 then return true end
  if n == floor(n) and divisor == floor(divisor) and n <= 2 ^ 53 and divisor <= 2 ^ 53 then return n % divisor == 0 end
  local digits, power = decimal(n)
  local by, by_power = decimal(divisor)
  if power < by_power then return false end -- its last digit lies below the last one of the divisor
  if #by > 14 then
    local quotient = n / divisor
    return quotient == floor(quotient)
  end
  local modulus, rest = tonumber(by), 0
  for i = 1, #digits do rest = (rest * 10 + byte(digits, i) - 48) % modulus end
  for _ = 1, power - by_power do rest = rest * 10 % modulus end
  return rest == 0
end

return M
