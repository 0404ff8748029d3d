-- spec/scripts/marketplace_disputes_spec.lua -- disputes: who may do what when, what becomes of silence, and that the money
-- is moved once.  Trade's transactions are a stand-in here, which writes down what it is asked.

local db = require "human.db"
local gen = require "human.scripts.generation"
local id = require "human.id"
local time = require "human.time"
local rule = require "marketplace.rules.disputes"
local disputes

local asked                                      -- what trade was asked: {"refund <id>", ..}

local function tell(what)
  return function(_, task_id, a, b) asked[#asked + 1] = table.concat({ what, task_id == nil and "" or "task", tostring(a), tostring(b) }, " ") end
end

local trade = { refund = tell "refund", release = tell "release", split = tell "split", move = tell "move" }
local milestones = { dispute = tell "dispute", refund = tell "refund part", release = tell "release part" }

local n = 0
local function actor(role)
  n = n + 1
  local owner = db.value "insert into market_owners default values returning id"
  local row = db.row([[insert into market_actors (owner_id, type, display_name, role, slot, is_founding, referral_code)
    values ($1::uuid, 'delegated_agent', $2, $3, $4::bigint, false, $5) returning id, owner_id, role]],
    owner, "Bot " .. n, role or "member", 7000000 + n, ("%06x"):format(0x700000 + n))
  return row
end

local function refusal(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err.code, err.data and err.data.status
end

describe("a dispute", function()
  local buyer, seller, stranger, admin
  setup(function()
    require("human.pg.migrate").run()
    db.open()
    require "market_empty" ()
    local scripts = gen.build(1)
    scripts.loaded["marketplace.transactions"], scripts.loaded["marketplace.milestones"] = trade, milestones
    gen.install(scripts)
    disputes = scripts.loaded["marketplace.disputes"]
    buyer, seller, stranger, admin = actor(), actor(), actor(), actor "admin"
  end)
  before_each(function() asked = {} end)

  local function task()
    local listing = db.value([[insert into market_listings (actor_id, direction, listing_type, title, description, category_tags,
      price_cents, sla_hours) values ($1::uuid, 'sell', 'task_execution', 'T', 'D', '{data:x}', 5000, 24) returning id]], seller.id)
    return db.value([[insert into market_transactions (listing_id, buyer_id, seller_id, price_cents, fee_cents, payout_cents,
      root_id, listing_type, title, sla_hours) values ($1::uuid, $2::uuid, $3::uuid, 5000, 500, 4500, gen_random_uuid(),
      'task_execution', 'T', 24) returning id]], listing, buyer.id, seller.id)
  end

  local function open(o)
    o = o or {}
    o.transaction_id, o.reason = o.transaction_id or task(), "Output does not match schema"
    return disputes.open(buyer, o, "disputes-create")
  end
  local function show(who, d, content)
    return disputes.show(who, { dispute_id = d.id, evidence_type = "text", content = content or "x" })
  end
  local function get(d) return db.row(disputes.sql.get, d.id) end

  -- The deadline of its state passes.
  local function pass(d)
    local row = { key = d.id, payload = { state = get(d).state }, done = function() end }
    disputes.due(row)
    return get(d)
  end
  local function deadlines(d)
    return db.query("select payload->>'state' as state, due_at from host_queue where kind = 'market.dispute' and key = $1 order by seq", d.id)
  end

  it("is opened by the buyer, once, and moves the transaction", function()
    local id_of_task = task()
    local o = { transaction_id = id_of_task, reason = "Output does not match schema" }
    assert.equal("forbidden", refusal(disputes.open, seller, o, "x"))
    assert.equal("not_found", refusal(disputes.open, stranger, o, "x"))
    assert.same({}, asked)
    local d = open { transaction_id = id_of_task }
    assert.equal("open", d.state)
    assert.same({ "move task dispute " .. buyer.id }, asked)
    assert.equal("dispute_exists", refusal(disputes.open, buyer, o, "x"))
    assert.equal(1, #asked)
    local wait = time.parse(d.response_due_at) - time.now_ms()
    assert.is_true(wait > rule.response_ms - 60000 and wait <= rule.response_ms)
    assert.same({ { state = "open", due_at = d.response_due_at } }, deadlines(d))
  end)

  it("is decided for the buyer when the seller is silent", function()
    local d = pass(open())
    assert.same({ "resolved", "refund_buyer" }, { d.state, d.resolution })
    assert.equal("refund task deadline nil", asked[2])
    assert.equal("resolved", pass(d).state)
    assert.equal(2, #asked)
  end)

  it("is decided for the seller when he answers and the buyer shows nothing", function()
    local d = open()
    show(seller, d, "As agreed")
    assert.equal("responded", get(d).state)
    local now = pass(d)
    assert.same({ "resolved", "release_seller" }, { now.state, now.resolution })
    assert.equal("release task deadline nil", asked[2])
  end)

  it("has a proposal when both have shown something, which counts when nobody decides", function()
    local d = open()
    show(buyer, d, "30 of 100 records")
    show(seller, d, "All there were")
    show(buyer, d, "Here is the list")
    assert.same({ "proposed", "split", 50 }, (function(x) return { x.state, x.proposal, x.proposal_pct } end)(pass(d)))
    assert.equal(1, #asked)
    assert.same({ "open", "responded", "proposed" }, (function(rows)
      for i, row in ipairs(rows) do rows[i] = row.state end
      return rows
    end)(deadlines(d)))
    local now = pass(d)
    assert.same({ "resolved", "split", 50 }, { now.state, now.resolution, now.buyer_pct })
    assert.equal("split task deadline 50", asked[2])
    assert.same({}, deadlines(d))
  end)

  it("of a milestone goes by the milestone, and is never split", function()
    local d = open { milestone_sequence = 2 }
    assert.equal("dispute task 2 " .. buyer.id, asked[1])
    local body = { dispute_id = d.id, resolution = "split", buyer_pct = 50, note = "n" }
    assert.equal("validation_error", refusal(disputes.resolve, admin, body))
    show(buyer, d)
    show(seller, d)
    assert.equal("refund_buyer", pass(d).proposal)
    pass(d)
    assert.equal("refund part task 2 deadline", asked[2])
  end)

  it("takes evidence of its parties, twenty pieces each, while it is time", function()  -- limit: evidence
    local d = open()
    assert.equal("not_found", refusal(show, stranger, d))
    for _ = 1, 20 do show(buyer, d) end
    assert.same({ "invalid_state", "open" }, { refusal(show, buyer, d) })
    assert.equal("text", show(seller, d).evidence_type)
    db.exec("update market_disputes set evidence_due_at = human_now() where id = $1::uuid", d.id)
    assert.same({ "invalid_state", "responded" }, { refusal(show, seller, d) })
    pass(d)
    assert.same({ "invalid_state", "proposed" }, { refusal(show, seller, d) })
  end)

  it("is decided by an administrator; the same again is answered, another decision refused", function()
    local d = open()
    local body = { dispute_id = d.id, resolution = "refund_buyer", note = "Output clearly incomplete" }
    local now = disputes.resolve(admin, body)
    assert.same({ "resolved", "refund_buyer", "Output clearly incomplete" }, { now.state, now.resolution, now.note })
    disputes.resolve(admin, body)
    assert.equal(2, #asked)
    body.resolution = "release_seller"
    assert.same({ "invalid_state", "resolved" }, { refusal(disputes.resolve, admin, body) })
    assert.equal(2, #asked)
    assert.equal("validation_error", refusal(disputes.resolve, admin, { dispute_id = d.id, resolution = "split", note = "n" }))
    assert.equal("not_found", refusal(disputes.resolve, admin, { dispute_id = "00000000-0000-4000-8000-000000000000", resolution = "refund_buyer", note = "n" }))
    local moves = db.query("select from_state, to_state, cause from market_history where entity = 'dispute' and entity_id = $1 order by id", d.id)
    assert.same({ { to_state = "open", cause = "disputes-create" }, { from_state = "open", to_state = "resolved", cause = "disputes-resolve" } }, moves)
  end)

  it("leaves nothing behind when the transaction cannot be moved", function()
    local id_of_task = task()
    trade.move = function() require("human.fail").throw("invalid_state", { status = "accepted" }) end
    assert.same({ "invalid_state", "accepted" }, { refusal(disputes.open, buyer, { transaction_id = id_of_task, reason = "Too late for this" }, "x") })
    trade.move = tell "move"
    assert.equal(0, db.value("select count(*) from market_disputes where transaction_id = $1::uuid", id_of_task))
    assert.is_string(id.new())
  end)

  it("moves along the edges of its rule alone, in the database too", function()
    local states, mine = { "open", "responded", "proposed", "resolved" }, {}
    for _, from in ipairs(states) do
      for _, event in ipairs { "respond", "propose", "resolve" } do
        local to = rule.next { state = from, event = event }
        if to then mine[from .. " " .. to] = true end
      end
    end
    for _, from in ipairs(states) do
      for _, to in ipairs(states) do
        local d = open()
        db.exec("alter table market_disputes disable trigger market_disputes_edges")
        db.exec("update market_disputes set state = $2, resolution = case when $2 = 'resolved' then 'refund_buyer' end where id = $1::uuid", d.id, from)
        db.exec("alter table market_disputes enable trigger market_disputes_edges")
        local rows = db.try("update market_disputes set state = $2, resolution = case when $2 = 'resolved' then 'refund_buyer' end where id = $1::uuid returning id", d.id, to)
        assert.equal(from == to or mine[from .. " " .. to] or false, rows ~= nil, from .. " to " .. to)
      end
    end
  end)
end)
