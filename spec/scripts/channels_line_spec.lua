-- spec/scripts/channels_line_spec.lua -- LINE: signatures, events, replies and pushes.

local files = require "channel_file"
local json = require "human.json"
local time = require "human.time"

local NOW_MS = 1700000000000
local answer, request = files.answer, files.request

describe("LINE", function()
  local line, account, real_now

  before_each(function()
    line, account = files.load("line", { channel_secret = "line-secret", channel_access_token = "t" })
    real_now = time.now_ms
    time.now_ms = function() return NOW_MS end
  end)
  after_each(function() time.now_ms = real_now end)

  local function event(more)
    local e = { type = "message", mode = "active", timestamp = NOW_MS, webhookEventId = "01H", replyToken = "rt",
                source = { type = "user", userId = "U1" }, deliveryContext = { isRedelivery = false },
                message = { id = "444", type = "text", text = "hello", quoteToken = "q" } }
    for key, value in pairs(more or {}) do e[key] = value end
    return e
  end

  local function parse(...) return line.parse({ destination = "Ubot", events = { ... } }, account) end

  it("is known by base64 of the HMAC of the raw bytes, as printed", function()
    local body = '{"message":"hello"}'
    local function verify(signature, of) return line.verify(request(of or body, { ["x-line-signature"] = signature }), account) end
    local good = "9grfeEthP7pemWehSk4Ikoq8NFIiO3aRA5v1tykHHjo="
    assert.is_true(verify(good))
    assert.same({ nil, "no_signature" }, { verify(nil) })
    for _, bad in ipairs { "", "x", good:sub(1, -2), good .. "=", good:lower(), (" "):rep(5000) } do
      assert.same({ nil, "bad_signature" }, { verify(bad) })
    end
    assert.same({ nil, "bad_signature" }, { verify(good, body .. " ") })
    account.has.channel_secret = nil
    assert.same({ nil, "not_configured" }, { verify(good) })
  end)

  it("has no message in the body that its console sends to verify the address", function()
    assert.same({}, parse())
  end)

  it("tells who says what, and for how long the reply token is good", function()
    local m = parse(event())[1]
    assert.same({ id = "01H", kind = "message", message_id = "444", text = "hello", chat = "U1", group = false,
                  from = { id = "U1" }, to_me = true, at_s = 1700000000, reply_token = "1700000050000/rt" }, m)
    local button = parse(event { type = "postback", postback = { data = "approve:1:deny" }, message = json.null })[1]
    assert.same({ "button", "approve:1:deny" }, { button.kind, button.data })
    local photo = parse(event { message = { id = "5", type = "image", contentProvider = { type = "line" } } })[1]
    assert.same({ { kind = "photo", id = "5" } }, photo.attachments)
  end)

  it("skips what another of the account's channels answers, and what is no message", function()
    assert.same({}, parse(event { mode = "standby" }, event { type = "follow" }, event { type = "unsend" }))
    assert.same({}, parse(event { source = { type = "group", groupId = "C1" } })) -- nobody who could be paired
  end)

  it("in a group means us where a mention says so, which is taken out of the text", function()
    local group = { type = "group", groupId = "C1", userId = "U1" }
    local function said(text, mentionees)
      return parse(event { source = group, message = { id = "4", type = "text", text = text,
        mention = mentionees and { mentionees = mentionees } } })[1]
    end
    assert.is_false(said("hello").to_me)
    assert.equal("C1", said("hello").chat)
    local m = said("😀 @Bot are you there? @Bot", { { index = 3, length = 4, type = "user", userId = "Ubot", isSelf = true },
      { index = 23, length = 4, type = "user", userId = "Ubot", isSelf = true } })
    assert.is_true(m.to_me)
    assert.equal("😀  are you there? ", m.text)
    assert.is_false(said("@All hi", { { index = 0, length = 4, type = "all" } }).to_me)
    assert.equal("hi", said("hi", { { index = 1e9, length = 1, isSelf = true }, { index = -1, length = 0.5, isSelf = true } }).text)
  end)

  it("raises for no body, whatever is in it", function()
    local text = json.encode { destination = "U", events = { event { source = { type = "group", groupId = "C", userId = "U" },
      message = { id = "4", type = "text", text = "@Bot", mention = { mentionees = { { index = 0, length = 4, isSelf = true } } } } },
      event { message = { id = "1", type = "location", title = "t", latitude = 1, longitude = 2 } },
      event { message = { id = "1", type = "sticker", keywords = { "a" } } }, event { type = "postback", postback = { data = "d" } } } }
    files.each_spoiled(text, function(body) assert.is_table(line.parse(body, account)) end)
  end)

  it("answers within the minute by the reply token, and pushes under a key of its own after it", function()
    local message = { chat = "U1", text = "**Hi** [docs](https://x.example)", once = "post1", reply_token = ("%d/rt"):format(NOW_MS + 1) }
    local reply = line.say(message, account)
    assert.equal("https://api.line.me/v2/bot/message/reply", reply.url)
    assert.same({ replyToken = "rt", messages = { { type = "text", text = "Hi docs (https://x.example)" } } }, reply.json)
    assert.same({ Authorization = "Bearer ${secret:channel_access_token}" }, reply.headers) -- LINE refuses a retry key here
    message.first = false                          -- the first piece has used it up
    assert.equal("https://api.line.me/v2/bot/message/push", line.say(message, account).url)
    message.first = nil
    message.reply_token = ("%d/rt"):format(NOW_MS)
    local push = line.say(message, account)
    assert.equal("https://api.line.me/v2/bot/message/push", push.url)
    assert.equal("U1", push.json.to)
    assert.matches("^%x+%-%x%x%x%x%-5%x%x%x%-8%x%x%x%-%x+$", push.headers["X-Line-Retry-Key"])
    assert.equal(36, #push.headers["X-Line-Retry-Key"])
    assert.same(push.headers, line.say(message, account).headers)
    message.once = "post2"
    assert.not_same(push.headers, line.say(message, account).headers)
  end)

  it("has buttons below the last of up to five bubbles", function()
    local say = line.say({ chat = "U1", pieces = { "a", "b" }, buttons = { { label = ("x"):rep(30), data = "approve:1:deny" } } }, account)
    assert.is_nil(say.json.messages[1].quickReply)
    local action = say.json.messages[2].quickReply.items[1].action
    assert.same({ "postback", ("x"):rep(20), "approve:1:deny" }, { action.type, action.label, action.data })
  end)

  it("pushes where the reply token is used up, unless an earlier try of the same answer did that", function()
    local refused = answer(400, { message = "Invalid reply token" })
    local fresh = { chat = "U1", text = "x", reply_token = ("%d/rt"):format(NOW_MS + 1000) }
    assert.same({ again = { reply_token = false } }, line.said(refused, fresh))
    fresh.attempt = 2
    assert.same({ ok = true }, line.said(refused, fresh))
    fresh.reply_token = ("%d/rt"):format(NOW_MS - 1)
    assert.same({ again = { reply_token = false } }, line.said(refused, fresh))
    assert.equal("https://api.line.me/v2/bot/message/push", line.say({ chat = "U1", text = "x", reply_token = false }, account).url)
  end)

  it("sorts what LINE says: sent, sent before, later, and never", function()
    local message = { chat = "U1", text = "x" }
    assert.same({ ok = true, id = "461230966842064897" },
      line.said(answer(200, { sentMessages = { { id = "461230966842064897", quoteToken = "q" } } }), message))
    assert.is_true(line.said(answer(409, { message = "The retry key is already accepted" }), message).ok)
    assert.equal(2000, line.said(answer(429, { message = "The API rate limit has been exceeded. Try again later." }), message).wait_ms)
    assert.equal(7000, line.said(answer(429, { message = "slow" }, { ["retry-after"] = "7" }), message).wait_ms)
    assert.matches("month are used up", line.said(answer(429, { message = "You have reached your monthly limit." }), message).failed)
    assert.matches("channel_access_token", line.said(answer(401, { message = "Authentication failed" }), message).failed)
    assert.matches("May not be empty", line.said(answer(400, { message = "The request body has 1 error(s)",
      details = { { message = "May not be empty", property = "messages[0].text" } } }), message).failed)
    assert.is_string(line.said(answer(500), message).retry)
    files.each_spoiled('{"message":"m","details":[{"message":"d"}],"sentMessages":[{"id":"1"}]}', function(body)
      for _, status in ipairs { 200, 400, 401, 409, 429, 500 } do
        assert.is_table(line.said({ status = status, headers = {}, body = "", json = body }, message))
      end
    end)
  end)

  it("shows people that it works, groups not", function()
    local typing = line.typing({ chat = "U1", group = false }, account)
    assert.same({ chatId = "U1", loadingSeconds = 20 }, typing.json)
    assert.is_nil(line.typing({ chat = "C1", group = true }, account))
  end)

  it("says who it is there, or what is wrong with its token", function()
    assert.same({ id = "Ubot", name = "Bot", handle = "@bot" },
      line.healthy(answer(200, { userId = "Ubot", displayName = "Bot", basicId = "@bot" })))
    local me, why = line.healthy(answer(401, { message = "Authentication failed" }))
    assert.is_nil(me)
    assert.matches("channel_access_token", why)
  end)
end)
