-- host/lua/cli/demo_events.lua -- what the marketplace tells the demo's actors: by the streams of their tasks
-- (server-sent events), and by their notifications for all that is no task.  What several are told is shown once.

local client = require "human.cli.demo_client"
local host = require "human.core.host"
local json = require "human.json"
local lines = require "human.cli.demo_lines"
local sched = require "human.core.sched"
local sse = require "sse"

local M = {}
local AGAIN_S, LOOK_S = 0.5, 0.4

local actors, seen, deals, show = {}, {}, {}, nil -- deals: of listings and of transactions
local began, n_seen, n_deals, stopped = 0, 0, 0, false

--- Kinds of events that were shown, and how often.
M.counts = {}

local function name_of(id) return actors[id] and actors[id].name or "somebody" end

local function part_of(id) return actors[id] and actors[id].does or "to trade" end

local function is_task(kind)
  local about = kind:match "^(%l+)[_.]"
  return about == "transaction" or about == "milestone" or about == "dispute"
end

local function emit(kind, data, actor, deal)
  M.counts[kind] = (M.counts[kind] or 0) + 1
  local x = { name = name_of, does = part_of, me = actor.name, buyer = deal and deal.buyer,
              seller = deal and deal.seller,
              deal = function() return actor:get("/transactions-get?transaction_id=" .. data.transaction_id) end }
  show { after_s = math.floor((host.clock() - began) * 1000) / 1000, deal = deal and deal.n, event = kind,
         told = actor.name, data = data, text = lines.say(kind, data, x) }
end

-- The deal that an event is about.  That of a listing is known from its first bid.
local function deal_of(kind, data, actor)
  local deal = data.transaction_id and deals[data.transaction_id] or data.listing_id and deals[data.listing_id]
  if not deal and (kind == "bid_received" or kind == "transaction.created") then
    n_deals = n_deals + 1
    deal = { n = n_deals }
    deals[data.listing_id] = deal
    local listing = actor:get("/listings-get?listing_id=" .. data.listing_id)
    deal.buyer = name_of(listing.seller_id)
    emit("listing", listing, actor, deal)
  end
  if deal and data.seller_id then
    deal.seller, deals[data.transaction_id] = name_of(data.seller_id), deal
  end
  return deal
end

local function once(kind, data, actor)
  local key = kind .. json.encode_sorted(data)
  if seen[key] then return end
  seen[key], n_seen = true, n_seen + 1
  emit(kind, data, actor, deal_of(kind, data, actor))
end

-- Notifications come newest first; those of tasks are in the streams.
local function look(actor)
  local list = actor:get("/notifications-list?limit=50").notifications
  for i = #list, 1, -1 do
    local n = list[i]
    if not seen[n.id] then
      seen[n.id] = true
      if not is_task(n.type) then once(n.type, n.payload, actor) end
    end
  end
end

local function look_at_reviews(actor)
  local list = actor:get("/reviews-list?actor_id=" .. actor.id).reviews
  for i = #list, 1, -1 do once("review", list[i], actor) end
end

-- What was told before comes first.
local function heard(actor, event)
  local data = json.decode(event.data)
  if type(data) ~= "table" or not data.name then return end
  look(actor)
  once(data.name, data, actor)
end

local function follow(actor)
  local parser = sse.parser()
  parser.last_id = "0"                           -- from the beginning
  while not stopped do
    client.follow("/task-stream", actor.key, parser, function(event)
      if not stopped then heard(actor, event) end
    end)
    if not stopped then sched.sleep(AGAIN_S) end
  end
end

local function keep_looking(actor)
  while not stopped do
    look(actor)
    if actor.role == "seller" then look_at_reviews(actor) end
    sched.sleep(LOOK_S)
  end
end

-- Until the server is gone, which is no error once the demo ends.
local function alone(fn, actor)
  local ok, err = pcall(fn, actor)
  if not ok and not stopped then M.failed(err) end
end

--- fn(event): called for each: {after_s, deal (its number), event (its kind), told (whom), data, text (nil: told by
--- another)}.  on_failure(err): a feed cannot be followed.
function M.begin(fn, on_failure)
  show, M.failed, began = fn, on_failure, host.clock()
end

--- Follows what an actor is told.
function M.watch(actor)
  actors[actor.id] = actor
  sched.spawn(alone, follow, actor)
  sched.spawn(alone, keep_looking, actor)
end

--- Waits until nothing new has come for so long.
function M.settle(seconds)
  local before
  repeat
    before = n_seen
    sched.sleep(seconds)
  until n_seen == before
end

--- From now on nothing is shown.
function M.stop() stopped = true end

return M
