-- spec/support/pipelines_world.lua -- pipelines for specs: tools that answer as a spec says, and the queue's work done
-- at once.

local db = require "human.db"
local json = require "human.json"
local world = require "pay_world"

local M = { asked = {} }                         -- requests that tools were sent

local loaded

--- Begins: the scripts, with tools that are not asked over the network but by M.answer(request).
function M.begin()
  loaded = world.scripts()
  require "market_empty" ()
  loaded["marketplace.transactions"].check_parties = function() end -- of the stand-in
  loaded["marketplace.pipelines_calls"].ask = function(request)
    M.asked[#M.asked + 1] = request
    return M.answer(request)
  end
  return loaded["marketplace.pipelines"], loaded["marketplace.pipelines_runs"]
end

--- Tools answer with what they are sent.
function M.reset()
  M.asked = {}
  M.answer = function(request) return { outcome = "ok", output = request.body } end
end

function M.get(id) return db.tx(function(tx) return loaded["marketplace.actors"].get(tx, id) end) end

--- Calls fn, which fails with a code.  Returns where it is wrong, or what the message says.
function M.refuses(code, fn, ...)
  local ok, err = pcall(fn, ...)
  assert(not ok, "it is not refused")
  if type(err) ~= "table" or err.code ~= code then error(tostring(err), 0) end
  return err.details and err.details[1].path or err.message
end

function M.person(cents)
  local id = world.actor()
  db.tx(function(tx) loaded["marketplace.moves"].deposit(tx, world.uuid(), { actor = id, gross = cents or 1, fee = 0 }) end)
  return M.get(id)
end

--- A tool that somebody has subscribed to: its listing and subscription.
function M.tool(who, plan)
  local all = { plan_id = "p", name = "P", interval = "monthly", amount_cents = 0, included_calls = 1000 }
  for name, value in pairs(plan or {}) do all[name] = value end
  local listing = db.value([[insert into market_listings (actor_id, direction, listing_type, title, description, category_tags,
      subscription_plans, tool_meta)
    values ($1, 'sell', 'compute_access', 'T', 'D', '{data:x}', $2, '{"upstream_url": "https://x.example/"}') returning id]],
    world.actor(), json.encode(json.array { all }))
  return listing, loaded["marketplace.subscriptions"].create(who, { listing_id = listing, plan_id = "p", funding_type = "direct" })
end

function M.step(name, listing, o)
  o = o or {}
  return { name = name, listing_type = "compute_access", depends_on = o.after or {}, config = {
    tool_listing_id = listing, input = o.input and json.encode(o.input) or '{"of": "' .. name .. '"}', retry = o.retry,
    on_failure = o.on_failure, timeout_s = o.timeout_s } }
end

function M.made(who, list) return loaded["marketplace.pipelines"].create(who, { name = "P", steps = list }) end

function M.run(who, list, o)
  o = o or {}
  return loaded["marketplace.pipelines"].run(who, { template_id = M.made(who, list).id, input = o.input or "{}", budget_mrc = o.budget_mrc })
end

--- Does what waits in the queue for pipelines, until nothing does; later: also what waits for its time; between(): called
--- before each.
function M.work(later, between)
  for _ = 1, 500 do
    local row = db.row([[select id, kind, key from host_queue where kind like 'market.pipeline%' and ($1 or due_at <= human_now())
      order by kind, added_at, id limit 1]], later == true)
    if not row then return end
    if between then between() end
    local handed = world.row(row.key)
    function handed.done(self, tx)
      self.gone = true
      tx:exec("delete from host_queue where id = $1", row.id)
    end
    local kind = row.kind == "market.pipeline" and loaded["marketplace.pipelines_runs"].begin or loaded["marketplace.pipelines_steps"].run
    kind(handed)
  end
  error "there is always more"
end

--- "scrape completed, analyze failed".
function M.states_of(id)
  return db.value("select string_agg(name || ' ' || state, ', ' order by position) from market_pipeline_steps where run_id = $1", id)
end

function M.now_of(id) return db.row("select * from market_pipeline_runs where id = $1", id) end

--- The event of a run's end.
function M.told(id)
  return db.value("select max(payload->>'name') from host_queue where kind like 'outbox market.event%' and key = $1", id)
end

function M.open_calls() return db.value "select count(*) from market_tool_calls where state = 'open'" end

return M
