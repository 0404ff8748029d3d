-- spec/scripts/channels_discord_spec.lua -- Discord without a network: whom it believes, what it reads, what it writes.

local crypto = require "human.crypto"
local json = require "human.json"
local time = require "human.time"
local channel = require "channel_files"

local KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a" -- RFC 8032, test 1
local SEED = crypto.unhex "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
local PING_SIGNATURE = "1695961a47c91a1ec033b819b7e87e3dbc583dd0cee6d1fd0216f58ac87b6228ae531ddbf91fb7bc28d7edf7f08604da"
  .. "16f54624f38a6bc0614e4dc13cd47f0f"
local AT = 1700000000
local DISCORD = channel.load("discord", { token = "t0ken" })
local ACCOUNT = channel.account("discord", { public_key = KEY, application_id = "42" }, { "token" })

local function request(body, headers, now_s)
  return { method = "POST", headers = headers, body = body, now_s = now_s or AT }
end

local function signed(body, at_s, now_s)
  local stamp = tostring(at_s or AT)
  return request(body, { ["x-signature-timestamp"] = stamp,
    ["x-signature-ed25519"] = crypto.hex(crypto.ed25519_sign(SEED, stamp .. body)) }, now_s)
end

local COMMAND = { type = 2, id = "1200000000000000000", application_id = "42", token = "tok", channel_id = "7", guild_id = "8",
  member = { nick = "Ann", user = { id = "9", username = "ann", global_name = "Ann A." } },
  data = { id = "1", name = "ask", options = { { type = 3, name = "text", value = "What time is it?" } } } }

local function with(change, of)
  local out = {}
  for k, v in pairs(of or COMMAND) do out[k] = v end
  for k, v in pairs(change) do out[k] = v end
  return out
end

local function parsed(body, account) return DISCORD.parse(body, account or ACCOUNT) end

local function said_of(message, account)
  local m = { chat = "7", text = "Hello", first = true }
  for k, v in pairs(message) do m[k] = v end
  return DISCORD.say(m, account or ACCOUNT)
end

describe("a webhook of Discord", function()
  it("is believed with the signature of the application's key, as in the vector of its SDK", function()
    assert.is_true(DISCORD.verify(request('{"type":1}', { ["x-signature-timestamp"] = "1700000000",
      ["x-signature-ed25519"] = PING_SIGNATURE }), ACCOUNT))
    assert.is_true(DISCORD.verify(signed(json.encode(COMMAND)), ACCOUNT))
  end)

  it("is refused with another body, time or key, half a signature, or none", function()
    local good = signed '{"type":2}'
    local function refused(change, account)
      local r = with(change, good)
      r.headers = with(change.headers or {}, good.headers)
      local ok, why = DISCORD.verify(r, account or ACCOUNT)
      assert.is_nil(ok)
      return why
    end
    assert.equal("bad_signature", refused { body = '{"type":2} ' })
    assert.equal("bad_signature", refused { headers = { ["x-signature-timestamp"] = "1700000001" } })
    assert.equal("bad_signature", refused { headers = { ["x-signature-ed25519"] = ("0"):rep(128) } })
    assert.equal("bad_signature", refused { headers = { ["x-signature-ed25519"] = "1695" } })
    assert.equal("bad_signature", refused { headers = { ["x-signature-ed25519"] = ("x"):rep(128) } })
    assert.equal("no_signature", refused { headers = { ["x-signature-timestamp"] = false } })
    assert.equal("not_configured", refused({}, channel.account("discord", { public_key = "" }, {})))
    assert.equal("not_configured", refused({}, channel.account("discord", { public_key = KEY .. "00" }, {})))
  end)

  it("that is older or newer than five minutes is refused, unless it is a ping", function()
    for _, now_s in ipairs { AT + 301, AT - 301 } do
      assert.same({ nil, "too_old" }, { DISCORD.verify(signed('{"type":2}', AT, now_s), ACCOUNT) })
      assert.is_true(DISCORD.verify(signed('{"type":1}', AT, now_s), ACCOUNT))
      assert.is_true(DISCORD.verify(signed('{"type":0,"version":1}', AT, now_s), ACCOUNT))
    end
    assert.is_true(DISCORD.verify(signed('{"type":2}', AT, AT + 299), ACCOUNT))
    assert.same({ nil, "too_old" }, { DISCORD.verify(signed('{"type":2}', "1700000000.5"), ACCOUNT) })
  end)

  it("is answered as its kind wants: a ping at once, a command with a message that is to come", function()
    local function answer(body) return DISCORD.answer({}, body, ACCOUNT) end
    assert.same({ type = 1 }, answer({ type = 1 }).body)
    assert.same({ type = 5 }, answer(COMMAND).body)
    assert.same({ type = 6 }, answer({ type = 3 }).body)
    assert.equal('{"type":8,"data":{"choices":[]}}', json.encode_sorted(answer({ type = 4 }).body, { "type" }))
    assert.equal(204, answer({ version = 1, type = 0, application_id = "42" }).status)
    assert.equal(204, answer({ type = 1, event = { type = "APPLICATION_AUTHORIZED" } }).status)
    assert.is_nil(answer { author = { id = "9" }, content = "x" })
  end)

  it("of another server or channel than the bot is for is nobody's message, and a command is told so", function()
    local only = channel.account("discord", { public_key = KEY, guild_id = "8", channel_ids = { "70" } }, {})
    assert.same({}, parsed(COMMAND, only))
    assert.equal(64, DISCORD.answer({}, COMMAND, only).body.data.flags)
    assert.equal(1, #parsed(with { channel_id = "70" }, only))
    assert.same({}, parsed(with { channel_id = "70", guild_id = "80" }, only))
  end)
end)

describe("what Discord sends", function()
  it("is read: a command for talking, others with their names, parts and files", function()
    local m = parsed(COMMAND)[1]
    assert.same({ "command", "What time is it?", true, "7", true }, { m.kind, m.text, m.to_me, m.chat, m.group })
    assert.same({ id = "9", name = "Ann", handle = "ann", is_bot = false }, m.from)
    assert.equal("1200000000000000000", m.id)
    assert.equal(1706172694, m.at_s)
    local other = parsed(with { data = { name = "approve", options = { { type = 1, name = "one", options = {
      { type = 3, name = "id", value = "c1" }, { type = 4, name = "n", value = 3 }, { type = 11, name = "f", value = "55" } } } },
      resolved = { attachments = { ["55"] = { id = "55", filename = "a.png", content_type = "image/png", size = 9,
        url = "https://cdn.discordapp.com/a.png" } } } } })[1]
    assert.equal("/approve one c1 3", other.text)
    assert.same({ { id = "55", kind = "photo", mime = "image/png", name = "a.png", bytes = 9,
                    url = "https://cdn.discordapp.com/a.png" } }, other.attachments)
    assert.equal("Look at this", parsed(with { data = { name = "Explain", type = 3, target_id = "5",
      resolved = { messages = { ["5"] = { content = "Look at this" } } } } })[1].text)
    local direct = with { guild_id = json.null, member = json.null, user = { id = "9", username = "ann" } }
    assert.is_false(parsed(direct)[1].group)
  end)

  it("is read: direct messages, buttons, and forms", function()
    local direct = with { user = { id = "9", username = "ann" }, context = 1 }
    direct.guild_id, direct.member = nil, nil
    assert.is_false(parsed(direct)[1].group)
    direct.context = 2
    assert.is_true(parsed(direct)[1].group)
    local pressed = parsed(with { type = 3, data = { custom_id = "approve:c1:deny" }, message = { id = "77" } })[1]
    assert.same({ "button", "approve:c1:deny", "77" }, { pressed.kind, pressed.data, pressed.message_id })
    local form = parsed(with { type = 5, data = { components = { { components = { { value = "One" } } },
      { component = { value = "Two" } } } } })[1]
    assert.equal("One\nTwo", form.text)
  end)

  it("is read: messages of a forwarder, bare or as the gateway has them, with names for people", function()
    local message = { id = "1200000000000000001", type = 0, channel_id = "7", guild_id = "8", content = "<@42> ask <@!5> and <@6>",
      author = { id = "9", username = "ann" }, mentions = { { id = "42", username = "bot" }, { id = "5", username = "bob" } },
      message_reference = { message_id = "3" }, referenced_message = { author = { id = "42" } } }
    for _, body in ipairs { message, { op = 0, t = "MESSAGE_CREATE", d = message } } do
      local m = parsed(body)[1]
      assert.equal("ask @bob and @6", m.text)
      assert.same({ "42", "5", "6" }, m.mentions)
      assert.equal("42", m.reply_to_from)
      assert.equal("message", m.kind)
    end
    assert.same({}, parsed { t = "MESSAGE_UPDATE", d = message })
    assert.same({}, parsed(with({ type = 7 }, message)))     -- somebody joined
    assert.is_true(parsed(with({ webhook_id = "1" }, message))[1].from.is_bot)
    assert.is_true(parsed(with({ author = { id = "4", bot = true } }, message))[1].from.is_bot)
  end)

  it("may be anything: nothing raises, and nothing comes of it that is no text", function()
    channel.torment(COMMAND, function(body)
      DISCORD.answer({}, body, ACCOUNT)
      for _, m in ipairs(parsed(body)) do
        assert.equal("string", type(m.id) == "string" and type(m.chat) == "string" and type(m.from.id))
      end
    end)
    channel.torment({ id = "1", channel_id = "7", content = "x", author = { id = "9" }, mentions = { { id = "1" } },
      attachments = { { id = "1" } }, referenced_message = { author = { id = "1" } } }, parsed)
    assert.same({}, parsed(with { id = ("1"):rep(21) }))
    assert.same({}, parsed(with { channel_id = "../7" }))
    local long = parsed(with { data = { name = "ask", options = { { type = 3, value = ("x"):rep(100000) } } } })[1]
    assert.equal(16000, #long.text)
  end)
end)

describe("an answer on Discord", function()
  it("takes the place of \"is thinking\", its further pieces follow, and after 15 minutes it is a message of the bot", function()
    local now_s = math.floor(time.now_ms() / 1000)
    local token = ("%d/42/t%%k"):format(now_s + 60)
    local first = said_of { reply_token = token }
    assert.same({ "PATCH", "https://discord.com/api/v10/webhooks/42/t%25k/messages/@original" }, { first.method, first.url })
    assert.is_nil(first.headers.Authorization)
    local second = said_of { reply_token = token, first = false }
    assert.same({ "POST", "https://discord.com/api/v10/webhooks/42/t%25k?wait=true" }, { second.method, second.url })
    local late = said_of { reply_token = ("%d/42/tok"):format(now_s - 1) }
    assert.same({ "POST", "https://discord.com/api/v10/channels/7/messages" }, { late.method, late.url })
    assert.equal("Bot ${secret:channels.discord.token}", late.headers.Authorization)
    assert.matches("^DiscordBot %(https://", late.headers["User-Agent"])
  end)

  it("of which a stranger chose the token leads nowhere else, and names no secret", function()
    local until_s = math.floor(time.now_ms() / 1000) + 60
    for token, part in pairs { ["../../x"] = "%.%.%%2F%.%.%%2Fx", ["${secret:channels.discord.token}"] = "%%24%%7Bsecret%%3A" } do
      assert.matches(part, said_of({ reply_token = until_s .. "/42/" .. token }).url)
    end
    assert.matches("/channels/7/messages$", said_of({ reply_token = until_s .. "/42/.." }).url)
  end)

  it("mentions nobody, replies to what may be gone, has a nonce and rows of buttons", function()
    local buttons = {}
    for i = 1, 7 do buttons[i] = { label = "B" .. i, data = "x:" .. i } end
    local body = said_of({ reply_to = "5", once = ("o"):rep(40), buttons = buttons }).json
    assert.equal("[]", json.encode(body.allowed_mentions.parse))
    assert.same({ message_id = "5", fail_if_not_exists = false }, body.message_reference)
    assert.same({ 25, true }, { #body.nonce, body.enforce_nonce })
    assert.same({ 5, 2 }, { #body.components[1].components, #body.components[2].components })
    assert.same({ type = 2, style = 2, label = "B1", custom_id = "x:1" }, body.components[1].components[1])
    assert.equal("[]", json.encode(said_of({}).json.components))
  end)

  it("to a person asks for the chat with them first", function()
    local r = said_of { chat = "user:9" }
    assert.same({ "https://discord.com/api/v10/users/@me/channels", { recipient_id = "9" } }, { r.url, r.json })
    assert.same({ again = { chat = "71" } },
      DISCORD.said({ status = 200, headers = {}, json = { id = "71" } }, { chat = "user:9" }))
  end)

  it("needs a token and a chat, and says so", function()
    local without = channel.account("discord", { public_key = KEY }, {})
    assert.matches("channels.discord.token", select(2, said_of({}, without)))
    assert.matches("A chat of Discord is a number", select(2, said_of { chat = "general" }))
  end)

  it("is sent, waits, is changed, or fails, as Discord says", function()
    local function said(status, body, message, headers)
      return DISCORD.said({ status = status, headers = headers or {}, json = body }, message or { chat = "7" })
    end
    assert.same({ ok = true, id = "5" }, said(200, { id = "5" }))
    assert.same({ wait_ms = 1337, global = false }, said(429, { retry_after = 1.3363, global = false }))
    assert.same({ wait_ms = 64570, global = true }, said(429, { retry_after = 64.57, global = true }))
    assert.same({ wait_ms = 3000, global = false }, said(429, nil, nil, { ["retry-after"] = "3" }))
    assert.same({ wait_ms = 1000, global = false }, said(429, { retry_after = {} }))
    assert.is_string(said(502).retry)
    assert.same({ again = { reply_token = false } }, said(404, { code = 10015 }, { chat = "7", reply_token = "t" }))
    assert.same({ again = { reply_to = false } }, said(400, { code = 50035 }, { chat = "7", reply_to = "5" }))
    assert.matches("^The bot may not write there: .*Missing Access, code 50001", said(403, { code = 50001, message = "Missing Access" }).failed)
    assert.matches("channels.discord.token", said(401, { message = "401: Unauthorized", code = 0 }).failed)
    assert.matches("status 400", said(400, "x").failed)
  end)

  it("is about to come: typing, but not where \"is thinking\" is shown", function()
    assert.equal("https://discord.com/api/v10/channels/7/typing", DISCORD.typing({ chat = "7" }, ACCOUNT).url)
    assert.is_nil(DISCORD.typing({ chat = "7", reply_token = "t" }, ACCOUNT))
  end)

  it("comes from a bot whose name and id Discord tells", function()
    assert.same({ id = "42", handle = "bot", name = "bot" },
      DISCORD.healthy { status = 200, headers = {}, json = { id = "42", username = "bot" } })
    assert.matches("does not accept", select(2, DISCORD.healthy { status = 401, headers = {}, json = { message = "401" } }))
  end)
end)
