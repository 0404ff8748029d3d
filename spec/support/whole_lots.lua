-- spec/support/whole_lots.lua -- the part of the model of trade (whole_model.lua) that is about credits: lots, which come, are
-- spent the newest first, go back where they were, and end.

local M = {}

local function rate(amount, bp, least) return math.min(amount, math.max(math.floor((amount * bp + 5000) / 10000), least)) end

--- A new lot of an actor, {M or W}; ends_at: nil, or the hour.
function M:add(n, pool, amount, reason, ends_at)
  if amount > 0 then
    table.insert(self.wallets[n], { pool = pool, rest = amount, reason = reason, ends_at = ends_at })
  end
end

--- Credits that are given away.
function M:give(n, amount)
  local ends_at = self:after(self.year_h(), "expire", { n = n })
  self:add(n, "M", amount, "gift", ends_at)
end

--- An actor, with what it was given, and who brought it.
function M:actor(n, mrc, referrer)
  self.wallets[n], self.referrer[n] = {}, referrer
  self:give(n, mrc)
end

--- An actor has done business: who brought it is paid for that, soon.
function M:business(d)
  for _, n in ipairs { d.buyer, d.seller } do
    if self.referrer[n] then
      table.insert(self.gifts, n)
      table.insert(self.gifts, self.referrer[n])
      self.referrer[n] = nil
    end
  end
end

--- What was promised is given.
function M:give_gifts()
  for _, n in ipairs(self.gifts) do
    self:reach "paid referral"
    self:give(n, 16000)
  end
  self.gifts = {}
end

--- What an actor has of a pool; reasons: of lots that came for one of these.
function M:sum(n, pool, reasons)
  local sum = 0
  for _, lot in ipairs(self.wallets[n]) do
    if lot.pool == pool and (not reasons or reasons[lot.reason]) then sum = sum + lot.rest end
  end
  return sum
end

--- Takes from an actor's lots.  Returns how much of each pool.
function M:take(n, amount, only, reasons)
  local got, wallet = { M = 0, W = 0 }, self.wallets[n]
  for _, pool in ipairs(only and { only } or { "M", "W" }) do
    local used, left = 0, 0
    for i = #wallet, 1, -1 do
      local lot = wallet[i]
      local part = lot.pool == pool and (not reasons or reasons[lot.reason]) and math.min(lot.rest, amount - got.M - got.W) or 0
      if part > 0 then
        got[pool], lot.rest, used = got[pool] + part, lot.rest - part, used + 1
      end
      if lot.pool == pool and lot.rest > 0 then left = left + 1 end
    end
    if used > 1 and left > 0 then self:reach("several lots of " .. pool) end
  end
  return got
end

--- The end of what an actor was given.
function M:expire(n, at)
  for _, lot in ipairs(self.wallets[n]) do
    if lot.ends_at and lot.ends_at <= at then
      if lot.rest > 0 then self:reach "credits that expired" end
      lot.rest = 0
    end
  end
end

--- The lots of an actor that hold something.
function M:lots_of(n)
  local out = {}
  for _, lot in ipairs(self.wallets[n]) do
    if lot.rest > 0 then out[#out + 1] = lot.pool .. ("%.0f"):format(lot.rest) end
  end
  return table.concat(out, " ")
end

function M:deposit(n, cents)
  local fee = rate(cents, 25, 0)
  self:add(n, "W", (cents - fee) * 1000, "deposit")
  self.moves = self.moves + fee
end

--- Credits become cash: how = {cents, reasons, is_instant, month, is_paid}.  A founder's first of a month is free.
function M:withdraw(n, how)
  if not how.is_paid then return self:reach "withdrawal that failed" end
  self:take(n, how.cents * 1000, "W", how.reasons)
  local fee = how.is_instant and rate(how.cents, 100, 50) or rate(how.cents, 25, 25)
  local key = n .. " " .. how.month
  if not how.is_instant and not self.withdrawn[key] then
    self.withdrawn[key], fee = true, 0
  end
  self.moves = self.moves + fee
end

--- Credits pay for a tool: what is earned is of the pools that it was paid from.
function M:purchase(buyer, provider, price, fee)
  local got = self:take(buyer, price)
  local fee_m = math.floor(fee * got.M / price)
  self:add(provider, "M", got.M - fee_m, "tool_revenue")
  self:add(provider, "W", got.W - (fee - fee_m), "tool_revenue")
end

return M
