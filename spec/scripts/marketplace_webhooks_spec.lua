-- spec/scripts/marketplace_webhooks_spec.lua -- endpoints of actors: registered, changed, deleted, and their secrets.

local crypto = require "human.crypto"
local db = require "human.db"
local time = require "human.time"
local w = require "webhooks_world"

describe("webhooks", function()
  local webhooks, rule
  local refuses, person, endpoint, told, run, rows = w.refuses, w.person, w.endpoint, w.told, w.run, w.rows
  local SECRET = w.SECRET

  setup(function()
    w.begin()
    webhooks, rule = w.webhooks, w.rule
  end)
  before_each(w.anew)
  teardown(w.over)

  it("are registered with a secret that is shown once, and sealed for their row", function()
    local who = person()
    local made, secret = webhooks.register(who, { url = "https://a.example/hook", events = { "bid.received", "bid.received" } })
    assert.equal(32, #crypto.unbase64(secret:match "^whsec_(.+)$"))
    assert.same({ "bid.received" }, { unpack(made.events) })
    local _, none = webhooks.register(who, { url = "https://a.example/hook", events = { "bid.received", "*" }, secret = SECRET })
    assert.is_nil(none)
    local row = db.row("select id, secret from market_webhooks where id = $1", made.webhook_id)
    assert.truthy(row.secret:find "^sealed:1:")
    assert.equal(secret, crypto.open(row.secret, "market_webhooks.secret " .. row.id))
    assert.is_nil(crypto.open(row.secret, "market_webhooks.secret " .. w.uuid()))
    assert.same({ "*" }, { unpack((webhooks.list(who, { limit = 1, offset = 0 }))[1].events) })
  end)

  it("are refused with the field that is wrong", function()
    local who = person()
    for _, url in ipairs { "http://a.example/", "https://10.0.0.1/", "https://localhost/", "https://a.example:22/" } do
      local err = refuses("unsafe_url", webhooks.register, who, { url = url, events = { "*" } })
      assert.equal("url", err.data.details[1].path)
    end
    local err = refuses("unknown_event", webhooks.register, who, { url = "https://a.example/", events = { "bid.received", "bid.made", "x" } })
    assert.truthy(err.data.details[1].message:find("bid.made, x", 1, true))
    local hook = endpoint(who)
    refuses("unsafe_url", webhooks.update, who, hook, { url = "http://a.example/" })
    refuses("unknown_event", webhooks.update, who, hook, { events = { "x" } })
    refuses("unknown_event", webhooks.test, who, hook, "x")
  end)

  it("are twenty of an actor", function() -- limit: webhooks
    local who = person()
    for _ = 1, rule.endpoints do endpoint(who) end
    refuses("too_many_webhooks", endpoint, who)
    endpoint(person())
  end)

  it("are nobody else's", function()
    local who, other = person(), person()
    local hook = endpoint(who)
    refuses("not_found", webhooks.update, other, hook, {})
    refuses("not_found", webhooks.delete, other, hook)
    refuses("not_found", webhooks.rotate, other, hook)
    refuses("not_found", webhooks.deliveries, other, hook, { limit = 1, offset = 0 })
    refuses("not_found", webhooks.replay, other, hook, { since = time.now() })
    refuses("not_found", webhooks.test, other, hook)
    assert.same({ {}, 0 }, { webhooks.list(other, { limit = 1, offset = 0 }) })
  end)

  it("sign with both secrets for a day after the secret was changed", function()
    local who = person()
    local hook = endpoint(who)
    local row, drawn = webhooks.rotate(who, hook)
    assert.is_true(time.parse(row.old_secret_until) > time.now_ms() + 86000000)
    told { { to = { who.id } } }
    run(hook)
    assert.same({ drawn, SECRET }, w.sent[1].secrets)
    db.exec("update market_webhooks set old_secret_until = human_now() where id = $1", hook)
    told { { to = { who.id } } }
    run(hook)
    assert.same({ drawn }, w.sent[2].secrets)
  end)

  it("leave nothing behind when they are deleted", function()
    local who = person()
    local hook = endpoint(who)
    told { { to = { who.id } } }
    local owner = w.owner(hook)
    webhooks.delete(who, hook)
    assert.same({}, rows(hook))
    local row = w.row(owner)
    w.work.first(row)
    assert.truthy(row.gone)
    assert.equal(0, #w.sent)
    refuses("not_found", webhooks.delete, who, hook)
  end)

  it("are moved along the edges of their rules alone", function()
    for machine, begins in pairs { webhook = { "active" }, webhook_delivery = { "pending", "failed" } } do
      local is_told, known = {}, {}
      for _, state in ipairs(begins) do is_told[":" .. state] = true end
      for _, e in ipairs(rule[machine]) do is_told[e.from .. ":" .. e.to] = true end
      for _, e in ipairs(db.query("select from_state, to_state from market_edges where entity = $1", machine)) do
        known[e.from_state .. ":" .. e.to_state] = true
      end
      assert.same(is_told, known)
    end
  end)

  it("have secrets as the vectors of the reference", function()
    local hooks = require("standardwebhooks").new(crypto)
    local function signed(secret) return hooks:sign("msg_1", 1700000000, "{}", secret)["webhook-signature"] end
    assert.equal("v1,x5lVgj0b/JJJaUYaa1+6I5J/EECcryrPlFN4VrkmI94=", signed(SECRET))
    assert.equal("v1,xFzS4SpXv5dwmlBFxTLiDJcLSZkRsxtXAbGkb7yUq2w=", signed "whsec_my_signing_secret")
    local key = require("standardwebhooks").key
    for n, is_key in pairs { [23] = false, [24] = true, [64] = true, [65] = false } do
      local secret = "whsec_" .. crypto.base64(("k"):rep(n))
      assert.equal(is_key and ("k"):rep(n) or secret, key(secret), n)
    end
  end)
end)
