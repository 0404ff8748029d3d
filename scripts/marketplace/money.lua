-- scripts/marketplace/money.lua -- whole numbers and what people read: cents as dollars, thousandths as credits.

local M = {}

local function decimal(n, digits)
  local one = 10 ^ digits
  local text = ("%d.%0" .. digits .. "d"):format(math.floor(math.abs(n) / one), math.abs(n) % one)
  return (n < 0 and "-" or "") .. text
end

--- "12.50" for 1250 cents.
function M.dollars(cents) return decimal(cents, 2) end

--- "128", "0.5" for 128000 and 500 thousandths: no zeros at the end.
function M.credits(mrc)
  local text = decimal(mrc, 3)
  while text:byte(-1) == 48 do text = text:sub(1, -2) end
  return text:byte(-1) == 46 and text:sub(1, -2) or text
end

--- A share of an amount, in hundredths of a percent (1000: 10 %), half a unit up: the platform's fee.  What the other
--- side gets is the amount without it, never a second rounding.  Exact up to amounts of 900 billion.
function M.share(amount, basis_points) return math.floor((amount * basis_points + 5000) / 10000) end

return M
