-- spec/e2e/scripts/market2/api/local/market2.lua -- puts events as the marketplace's parts do: at once, after a while
-- in an open transaction, or in one that is rolled back.  VERSION is another number after each reload.
local api = require "human.api"
local db = require "human.db"
local s = require "human.schema"
local channels = require "marketplace.channels"
local news = require "marketplace.news"

local M = {}
local VERSION = 0
local g = api.group { tag = "Spec", base = "/local/market2", auth = false, shape = "agent" }

local Event = s.object { name = s.string, about = s.string, to = s.array(s.uuid), data = s.map(s.string),
                         public = s.bool:optional(), wait_s = s.number:optional(), undo = s.bool:optional() }

g:post("/events", {
  summary = "Put an event", body = Event, reply = { [200] = s.object { version = s.int } },
}, function(_, e)
  local ok, err = pcall(db.tx, function(tx)
    tx:exec("insert into e2e_market_events (name, n) values ($1, $2)", e.name, e.data.n)
    news.put(tx, { name = e.name, about = e.about, to = e.to, data = e.data, public = e.public })
    tx:exec("select pg_sleep($1::float8)", e.wait_s or 0)
    if e.undo then error "undone" end
  end)
  if not ok and not e.undo then error(err, 0) end
  return 200, { version = VERSION }
end)

local Channel = s.object { type = s.string, transaction_id = s.uuid:optional(), participants = s.array(s.uuid) }

g:post("/channels", {
  summary = "Open a channel", body = Channel, reply = { [200] = s.object { id = s.uuid } }, errors = { "not_found" },
}, function(_, o) return 200, { id = db.tx(function(tx) return channels.open(tx, o) end) } end)

return M
