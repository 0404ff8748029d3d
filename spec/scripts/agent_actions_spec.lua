-- spec/scripts/agent_actions_spec.lua -- what a model may do: emoji, tools, refusals.

require("plain_host").install()
require("human.log").add_key "ak_"
local actions = require "agent.actions"
local emoji = require "agent.emoji"
local said = require "agent.said"
local tools = require "agent.tools"

describe("an emoji", function()
  for _, text in ipairs { "👍", "❤️", "❤", "💪🏽", "👩‍💻", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇺🇸",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "#️⃣", "1⃣", "☕", "🏃", "🫡", "⭐" } do
    it("is " .. text, function() assert.is_true(emoji.is(text)) end)
  end

  for _, text in ipairs { "", "a", "1", ":+1:", "👍👍", "ok 👍", "🇺", "é", "中",
    "\240\159\145", "\255", "❤️x", ("👍"):rep(20) } do
    it(("is not %q"):format(text), function() assert.is_false(emoji.is(text)) end)
  end
end)

describe("an answer of a model", function()
  local function call(name, arguments) return { name = name, arguments = arguments } end

  it("is a message when it is plain text", function()
    assert.are.same({ { type = "send-message", content = "Hi Sarah" } }, (tools.wishes { text = " Hi Sarah\n" }))
  end)

  it("says its text once when a tool says it, too", function()
    local wishes = tools.wishes { text = "Let me answer.", tool_calls = { call("send_message", { content = "Hi" }) } }
    assert.are.same({ { type = "send-message", content = "Hi" } }, wishes)
  end)

  it("keeps text beside a reaction", function()
    local reaction = call("add_reaction", { message_id = "m1", emoji = "👍" })
    local wishes = tools.wishes { text = "Hi", tool_calls = { reaction } }
    assert.are.same({ { type = "send-message", content = "Hi" },
                      { type = "add-reaction", messageId = "m1", emoji = "👍" } }, wishes)
  end)

  it("is silence when the model chooses it", function()
    local silence = call("stay_silent", { reason = "x" })
    assert.are.same({}, (tools.wishes { text = "I need not speak.", tool_calls = { silence } }))
  end)

  it("loses the quoting that a model imitates", function()
    assert.are.equal("Hi", tools.wishes({ text = '<message from="you">Hi</message>' })[1].content)
  end)

  it("names tools that do not exist", function()
    local wishes, unknown = tools.wishes { text = "", tool_calls = { call("rm_rf", {}) } }
    assert.are.same({}, wishes)
    assert.are.same({ "rm_rf" }, unknown)
  end)

  it("survives arguments of the wrong type", function()
    local calls = { call("send_reply", { content = true }), call("add_reaction", nil) }
    local wishes = tools.wishes { tool_calls = calls }
    assert.are.same({ { type = "send-reply", content = "", messageId = "" },
                      { type = "add-reaction", messageId = "", emoji = "" } }, wishes)
  end)

  for name, arguments in pairs { text = { text = "Hi" }, message = { message = "Hi" },
    parts = { content = { { type = "text", text = "H" }, { type = "text", text = "i" } } },
    object = { content = { text = "Hi" } }, json = '{"content": "Hi"}', ["json twice"] = '"{\\"content\\": \\"Hi\\"}"',
    ["text alone"] = "Hi", ["a list"] = { { content = "Hi" } }, ["thinking inside"] = { content = "<think>x</think>Hi" },
    ["its name inside"] = { content = "Coach Alex: Hi" }, ["a call inside"] = { content = 'send_message(content="Hi")' },
    ["json inside"] = { content = '{"content": "Hi"}' }, ["NUL inside"] = { content = "H\0i" } } do
    it("takes " .. name .. " for the content of a message", function()
      local wishes = tools.wishes({ tool_calls = { call("send_message", arguments) } }, said.names { "Coach Alex" })
      assert.are.same({ { type = "send-message", content = "Hi" } }, wishes)
    end)
  end

  it("takes the names of tools and ids as models write them", function()
    local wishes = tools.wishes { tool_calls = { call("functions.sendReply", { text = "Hi", reply_to = ' id="m1" ' }),
      call("add-reaction", { messageId = "m2\0", reaction = " 👍" }) } }
    assert.are.same({ { type = "send-reply", content = "Hi", messageId = "m1" },
                      { type = "add-reaction", messageId = "m2", emoji = "👍" } }, wishes)
  end)

  it("says the same text once", function()
    local one, two = call("send_message", { content = "Hi" }), call("send_reply", { content = "hi ", message_id = "m1" })
    assert.are.same({ { type = "send-message", content = "Hi" } }, (tools.wishes { text = "Hi", tool_calls = { one, two, one } }))
    local written = tools.wishes { text = 'send_message(content="Hi")', tool_calls = { one } }
    assert.are.same({ { type = "send-message", content = "Hi" } }, written)
  end)

  it("is told apart from a call that cannot be read", function()
    local wishes, _, broken = tools.wishes { text = '<tool_call>{"name":"send_message","arguments":{"content":"Hi' }
    assert.are.same({}, wishes)
    assert.is_true(broken)
  end)
end)

describe("actions that are carried out", function()
  local function chat() return { max = 4, part_chars = 16000, messages = { m1 = true }, reactions = { ["m1\0🎉"] = true } } end
  local function allowed(wishes, with)
    local c = chat()
    for k, v in pairs(with or {}) do c[k] = v end
    return actions.allowed(wishes, c, { agent_id = "a", run_id = "r", ask = function(rule, ...) return rule(...) end })
  end
  local function say(text) return { type = "send-message", content = text } end
  local function react(id, sign) return { type = "add-reaction", messageId = id, emoji = sign } end

  local cases = {
    { "a message", { say "Hi" }, 1 },
    { "no empty message", { say "" }, 0 },
    { "two messages for what is over the limit of one", { say(("x"):rep(16001)) }, 2 },
    { "a message of 16,000 characters of two bytes", { say(("é"):rep(16000)) }, 1 },
    { "no message that holds a key", { say("take ak_" .. ("a1"):rep(16)) }, 0 },
    { "a message that talks of keys", { say "put your sk-key there" }, 1 },
    { "a reply to a known message", { { type = "send-reply", content = "Yes", messageId = "m1" } }, 1 },
    { "no empty reply", { { type = "send-reply", content = "", messageId = "m1" } }, 0 },
    { "a reaction", { react("m1", "👍") }, 1 },
    { "no reaction that is no emoji", { react("m1", "great") }, 0 },
    { "one reaction of a kind", { react("m1", "👍"), react("m1", "👍") }, 1 },
    { "no reaction that stands there", { react("m1", "🎉") }, 0 },
    { "the taking back of one", { { type = "remove-reaction", messageId = "m1", emoji = "🎉" } }, 1 },
    { "not of one that is not there", { { type = "remove-reaction", messageId = "m1", emoji = "👍" } }, 0 },
    { "four at most", { say "1", say "2", say "3", say "4", say "5" }, 4 },
  }
  for _, c in ipairs(cases) do
    it("include " .. c[1], function() assert.are.equal(c[3], #allowed(c[2])) end)
  end

  it("make a message of a reply to what nobody has written", function()
    local reply = { type = "send-reply", content = "Yes", messageId = "m9" }
    assert.are.same({ say "Yes" }, allowed { reply })
    assert.are.same({}, allowed({ reply }, { permits = { ["send-reply"] = true } }))
  end)

  it("part what is long, the first part being the reply, and count it once", function() -- limit: message_parts
    local long = ("Sleep is half of training. "):rep(20)
    local list = allowed({ { type = "send-reply", content = long, messageId = "m1" }, say "2", say "3", say "4", say "5" },
      { part_chars = 100 })
    local n = #list - 3
    assert.is_true(n > 4)
    assert.are.equal("send-reply", list[1].type)
    for i = 2, n do
      assert.are.equal("send-message", list[i].type)
      assert.is_nil(list[i].messageId)
      assert.is_true(#list[i].content <= 100)
    end
    assert.are.same({ "2", "3", "4" }, { list[n + 1].content, list[n + 2].content, list[n + 3].content })
    assert.are.equal(100, #allowed({ say(long:rep(100)) }, { part_chars = 100 }))
  end)

  it("hide no key by parting it", function()
    assert.are.same({}, allowed({ say(("x "):rep(40) .. "ak_" .. ("a1"):rep(16)) }, { part_chars = 100 }))
  end)

  it("never repeat the system prompt", function()
    local template = ("You are a coach and must keep this to yourself. "):rep(20)
    assert.are.same({}, allowed({ say("It says: " .. template) }, { template = template }))
    assert.are.same({}, allowed({ say((template:gsub(" must ", "\nmust "))) }, { template = template }))
    assert.are.equal(1, #allowed({ say "You are a coach" }, { template = template }))
  end)

  it("never repeat what we tell each model about chats", function()
    local house = require("agent.prompt").HOUSE
    local sentence = house:match "The chat is given to you[^;]*":gsub("\n", " ")
    assert.are.same({}, allowed({ say("Sure! " .. sentence .. ".") }, { house = house }))
    assert.are.equal(1, #allowed({ say "The chat is given to you in user messages, I suppose." }, { house = house }))
  end)
end)
