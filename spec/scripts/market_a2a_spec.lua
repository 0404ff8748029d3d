-- spec/scripts/market_a2a_spec.lua -- how much of a task and of an agent A2A shows, and how long it waits and tells.

local db = require "human.db"
local json = require "human.json"
local world = require "pay_world"

describe("A2A", function()
  local loaded, a2a, cards, tasks, stream
  local BUYER, SELLER = "00000000-0000-4000-8000-00000000a2a1", "00000000-0000-4000-8000-00000000a2a2"
  local LISTING = "00000000-0000-4000-8000-00000000a2a3"
  local MANY = "00000000-0000-4000-8000-00000000a2a4"

  local function actor(id, slot)
    db.exec("insert into market_owners (id) values ($1::uuid)", id)
    db.exec([[insert into market_actors (id, owner_id, type, display_name, slot, is_founding, referral_code)
      values ($1::uuid, $1::uuid, 'delegated_agent', 'A2A', $2::int, false, $3)]], id, slot, ("%06x"):format(slot))
  end

  local function transaction(n)
    return db.value([[insert into market_transactions (listing_id, buyer_id, seller_id, price_cents, fee_cents,
        payout_cents, root_id, listing_type, title, sla_hours, created_at)
      values ($1::uuid, $2::uuid, $3::uuid, 100, 10, 90, gen_random_uuid(), 'task_execution', $4, 24,
        now() - $5::int * interval '1 s') returning id]], LISTING, BUYER, SELLER, "Task " .. n, n)
  end

  setup(function()
    loaded = world.scripts()
    require "market_empty" ()
    a2a, cards, tasks = loaded["marketplace.a2a"], loaded["marketplace.a2a_cards"], loaded["marketplace.a2a_tasks"]
    stream = loaded["marketplace.a2a_stream"]
    actor(BUYER, 7700001)
    actor(SELLER, 7700002)
    actor(MANY, 7700003)
    db.exec([[insert into market_listings (id, actor_id, direction, listing_type, title, description, category_tags, price_cents)
      values ($1::uuid, $2::uuid, 'sell', 'task_execution', 'L', 'D', '{a:b}', 100)]], LISTING, SELLER)
  end)

  teardown(function() require "market_empty" () end)

  -- An answer to a request by an actor; what was streamed, and what is followed.
  local function ask(actor_id, method, params)
    local told, followed = {}, nil
    local out = { event = function(_, _, text) told[#told + 1] = json.decode(text) end,
                  follow = function(_, _, key, at, o) followed = { key = key, at = at, for_s = o.for_s, arg = o.arg } end }
    local ctx = { stream = function() return out end, end_with_client = function() end, query = {},
                  header = function(_, name) return name == "a2a-version" and "1.0" or nil end }
    local text = a2a.answer({ ctx = ctx, actor = { id = actor_id } },
      json.encode { jsonrpc = "2.0", id = 1, method = method, params = params })
    return text and json.decode(text), told, followed
  end

  it("shows the newest hundred of what an agent sells", function() -- limit: A2A skills
    db.exec([[insert into market_listings (actor_id, direction, listing_type, title, description, category_tags, price_cents, created_at)
      select $1::uuid, 'sell', 'task_execution', 'Old', 'D', '{a:b}', 1, now() - interval '1 day' from generate_series(1, 120)]], SELLER)
    local card = json.decode(cards.agent(SELLER, "https://market.example"))
    assert.equal(100, #card.skills)
    assert.equal("L", card.skills[1].name)
    assert.equal("https://market.example/agents/" .. SELLER .. "/a2a", card.supportedInterfaces[1].url)
  end)

  it("lists the newest thousand, by those that changed last", function() -- limit: A2A tasks
    db.exec([[insert into market_transactions (listing_id, buyer_id, seller_id, price_cents, fee_cents, payout_cents,
        root_id, listing_type, title, sla_hours, created_at)
      select $1::uuid, $2::uuid, $3::uuid, 100, 10, 90, gen_random_uuid(), 'task_execution', 'Task ' || n, 24,
        now() - n * interval '1 s' from generate_series(1, 1003) n]], LISTING, MANY, SELLER)
    local made = ask(MANY, "ListTasks", { pageSize = 2 }).result
    assert.same({ 1000, 2, "Task 1", "Task 2" },
      { made.totalSize, #made.tasks, made.tasks[1].metadata.title, made.tasks[2].metadata.title })
    assert.equal(made.tasks[2].id, made.nextPageToken)
    made = ask(MANY, "ListTasks", { pageSize = 2, pageToken = made.nextPageToken }).result
    assert.equal("Task 3", made.tasks[1].metadata.title)
    assert.equal(0, ask(SELLER, "ListTasks", {}).result.totalSize)
  end)

  it("has the newest messages of a task", function() -- limit: A2A history
    local id = transaction(10)
    local t = tasks.find(BUYER, id)
    local channel = tasks.channel(t)
    assert.equal(channel, tasks.channel(t))
    for n = 1, 55 do loaded["marketplace.messages"].send({ id = n % 2 == 0 and SELLER or BUYER }, { channel_id = channel, body = "m" .. n }) end
    local history = ask(BUYER, "GetTask", { id = id, historyLength = 1000 }).result.history
    assert.same({ 50, "m6", "m55", "ROLE_USER", "ROLE_AGENT" },
      { #history, history[1].parts[1].text, history[50].parts[1].text, history[50].role, history[49].role })
    assert.is_nil(ask(BUYER, "GetTask", { id = id, historyLength = 0 }).result.history)
  end)

  it("waits for a task until it needs its client, and no longer than its time", function() -- limit: A2A waiting
    local id, caller = transaction(20), { ctx = { end_with_client = function() end } }
    local function looks(actor_id)
      local before, n, find = a2a.wait_s, 0, tasks.find
      tasks.find = function(...)
        n = n + 1
        return find(...)
      end
      a2a.wait_s, caller.actor = 2, { id = actor_id }
      a2a.wait(caller, id)
      a2a.wait_s, tasks.find = before, find
      return n
    end
    assert.equal(1, looks(BUYER))
    assert.equal(4, looks(SELLER))
    assert.equal(20, a2a.wait_s)
  end)

  it("tells of a task for an hour, its present state, and what was delivered", function() -- limit: A2A streams
    local id = transaction(30)
    local _, told, followed = ask(BUYER, "SubscribeToTask", { id = id })
    assert.equal("TASK_STATE_INPUT_REQUIRED", told[1].result.task.status.state)
    assert.same({ "task:" .. id, 3600 }, { followed.key, followed.for_s })
    local streams, sent = loaded["marketplace.streams"], {}
    db.tx(function(tx)
      streams.add(tx, {
        { key = "task:" .. id, event = "status_change", data = { status = "assigned" } },
        { key = "task:" .. id, event = "progress", data = { message = "Half of it" } },
        { key = "task:" .. id, event = "delivery_submitted", data = { status = "delivered" } },
        { key = "task:" .. id, event = "end", data = {} } })
      tx:exec([[update market_transactions set output_data = '{"n": 1}' where id = $1::uuid]], id)
    end)
    local rows, word = stream.read(followed.key, followed.at, 1000, followed.arg)
    for _, row in ipairs(rows) do
      if row.data then sent[#sent + 1] = json.decode(row.data) end
    end
    assert.equal("end", word)
    assert.same({ 1, 1 }, { sent[1].id, sent[2].id })
    assert.equal("Half of it", sent[1].result.statusUpdate.status.message.parts[1].text)
    assert.same({ n = 1 }, sent[2].result.artifactUpdate.artifact.parts[1].data)
    assert.equal(2, #sent)
    local last = 0
    for _, row in ipairs(rows) do
      assert.is_true(row.id > last)
      last = row.id
    end
    assert.equal(stream.position(id), last)
  end)
end)
