-- host/lua/cli/demo_play.lua -- what the demo's agents do, each by the marketplace's own routes: one deal from the
-- request to the review, a tool that is subscribed to and called, and payouts.  What is delivered was made by the model
-- that the server has; nothing here knows an answer.

local client = require "human.cli.demo_client"
local host = require "human.core.host"
local json = require "human.json"
local sched = require "human.core.sched"

local M = {}

local WORK_S = 60                               -- for an agent that acts by itself
local LOOK_S, BIDS_S, MORE_BIDS_S, READ_S = 0.3, 120, 1.2, 1.5
local MODEL = "offline/offline"
local CALLS = 3

local function await(seconds, what)
  local until_at = host.clock() + seconds
  repeat
    local value = what()
    if value then return value end
    sched.sleep(LOOK_S)
  until host.clock() > until_at
end

-- ---- doing the work -------------------------------------------------------------------------------------------

local DELIVER = { type = "function", ["function"] = { name = "market_deliver", description = "Delivers a task.",
  parameters = { type = "object", properties = { transaction_id = { type = "string" }, output_data = {} } } } }

-- What the model makes of a task: the output; or nil and what it says instead.
local function think(task)
  local token = os.getenv "HUMAN_GATEWAY_TOKEN" or "none"
  local said = client.must("/v1/chat/completions", { headers = { authorization = "Bearer " .. token }, body = {
    model = MODEL, tools = { DELIVER }, messages = { { role = "user",
      content = "This task of the marketplace is yours. Deliver it.\n" .. json.encode(task) } } } })
  local message = said.choices[1].message
  local call = type(message.tool_calls) == "table" and message.tool_calls[1]
  local arguments = call and json.decode(call["function"].arguments)
  if arguments and arguments.output_data then return arguments.output_data end
  return nil, type(message.content) == "string" and message.content or "nothing"
end

-- What the seller knows of the task: from the marketplace, as its own.
local function task_of(seller, transaction_id, part)
  local deal = seller:get("/transactions-get?transaction_id=" .. transaction_id)
  local listing = seller:get("/listings-get?listing_id=" .. deal.transaction.listing_id)
  return { transaction_id = transaction_id, title = listing.title, description = listing.description, part = part,
           output_schema = deal.output_schema, evaluation_rubric = deal.evaluation_rubric }
end

-- ---- a deal -------------------------------------------------------------------------------------------------------

local function ask(buyer, request)
  return buyer:post("/listings-create", {
    direction = "buy", listing_type = "task_execution", title = request.title, description = request.description,
    category_tags = json.array(request.tags), budget_ceiling_usd = request.usd, output_schema = request.output_schema,
    evaluation_rubric = request.evaluation_rubric, sla_hours = 24 }).id
end

-- Bids that wait for an answer, the cheapest first; after the first one, others have a moment.
local function bids_on(buyer, listing_id)
  local function look()
    local list = buyer:get("/bids-list?status=pending&listing_id=" .. listing_id).bids
    return list[1] and list
  end
  if not await(BIDS_S, look) then return {} end
  sched.sleep(MORE_BIDS_S)
  local list = look() or {}
  table.sort(list, function(a, b)
    if a.price_usd ~= b.price_usd then return a.price_usd < b.price_usd end
    return a.id < b.id
  end)
  return list
end

-- What an agent that acts by itself has answered: the bid's transaction, or nil.
local function answered(buyer, listing_id, bid_id)
  local bid
  await(WORK_S, function()
    for _, one in ipairs(buyer:get("/bids-list?listing_id=" .. listing_id).bids) do
      if one.id == bid_id then bid = one end
    end
    return bid.status ~= "countered"
  end)
  return type(bid.transaction_id) == "string" and bid.transaction_id or nil
end

-- A seller takes less than it asked for, but not less than it works for.
local function answer_counter(buyer, seller, listing_id, bid_id, usd)
  if seller.acts then return answered(buyer, listing_id, bid_id) end
  if usd >= seller.least then return seller:post("/bids-counter-accept", { bid_id = bid_id }).transaction_id end
  seller:post("/bids-counter-reject", { bid_id = bid_id })
end

-- Agrees with one of the bidders: the transaction and its seller, or nil.
local function agree(cast, buyer, request, listing_id, bids)
  local counters = request.counters
  for _, bid in ipairs(bids) do
    local seller, transaction_id = cast.by_id[bid.bidder_id], nil
    if counters and seller then
      local usd = math.floor(bid.price_usd * 85) / 100
      buyer:post("/bids-counter", { bid_id = bid.id, counter_price_usd = usd, counter_sla_hours = 24,
                                    counter_note = "A little less?" })
      transaction_id, counters = answer_counter(buyer, seller, listing_id, bid.id, usd), false
    elseif seller then
      transaction_id = buyer:post("/bids-accept", { bid_id = bid.id }).transaction_id
    end
    if transaction_id then return transaction_id, seller end
  end
end

local function reporter(cast)
  for _, seller in ipairs(cast.sellers) do
    if seller.reports then return seller end
  end
end

local function offer_parts(cast, listing_id, request)
  reporter(cast):post("/bids-create", { listing_id = listing_id, sla_hours = 72,
    price_usd = math.floor(request.usd * 0.9),
    milestone_pricing = true, milestones = request.parts, scope_note = "In two parts, each paid when it is there" })
end

-- Whether an agent that acts by itself has delivered; of: the milestone, or nil.
local function has_delivered(buyer, id, of)
  return await(WORK_S, function()
    local deal = buyer:get("/transactions-get?transaction_id=" .. id)
    return (of and deal.milestones[of] or deal.transaction).status == "delivered"
  end)
end

-- The work is done: by the seller itself, or, where it does not act, by the same model for it.  Returns why not.
local function work(buyer, seller, id, part, sequence)
  if seller.acts then
    return not has_delivered(buyer, id, sequence) and seller.name .. " has not delivered" or nil
  end
  local output, why = think(task_of(seller, id, part))
  if not output then return why end
  seller:post(sequence and "/milestones-deliver" or "/transactions-deliver",
    { transaction_id = id, sequence = sequence, output_data = output })
end

local function deliver_parts(buyer, seller, id, parts)
  for sequence, part in ipairs(parts) do
    local why = work(buyer, seller, id, part.title, sequence)
    if why then return why end
    buyer:post("/milestones-accept", { transaction_id = id, sequence = sequence })
  end
end

local function review(buyer, id)
  buyer:post("/reviews-create", { transaction_id = id, rating = 5, content = "Exactly what was asked for." })
end

-- The first check that a delivery did not pass, in words.
local function failed_check(deal)
  local last = deal.checks[#deal.checks]
  for _, check in ipairs(last and last.results or {}) do
    if not check.passed then return check.message or check.check end
  end
end

local function dispute(cast, buyer, seller, id, why)
  local made = buyer:post("/disputes-create", { transaction_id = id, reason = "Not as agreed: " .. why })
  seller:post("/disputes-submit-evidence", { dispute_id = made.dispute_id, evidence_type = "text",
    content = "I have delivered all that the text has." })
  if not cast.admin then return end
  cast.admin:post("/disputes-resolve", { dispute_id = made.dispute_id, resolution = "refund_buyer",
    note = "The rubric was agreed before: " .. why })
end

local function finish(cast, buyer, seller, id, request)
  if request.parts then
    local why = deliver_parts(buyer, seller, id, request.parts)
    if not why then review(buyer, id) end
    return why
  end
  local why = work(buyer, seller, id)
  if why then return why end
  local failed = failed_check(buyer:get("/transactions-get?transaction_id=" .. id))
  if failed then
    dispute(cast, buyer, seller, id, failed)
    return nil
  end
  buyer:post("/transactions-accept", { transaction_id = id })
  review(buyer, id)
end

-- Its card pays, unless that has been done already: an agent's is asked without it, and then its seller may have begun.
local function pay(buyer, id)
  local ok, err = pcall(buyer.post, buyer, "/transactions-assign", { transaction_id = id })
  local is_paid = ok or type(err) == "table" and err.code_of == "invalid_state"
  if not is_paid then error(err, 0) end
end

--- One deal, from the request to its end.  Returns {transaction_id, buyer, seller}; or nil and why there was none.
--- Awaits.
function M.deal(cast, buyer, request)
  local listing_id = ask(buyer, request)
  if request.parts then offer_parts(cast, listing_id, request) end
  local id, seller = agree(cast, buyer, request, listing_id, bids_on(buyer, listing_id))
  if not id then
    buyer:post("/listings-deactivate", { listing_id = listing_id })
    return nil, request.title .. ": nobody has bid"
  end
  pay(buyer, id)
  local why = finish(cast, buyer, seller, id, request)
  return { transaction_id = id, buyer = buyer, seller = seller }, why
end

-- ---- a tool ---------------------------------------------------------------------------------------------------

-- What an agent has asked its person.
local function request_to(owner)
  for _, n in ipairs(owner:get("/notifications-list?limit=50").notifications) do
    if n.type == "approval_requested" then return n.payload end
  end
end

--- An agent asks its person before it subscribes, is allowed to, and calls the tool.  Returns what the tool said last.
--- Awaits.
function M.use_tool(cast)
  local agent, owner = cast.buyers[1], cast.person
  if not owner then return nil end
  await(BIDS_S, function() return owner:get("/credits-balance").rc_balance_withdrawable > 0 end)
  owner.claim()
  agent:post("/credits-deposit", { amount_usd = 10 })
  await(BIDS_S, function() return agent:get("/credits-balance").rc_balance_withdrawable > 0 end)
  local wish = { listing_id = cast.provider.tool, plan_id = "starter" }
  local status = client.ask("/tool-subscriptions", { key = agent.key, body = wish })
  local request = status == 403 and await(BIDS_S, function() return request_to(owner) end)
  if request then
    sched.sleep(READ_S)
    owner:post("/channel-respond", { message_id = request.message_id, response_status = "approved",
                                     response_data = { note = "Three dollars a month are fine" } })
  end
  local subscription = agent:post("/tool-subscriptions", wish)
  local output
  for _ = 1, CALLS do
    output = client.must("/tool-proxy", { key = subscription.api_key, body = {
      subscription_id = subscription.subscription_id, input = {} } }).output
  end
  return output
end

-- ---- payouts --------------------------------------------------------------------------------------------------

--- Sets an account up, and asks for all that was earned.  Returns the dollars.  Awaits.
function M.pay_out(actor)
  local usd = math.floor(actor:get("/credits-balance").rc_balance_withdrawable) / 100
  if usd < 1 then return 0 end
  local address = actor:post("/stripe-connect-onboard", {}).onboarding_url
  client.must(address:match "^%a+://[^/]+(/.*)$", {})
  local payout = actor:post("/payouts-request", { amount_usd = usd })
  return payout.amount_usd
end

return M
