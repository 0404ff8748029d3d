-- spec/support/whole_bids.lua -- the part of the model of trade (whole_model.lua) that is about disputes and bids.

return function(M, ON)
  -- ---- disputes -----------------------------------------------------------------------------------------------------

  local function is_disputed(d)
    local step = M.current(d)
    return d.state == "disputed" or d.state == "assigned" and step ~= nil and step.state == "disputed"
  end
  M.is_disputed = is_disputed

  --- The buyer disputes a delivery: row = its row.
  function M:dispute(d, id)
    (M.current(d) or d).state = "disputed"
    d.dispute = { id = id, state = "open", shown = { buyer = 0, seller = 0 } }
    self:after(48, "dispute", { d = d, dispute = d.dispute, state = "open" })
  end

  --- A side ("buyer" or "seller") shows something.
  function M:show(d, side)
    d.dispute.shown[side] = d.dispute.shown[side] + 1
    if side == "buyer" or d.dispute.state ~= "open" then return end
    d.dispute.state = "responded"
    self:after(72, "dispute", { d = d, dispute = d.dispute, state = "responded" })
  end

  --- How a dispute ends: "refund_buyer", "release_seller" or "split".
  function M:resolve(d, how, pct)
    if how ~= "refund_buyer" and M.is_lost(d) then return self:lose(d) end
    d.dispute.state = "resolved"
    if d.steps then
      if how == "refund_buyer" then self:refuse_step(d) else self:accept_step(d) end
    elseif how == "split" then
      self:split(d, pct)
    elseif how == "refund_buyer" then
      self:refund(d, "refunded")
    else
      self:accept(d)
    end
  end

  function ON.dispute(m, t)
    local d, it = t.d, t.dispute
    if d.dispute ~= it or it.state ~= t.state or not is_disputed(d) then return end
    if t.state == "open" then return m:resolve(d, "refund_buyer") end
    if t.state == "proposed" then
      m:reach "proposal that counts"
      return m:resolve(d, d.steps and "refund_buyer" or "split", 50)
    end
    if it.shown.buyer == 0 then return m:resolve(d, "release_seller") end
    it.state = "proposed"
    m:after(168, "dispute", { d = d, dispute = it, state = "proposed" })
  end

  -- ---- bids ---------------------------------------------------------------------------------------------------------

  --- A bid on what somebody asks for: {by, seller, price, sla, shares}.
  function M:bid(ask, bid)
    bid.round = 0
    ask.bids[#ask.bids + 1] = bid
    bid.ends_at = self:after(168, "bid", { ask = ask, bid = bid })
  end

  --- The other side asks for another price.
  function M:counter(ask, bid, by, price)
    bid.round, bid.turn, bid.countered = bid.round + 1, by, price
    bid.ends_at = self:after(48, "bid", { ask = ask, bid = bid })
  end

  --- A bid is over.
  function M.end_bid(ask, bid)
    for i, one in ipairs(ask.bids) do
      if one == bid then return table.remove(ask.bids, i) end
    end
  end

  function ON.bid(m, t)
    if t.bid.ends_at == t.at and M.end_bid(t.ask, t.bid) then m:reach "bid that timed out" end
  end

  --- Agents that bid by themselves look at what one asks for.  by: names the bids that they make.
  function M:match(ask, n, by)
    local c = self.auto[n]
    if not c or not c.is_enabled or n == ask.buyer then return end
    local under_way = 0
    for _, other in ipairs(self.asks) do
      for _, bid in ipairs(other.bids) do
        if bid.seller == n then under_way = under_way + 1 end
        if bid.seller == n and other == ask then return end
      end
    end
    for _, d in ipairs(self.deals) do
      local counts = d.state == "pending_payment" or M.OPEN[d.state] and d.state ~= "disputed"
      if d.seller == n and counts then under_way = under_way + 1 end
    end
    for _, slot in ipairs(self.slots) do under_way = under_way + (slot.seller == n and slot.state == "assigned" and 1 or 0) end
    if under_way >= c.most then return end
    self:reach "auto-bid"
    self:bid(ask, { by = by .. ":" .. n .. ":" .. tostring(ask.by), seller = n, price = math.min(c.price, 18000), sla = c.sla })
  end
end
