-- scripts/marketplace/stripe/lists.lua -- Stripe's lists, page by page, the newest first
-- (https://docs.stripe.com/api/pagination).  Its search is no help to whoever must know what has just been made: it may
-- be a minute behind, and an hour in bad times (https://docs.stripe.com/search), and refunds, transfers, payouts and
-- accounts have none.

local client = require "marketplace.stripe.client"

local M = { PAGE = 100, PAGES = 100 }

--- The next page of a list: after is the id of the last object of the one before, or nil.  Returns the objects, and
--- the id after which there are more, or nil at the end; or nil and why (as client.ask).
function M.page(path, params, after, account)
  local asked = { limit = M.PAGE, starting_after = after }
  for name, value in pairs(params) do asked[name] = value end
  local list, err = client.get(path, asked, account)
  if not list then return nil, err end
  local last = list.data[#list.data]
  return list.data, list.has_more and last and last.id or nil
end

--- The first object of a list that fits: fits(object) is true.  Nil: there is none; nil and why, when that cannot be
--- told ("too_many": not within PAGES pages).
function M.find(path, params, account, fits)
  local after
  for _ = 1, M.PAGES do
    local objects, more = M.page(path, params, after, account)
    if not objects then return nil, more end
    for _, object in ipairs(objects) do
      if fits(object) then return object end
    end
    if not more then return nil end
    after = more
  end
  return nil, { is_passing = true, code = "too_many" }
end

return M
