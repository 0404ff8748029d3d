-- scripts/marketplace/news.lua -- what has happened on the marketplace, for those whom it concerns: notifications,
-- webhooks, streams and the public feed each follow the topic "market.event".  Put in the transaction of its cause.

local json = require "human.json"
local outbox = require "human.outbox"

local M = {}

M.TOPIC = "market.event"

--- Puts an event.  e: {name = "bid.received" (the seed's names of webhooks where it has one), about = the id that
--- orders it, to = {ids of the actors whom it concerns}, data = {..} (plain, nothing secret), public = true when the
--- feed may show it}.
function M.put(tx, e)
  outbox.put(tx, M.TOPIC, e.about, { name = e.name, to = json.array(e.to or {}), data = e.data,
                                     public = e.public or nil })
end

return M
