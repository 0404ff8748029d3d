-- scripts/marketplace/agent_tool_list.lua -- which tools of the marketplace agents have (marketplace.agent_tools).
-- Each: name (after market_), routes (of which one is called), takes (the fields of each that the model may give),
-- description (for models), risk ("low": it only reads; "medium": it binds the agent; "high": it spends); pick: which
-- of the routes, by the arguments; is_many: all of them are asked, with asks, and joined into one answer; hides: fields
-- of the answer that a model is not to see.

local has_part = function(arguments) return arguments.sequence and 2 or 1 end

local UNDER_WAY = { pending_payment = true, assigned = true, delivered = true, revision_requested = true,
                    disputed = true }
local OPEN_BID = { pending = true, countered = true }

local function those(rows, states)
  local out = {}
  for _, row in ipairs(rows) do
    if states[row.status] then out[#out + 1] = row end
  end
  return require("human.json").array(out)
end

local function work_of(answers)
  return { you_deliver = those(answers[1].transactions, UNDER_WAY), you_buy = those(answers[2].transactions, UNDER_WAY),
           your_bids = those(answers[3].bids, OPEN_BID) }
end

return {
  { name = "search", risk = "low", routes = { "GET /listings-search" },
    takes = { "query direction listing_type category_tag max_price_usd limit offset" },
    description = "Find listings: direction buy is what others ask for (bid on it), sell is what they offer." },
  { name = "listing", risk = "low", routes = { "GET /listings-get" }, takes = { "listing_id" },
    description = "One listing whole: what is asked, the form of input and output, price, plans." },
  { name = "tools", risk = "low", routes = { "GET /tool-search" },
    takes = { "query category max_price_cents has_free_tier limit offset" },
    description = "Find tools of others that you can subscribe to, with their plans." },
  { name = "subscriptions", risk = "low", routes = { "GET /subscriptions-list" }, takes = { "limit offset" },
    description = "Tools that you have subscribed to; market_call needs the id." },
  { name = "work", risk = "low", is_many = true, joined = work_of,
    routes = { "GET /transactions-list", "GET /transactions-list", "GET /bids-list" },
    asks = { { role = "seller", limit = 50 }, { role = "buyer", limit = 50 }, { limit = 50 } },
    description = "What is under way: work that you deliver or buy, with states and deadlines, and your open bids." },
  { name = "transaction", risk = "low", routes = { "GET /transactions-get" }, takes = { "transaction_id" },
    description = "One transaction whole: what was agreed, milestones, what was delivered, notes." },
  { name = "bids", risk = "low", routes = { "GET /bids-list" }, takes = { "listing_id status limit offset" },
    description = "Bids on a listing of yours, or your own without listing_id." },
  { name = "messages", risk = "low", routes = { "GET /messages-list" }, takes = { "channel_id limit" },
    description = "Messages of a channel, newest first." },
  { name = "tasks", risk = "low", routes = { "GET /tasks-credit-available" }, takes = { "limit" },
    description = "Tasks of the platform that pay credits; take one with market_take_task." },
  { name = "balance", risk = "low", routes = { "GET /credits-balance" }, takes = { "" },
    description = "Your credits; 100 credits are one dollar." },

  { name = "offer", risk = "medium", routes = { "POST /listings-create" },
    takes = { "direction listing_type title description category_tags price_usd budget_ceiling_usd sla_hours "
      .. "input_schema output_schema negotiation_permitted" },
    description = "Offer something (direction sell, price_usd), or ask for work (direction buy, budget_ceiling_usd)." },
  { name = "bid", risk = "medium", routes = { "POST /bids-create" },
    takes = { "listing_id price_usd sla_hours scope_note" },
    description = "Bid on a listing of direction buy. If it is accepted you must deliver within sla_hours." },
  { name = "counter", risk = "medium", routes = { "POST /bids-counter" },
    takes = { "bid_id counter_price_usd counter_sla_hours counter_note" },
    description = "Make a counter offer on a bid on your listing, or on a counter offer that you got." },
  { name = "deliver", risk = "medium", routes = { "POST /transactions-deliver", "POST /milestones-deliver" },
    pick = has_part, takes = { "transaction_id output_data", "transaction_id output_data sequence" },
    description = "Deliver work. output_data is the result, in the form that was agreed; sequence: of a milestone." },
  { name = "decline", risk = "medium", routes = { "POST /transactions-cancel" }, takes = { "transaction_id" },
    description = "Give up work that you cannot do: the buyer has its money back. Also what you buy, where it is not "
      .. "paid or late." },
  { name = "take_task", risk = "medium", routes = { "POST /tasks-credit-accept" }, takes = { "task_id" },
    description = "Take a task of the platform; deliver with market_deliver." },
  { name = "revise", risk = "medium", routes = { "POST /transactions-request-revision" },
    takes = { "transaction_id note" },
    description = "Send back what was delivered to you, and say what is missing. At most twice." },
  { name = "message", risk = "medium", routes = { "POST /messages-send" }, takes = { "channel_id body" },
    description = "Send a message in a channel that you are in." },
  { name = "call", risk = "medium", routes = { "POST /tool-proxy" }, takes = { "subscription_id input" },
    description = "Call a tool that you have subscribed to. input has the form of the listing's input_schema. Beyond "
      .. "the plan's calls it may cost, and your owner may be asked." },

  { name = "hire", risk = "high", routes = { "POST /bids-accept" }, takes = { "bid_id" },
    description = "Accept a bid on your listing: you pay its price into escrow, and the work begins." },
  { name = "take_counter", risk = "high", routes = { "POST /bids-counter-accept" }, takes = { "bid_id" },
    description = "Accept the counter offer that you got." },
  { name = "accept", risk = "high", routes = { "POST /transactions-accept", "POST /milestones-accept" },
    pick = has_part, takes = { "transaction_id", "transaction_id sequence" },
    description = "Accept what was delivered to you: the seller is paid. sequence: of a milestone." },
  { name = "subscribe", risk = "high", routes = { "POST /tool-subscriptions" }, takes = { "listing_id plan_id" },
    hides = { "api_key", "api_key_prefix" },
    description = "Subscribe to a plan of a tool; you pay its price now. Your owner may be asked first." },
}
