-- spec/support/whole_play.lua -- plays lists of operations (whole_ops.lua) against the services and the model.  The process may
-- die before any statement and at any commit; after each step all invariants hold, and every wallet, escrow and fee is what
-- the model says.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local audit = require "marketplace.audit"
local ledger = require "marketplace.ledger"
local model_of = require "whole_model"
local mortal = require "mortal"
local ops = require "whole_ops"

local M = { done = {}, OPS = ops.OPS }           -- done: how often each thing was done, and not refused

local HUMANS, AGENTS, STATEMENTS = 2, 4, 60

local WORK = {                                   -- what the queue does at once, and by which function
  ["market.authorize"] = { "payments", "authorize" }, ["market.refund"] = { "payments", "pay_refund" },
  ["market.escrow_guard"] = { "payments", "guard" }, ["market.deposit"] = { "deposits", "take" },
  ["market.withdrawal"] = { "withdrawals", "pay" }, ["market.dispute"] = { "disputes", "due" },
  ["market.transaction"] = { "timers", "transaction" }, ["market.milestone"] = { "timers", "milestone" },
}
local DUE = [[select kind, id, key, payload from host_queue where kind = any ($1::text[]) and due_at <= human_now()
  order by due_at, seq limit 1]]
local HELD = [[select t.id, t.state, coalesce(h.credits_posted - h.debits_posted, 0) as held,
    coalesce(h.credits_pending, 0) as auth, coalesce(d.credits_posted - d.debits_posted, 0) as due
  from market_transactions t left join ledger_accounts h on h.owner = t.id::text and h.code = 2000
  left join ledger_accounts d on d.owner = t.id::text and d.code = 2050]]
local FEES = [[select coalesce(sum(case when credit = $1::int then amount else -amount end), 0)::bigint from ledger_transfers
  where (credit = $1::int or debit = $1::int) and kind in ('posted', 'post')]]
local STEPS = "select transaction_id, string_agg(state, ' ' order by sequence) as states from market_milestones group by 1"

-- ---- chance, the same for a seed everywhere ------------------------------------------------------------------

local NAMES = {}
for name in pairs(ops.OPS) do NAMES[#NAMES + 1] = name end
table.sort(NAMES)
-- What happens more often than other things.
local OFTEN = { deliver = 9, accept = 6, subcontract = 5, dispute = 4, bid = 2, take_bid = 3, assign = 3, time = 1 }
for name, n in pairs(OFTEN) do
  for _ = 1, n do NAMES[#NAMES + 1] = name end
end
table.sort(NAMES)

--- n steps, the same for a seed everywhere.
function M.steps(seed, n)
  local state, list = (seed * 7919 + 104729) * 48271 % 2147483647, {}
  local function pick(most)
    state = (state * 16807) % 2147483647
    return math.floor(state / 7) % most
  end
  for i = 1, n do
    list[i] = { n = i, op = NAMES[pick(#NAMES) + 1], a = pick(99991), b = pick(99991), c = pick(99991), d = pick(99991),
                fault = pick(3 * STATEMENTS) }
  end
  return list
end

-- ---- a world ---------------------------------------------------------------------------------------------------

local function row_of(found)
  local row = { kind = found.kind, key = found.key, attempt = 1, payload = json.decode(found.payload) }
  function row.done(_, tx) tx:exec("delete from host_queue where kind = $1 and id = $2", found.kind, found.id) end
  return row
end

local function register(w, n)
  local is_human = n <= HUMANS
  local who = { type = is_human and "human" or "delegated_agent", display_name = "A" .. n }
  if is_human then who.email = "a" .. n .. "@spec.example" else
    who.owner_wallet, who.agent_address = ("0x%040x"):format(n), ("0x%040x"):format(1000 + n)
  end
  local made = w.services.registration.register(who, "10.0.0." .. n, "actors-register")
  w.actors[n] = db.tx(function(tx) return w.services.actors.get(tx, made.id) end)
  w.model:actor(n, made.rc_mrc)
  local path = db.tx(function(tx) return w.services.withdrawals.onboard(tx, made.id) end)
  w.services.processor_test.set_up(path:match "[^/]+$", n == HUMANS + AGENTS and "ba_test_closed" or "ba_test_ok")
end

local function world(loaded)
  require "market_empty" ()
  local services = setmetatable({}, { __index = function(_, name) return loaded["marketplace." .. name] end })
  local w = { services = services, actors = {}, humans = HUMANS, model = model_of.new(), offers = {}, asks = {},
              has_withdrawn = {}, name = "spec" }
  function w.work(found) loaded["marketplace." .. WORK[found.kind][1]][WORK[found.kind][2]](row_of(found)) end
  for n = 1, HUMANS + AGENTS do register(w, n) end
  for n, op in ipairs { "list", "list", "list", "list", "ask", "ask" } do -- so that there is something to trade
    local todo = ops.OPS[op](w, { a = n + 1, b = 900 * n })
    todo.model(todo.real())
  end
  return w
end

-- ---- what must be true ---------------------------------------------------------------------------------------------

local function check_audit()
  local wrong = audit.run()
  if wrong[1] then error("the audit found " .. json.encode_sorted(wrong[1]), 0) end
end

-- While nothing is under way the processor has what our books say.
local function check_books(w)
  check_audit()
  local ours = -db.value(FEES, 1000)
  local theirs = w.services.processor_test.balance()
  if ours ~= theirs then error(("the processor has %d, our books say %d"):format(theirs, ours), 0) end
end

local function same(what, is, should)
  if is ~= should then error(("%s: %s, and the model says %s"):format(what, tostring(is), tostring(should)), 0) end
end

local function check_deals(w)
  local rows, steps = {}, {}
  for _, row in ipairs(db.query(HELD)) do rows[row.id] = row end
  for _, row in ipairs(db.query(STEPS)) do steps[row.transaction_id] = row.states end
  for _, d in ipairs(w.model.deals) do
    for _, what in ipairs { "state", "held", "auth", "due" } do
      same(("transaction %d, %s"):format(d.n, what), rows[d.id][what], d[what])
    end
    if d.steps then
      local states = {}
      for i, step in ipairs(d.steps) do states[i] = step.state end
      same(("milestones of %d"):format(d.n), steps[d.id], table.concat(states, " "))
    end
  end
end

local function check(w)
  check_books(w)
  check_deals(w)
  for n, actor in ipairs(w.actors) do
    for _, pool in ipairs { "M", "W" } do
      same(("wallet %s of %d"):format(pool, n), ledger.balance("wallet_" .. pool, actor.id).free, w.model.wallets[n][pool])
    end
  end
  same("fees of transactions", db.value(FEES, 3000), w.model.fees)
  same("fees of moves", db.value(FEES, 3020), w.model.moves)
end

-- ---- a step ----------------------------------------------------------------------------------------------------------

-- Runs fn, which may die before its statement number `last`: whether it has not, and whether it was refused.
local function attempt(last, fn)
  local ok, alive = pcall(mortal.survives, last, fn)
  if ok then return alive end
  if not fail.is(alive) then error(alive, 0) end
  return true, alive
end

-- What waits for nothing but a worker; each may die once.
local function drain(w, fault)
  local kinds = {}
  for kind in pairs(WORK) do kinds[#kinds + 1] = kind end
  local list = "{" .. table.concat(kinds, ",") .. "}"
  for _ = 1, 100 do
    local found = db.row(DUE, list)
    if not found then return end
    if fault > STATEMENTS and not attempt(fault % STATEMENTS % 25 + 1, function() w.work(found) end) then check_audit() end
    found = db.row(DUE, list)
    if found then w.work(found) end
  end
  error("the queue never ends", 0)
end

local function assign_paid(w)
  for _, d in ipairs(w.model.deals) do
    if d.state == "pending_payment" and d.buyer > HUMANS then
      model_of.authorize(d)
      w.model:assign(d)
    end
  end
end

local function play(w, s)
  local todo = ops.OPS[s.op](w, s)
  if not todo or todo.skip then return end
  local result, refused, alive
  local function real() result = todo.real() end
  if s.fault < 2 * STATEMENTS then
    alive, refused = attempt(s.fault % STATEMENTS + 1, real)
    if not alive then check(w) end
  end
  if not alive then refused = select(2, attempt(nil, real)) end
  if (refused == nil) ~= todo.may then
    error(refused and "was refused: " .. json.encode(refused) or "went through, and should not", 0)
  end
  if not refused then
    todo.model(result)
    M.done[s.op] = (M.done[s.op] or 0) + 1
  end
  drain(w, s.fault)
  assign_paid(w)
  check(w)
  if not refused and not todo.once and (s.op == "accept" or s.op == "cancel" or s.op == "assign" or s.op == "resolve"
      or s.op == "take_bid" or s.op == "deliver" or s.op == "dispute") then
    attempt(nil, real)                           -- answered, or refused: nothing happens twice
    check(w)
  end
  return true
end

--- Plays all steps in a world of their own.  Returns what went wrong, or nil; how many steps did something, and how many
--- were played.
function M.run(loaded, steps)
  local at, did, played = nil, 0, 0
  local ok, err = pcall(function()
    local w = world(loaded)
    for _, s in ipairs(steps) do
      at, played = s, played + 1
      if play(w, s) then did = did + 1 end
    end
  end)
  if ok then return nil, did, played end
  local why = fail.is(err) and json.encode(err) or type(err) == "table" and json.encode_sorted(err) or tostring(err)
  return ("step %d, %s: %s"):format(at and at.n or 0, at and at.op or "none", why), did, played
end

--- The shortest list that still fails, by leaving out smaller and smaller parts, as far as one gets in so many seconds.
function M.shrink(loaded, steps, seconds)
  local until_s, most = os.time() + seconds, select(3, M.run(loaded, steps))
  steps = { unpack(steps, 1, most) }
  local size = math.ceil(#steps / 2)
  while size >= 1 and os.time() < until_s do
    local from = 1
    while from <= #steps and os.time() < until_s do
      local fewer = {}
      for i, step in ipairs(steps) do
        if i < from or i >= from + size then fewer[#fewer + 1] = step end
      end
      if #fewer > 0 and M.run(loaded, fewer) then steps = fewer else from = from + size end
    end
    size = size > 1 and math.ceil(size / 2) or 0
  end
  return steps
end

--- A list of steps for people.
function M.text(steps)
  local out = {}
  for i, s in ipairs(steps) do
    out[i] = ("  %d %s a=%d b=%d c=%d d=%d fault=%d"):format(s.n, s.op, s.a, s.b, s.c, s.d, s.fault)
  end
  return table.concat(out, "\n")
end

return M
