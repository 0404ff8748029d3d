-- spec/scripts/gateway_approve_spec.lua -- approvals in words: what counts as an answer, and what a chat shows.

local address = require "gateway.address"
local rules = require "gateway.rules.tools"
local words = require "gateway.approve_words"

local function approval(change)
  local a = { id = "c1abc", tool = "shell", arguments = '{"argv":["ls","-l"]}', risk = "high", always_ok = true, expires_ms = 1700000000000 }
  for k, v in pairs(change or {}) do a[k] = v end
  return a
end

describe("/approve", function()
  it("is distinguished from messages for the agent", function()
    for _, text in ipairs { "/approve c1 deny", "  /Approve c1 deny", "/approve", "/approve@human_bot c1 deny", "/approve\nc1 deny" } do
      assert.is_string(words.command(text), text)
    end
    for _, text in ipairs { "approve c1 deny", "/approved c1", "I /approve c1", "/approve_all c1", "/approve:c1", "", "/" } do
      assert.is_nil(words.command(text), text)
    end
  end)

  it("names the call and the decision, in words or as the data of a button", function()
    local function read(args) return words.read(args) or {} end
    assert.same({ id = "c1", decision = "allow-once" }, read "c1 allow-once")
    assert.same({ id = "c1", decision = "allow-always" }, read " c1   Always ")
    assert.same({ id = "c1", decision = "deny" }, read "c1:deny")
    assert.same({ id = "c1", decision = "allow-once" }, read "c1 yes")
    for _, args in ipairs { "", "c1", "deny c1", "c1 perhaps", "c1 deny not", "c1; deny", ("c"):rep(65) .. " deny",
                            "c1 " .. (" "):rep(1000) .. "deny", ("\0"):rep(50) } do
      assert.same({}, read(args), args)
    end
    assert.equal("c1 deny", words.command "/approve c1 deny":match "%S.*")
  end)
end)

describe("an approval in a chat", function()
  it("shows the tool, all of its arguments, the deadline, and a button for each permitted answer", function()
    local q = words.question(approval())
    assert.matches('```\n{"argv":%["ls","%-l"%]}\n```', q.text)
    assert.matches("until 22:13 UTC. Answer: /approve c1abc allow%-once, allow%-always, deny", q.text)
    assert.is_true(q.whole)
    local data = {}
    for i, b in ipairs(q.buttons) do data[i] = b.data end
    assert.same({ "approve:c1abc:allow-once", "approve:c1abc:allow-always", "approve:c1abc:deny" }, data)
    for _, one in ipairs(data) do
      assert.is_true(#one <= 64)                             -- as much as Telegram takes, also with a real id
      assert.is_table(words.read(one:match "^approve:(.*)$"))
    end
    assert.equal(2, #words.question(approval { always_ok = false }).buttons)
  end)

  it("that does not fit can only be denied in the chat", function() -- limit: approvals in a chat
    local q = words.question(approval { arguments = '{"x":"' .. ("a"):rep(3000) .. '; rm -rf /"}' })
    assert.is_false(q.whole)
    assert.same({ { label = "Deny", data = "approve:c1abc:deny" } }, q.buttons)
    assert.matches("the first of 3018 bytes", q.text)
    assert.is_nil(q.text:find("allow-once", 1, true))
  end)

  it("cannot be made to look like another: its block does not end early, and no text runs backwards", function()
    local q = words.question(approval { arguments = '{"x":"```\226\128\174evil\226\129\166\226\128\139 \226\130\172 \226\128\147"}' })
    assert.matches('{"x":"\\u0060\\u0060\\u0060\\u202eevil\\u2066\\u200b \226\130\172 \226\128\147"}', q.text)
    assert.equal(2, select(2, q.text:gsub("```", "")))
  end)

  it("reports its decision in one sentence", function()
    assert.equal("`shell` was allowed once by Ann.", words.decided("shell", "allow-once", "Ann"))
    assert.equal("`shell` was denied, since nobody answered in time.", words.decided("shell", "expired"))
    assert.equal("It was denied before.", words.already "deny")
  end)
end)

describe("who may answer", function()
  local function may(who) return rules.may_approve(who) end

  it("in a chat is named by the operator, or else is listed by id or was paired first", function()
    local function sender(facts)
      facts.role = "sender"
      return may(facts)
    end
    assert.is_false(sender {})
    assert.is_false(sender { group = true })                 -- a member of a group that may talk
    assert.is_false(sender { paired = true })
    assert.is_true(sender { paired = true, first = true })
    assert.is_true(sender { listed = true })
    assert.is_false(sender { listed = true, paired = true, first = true, any_named = true })
    assert.is_true(sender { named = true, any_named = true })
    assert.is_false(may { role = "viewer", listed = true, named = true })
  end)
end)

describe("why somebody is asked", function()
  it("has words for each reason that the shipped rule gives", function()
    local reasons = {}
    for _, example in ipairs(rules.examples) do
      if example[1] == "decide" and example.expect.action == "ask" then reasons[example.expect.reason] = true end
    end
    assert.is_true(reasons.guest and reasons.market)
    for reason in pairs(reasons) do assert.truthy(words.why(reason):find(" ", 1, true), reason) end
  end)
end)

describe("an address", function()
  it("is a channel, perhaps its account, and a chat", function()
    assert.same({ channel = "telegram", account = "main", chat = "-100123" }, address.read "telegram:-100123")
    assert.same({ channel = "discord", account = "work", chat = "user:9" }, address.read "discord.work:user:9")
    assert.equal("discord.work:user:9", address.text(address.read "discord.work:user:9"))
    for _, text in ipairs { "", "telegram", ":1", "telegram:", "Telegram:1", "a b:1", "telegram:1\n2", "telegram:" .. ("1"):rep(151) } do
      assert.is_nil(address.read(text), text)
    end
  end)
end)
