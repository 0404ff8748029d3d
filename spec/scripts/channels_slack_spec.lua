-- spec/scripts/channels_slack_spec.lua -- Slack without a network: whom it believes, what it reads, what it writes.

local crypto = require "human.crypto"
local json = require "human.json"
local channel = require "channel_files"

local SECRET, AT = "slack-secret", 1700000000
local SLACK = channel.load("slack", { signing_secret = SECRET })
local ACCOUNT = channel.account("slack", { channel_ids = {} }, { "signing_secret", "bot_token" })

local function request(body, signature, at_s, now_s)
  return { method = "POST", body = body, now_s = now_s or AT,
           headers = { ["x-slack-signature"] = signature, ["x-slack-request-timestamp"] = tostring(at_s or AT) } }
end

local function signed(body, at_s, now_s)
  local base = ("v0:%s:%s"):format(at_s or AT, body)
  return request(body, "v0=" .. crypto.hmac_sha256_hex(SECRET, base), at_s, now_s)
end

local function with(change, of)
  local out = {}
  for k, v in pairs(of) do out[k] = v end
  for k, v in pairs(change) do out[k] = v end
  return out
end

local EVENT = { type = "message", channel = "C1", channel_type = "channel", user = "U1", text = "<@UBOT> hi", ts = "1700000000.000100" }
local function event(change) -- in its envelope
  return { type = "event_callback", team_id = "T1", event_id = "Ev1", authorizations = { { user_id = "UBOT", is_bot = true } },
           event = with(change or {}, EVENT) }
end

local function parsed(body, account) return SLACK.parse(body, account or ACCOUNT) end
local function text_of(said) return parsed(event { text = said })[1].text end

local function form(fields)
  local list = {}
  for name, value in pairs(fields) do
    list[#list + 1] = name .. "=" .. value:gsub("[^%w]", function(c) return c == " " and "+" or ("%%%02X"):format(c:byte()) end)
  end
  return table.concat(list, "&")
end

local SLASH = { command = "/human", text = "what is 1 + 1?", user_id = "U1", user_name = "ann", channel_id = "C1", trigger_id = "1.2.a",
                channel_name = "general", response_url = "https://hooks.slack.com/commands/T1/1/x" }
local PRESSED = { type = "block_actions", user = { id = "U1", username = "ann" }, channel = { id = "C1" }, message = { ts = "5.1" },
                  actions = { { action_id = "b1", value = "approve:c1:deny", action_ts = "6.1" } },
                  response_url = "https://hooks.slack.com/actions/T1/1/x" }

local function read(body) return SLACK.read { body = body, headers = {} } end

local function said_of(message, account)
  local m = { chat = "C1", text = "Hello", first = true }
  for k, v in pairs(message) do m[k] = v end
  return SLACK.say(m, account or ACCOUNT)
end

describe("a webhook of Slack", function()
  it("is believed with the signature of the signing secret, as in the vectors", function()
    local vector = "v0=28377a42823f1541cc111f02d602672538d014c833e1a8a41ae66adf021d807b"
    assert.is_true(SLACK.verify(request('{"message":"hello"}', vector), ACCOUNT))
    assert.is_true(SLACK.verify(signed(form(SLASH)), ACCOUNT))
  end)

  it("is refused with another body, time or secret, half a signature, or none", function()
    local good = signed "{}"
    local function refused(change)
      local r = with({}, good)
      r.body = change.body or r.body
      r.headers = with(change, r.headers)
      local ok, why = SLACK.verify(r, change.account or ACCOUNT)
      assert.is_nil(ok)
      return why
    end
    assert.equal("bad_signature", refused { body = "{} " })
    assert.equal("bad_signature", refused { ["x-slack-request-timestamp"] = "1700000001" })
    assert.equal("bad_signature", refused { ["x-slack-signature"] = good.headers["x-slack-signature"]:sub(4) })
    assert.equal("bad_signature", refused { ["x-slack-signature"] = good.headers["x-slack-signature"]:upper() })
    assert.equal("no_signature", refused { ["x-slack-signature"] = false })
    assert.equal("no_signature", refused { ["x-slack-request-timestamp"] = false })
    assert.equal("not_configured", refused { account = channel.account("slack", {}, {}) })
  end)

  it("that is more than five minutes old or early is refused, with a good signature too", function()
    assert.same({ nil, "too_old" }, { SLACK.verify(signed("{}", AT, AT + 301), ACCOUNT) })
    assert.same({ nil, "too_old" }, { SLACK.verify(signed("{}", AT, AT - 301), ACCOUNT) })
    assert.is_true(SLACK.verify(signed("{}", AT, AT + 299), ACCOUNT))
    assert.is_true(SLACK.verify(signed("{}", AT, AT - 299), ACCOUNT))
    assert.same({ nil, "too_old" }, { SLACK.verify(signed("{}", "17e8"), ACCOUNT) })
  end)

  it("is answered: a challenge with itself, anything else with nothing", function()
    assert.same({ status = 200, type = "text/plain", body = "3eZb" },
      SLACK.answer({}, { type = "url_verification", challenge = "3eZb" }, ACCOUNT))
    assert.equal("", SLACK.answer({}, event(), ACCOUNT).body)
    assert.equal("", SLACK.answer({}, { type = "url_verification", challenge = {} }, ACCOUNT).body)
  end)
end)

describe("what Slack sends", function()
  it("is read: a message, by whom, where, in which thread, and whether it is to us", function()
    local m = parsed(event { thread_ts = "1699999999.000100", parent_user_id = "UBOT" })[1]
    assert.same({ "C1:1700000000.000100", "message", "hi", "C1", true, "1699999999.000100", true, "U1", 1700000000 },
      { m.id, m.kind, m.text, m.chat, m.group, m.thread, m.to_me, m.from.id, m.at_s })
    assert.equal("UBOT", m.reply_to_from)
    assert.is_false(parsed(event { text = "hi" })[1].to_me)
    assert.is_false(parsed(event { text = "<@U7> hi" })[1].to_me)
    local direct = parsed(event { channel = "D1", channel_type = "im" })[1]
    assert.is_false(direct.group)
  end)

  it("tells one mention twice, as a message and as app_mention: it has one id, and both are to us", function()
    local first, second = parsed(event())[1], parsed(event { type = "app_mention" })[1]
    assert.equal(first.id, second.id)
    assert.same({ true, true }, { first.to_me, second.to_me })
    local body = event()
    body.authorizations = nil                                -- who we are is not known: a mention may be ours
    assert.is_true(parsed(body)[1].to_me)
  end)

  it("of ourselves, of bots, and about messages is not read; files and what is sent to the channel, too, are", function()
    assert.same({}, parsed(event { bot_id = "B1" }))
    assert.same({}, parsed(event { user = "UBOT" }))
    for _, subtype in ipairs { "message_changed", "message_deleted", "channel_join", "bot_message", "" } do
      assert.same({}, parsed(event { subtype = subtype }))
    end
    assert.equal(1, #parsed(event { subtype = "thread_broadcast" }))
    assert.same({ { kind = "photo", id = "F1", name = "a.png", mime = "image/png", bytes = 9, url = "https://files.slack.com/a" } },
      parsed(event { subtype = "file_share", files = { { id = "F1", name = "a.png", mimetype = "image/png", size = 9,
        url_private = "https://files.slack.com/a" } } })[1].attachments)
    assert.same({}, parsed { type = "event_callback", event = { type = "reaction_added", user = "U1" } })
    assert.same({}, parsed { type = "app_rate_limited" })
  end)

  it("is read only from channels that the bot is for, and from people", function()
    local only = channel.account("slack", { channel_ids = { "C2" } }, { "signing_secret" })
    assert.same({}, parsed(event(), only))
    assert.equal(1, #parsed(event { channel = "C2" }, only))
    assert.equal(1, #parsed(event { channel = "D1" }, only))
    assert.same({}, parsed(with({}, { type = "slash_command", channel_id = "C1", user_id = "U1", trigger_id = "1" }), only))
  end)

  it("has marks for people, channels and addresses, which become texts", function()
    assert.equal("hi", text_of "<@UBOT> hi")
    assert.equal("ask @U7, @bob in #general of @team", text_of "ask <@U7>, <@U8|bob> in <#C1|general> of <!subteam^S1|@team>")
    assert.equal("@here @channel", text_of "<!here> <!channel>")
    assert.equal("Monday", text_of "<!date^1392734382^{date}|Monday>")
    assert.equal("https://a.example/?a=1&b=2 and docs (https://b.example)",
      text_of "<https://a.example/?a=1&amp;b=2> and <https://b.example|docs>")
    assert.equal("a@b.example", text_of "<mailto:a@b.example|a@b.example>")
    assert.equal("1 < 2 && <@U7>", text_of "1 &lt; 2 &amp;&amp; &lt;@U7&gt;")
  end)

  it("is read: a slash command, which is for talking unless it says something else", function()
    local m = parsed(read(form(SLASH)))[1]
    assert.same({ "command:1.2.a", "command", "what is 1 + 1?", "C1", true, true, "U1", "ann" },
      { m.id, m.kind, m.text, m.chat, m.group, m.to_me, m.from.id, m.from.name })
    assert.equal("command https://hooks.slack.com/commands/T1/1/x", m.reply_token)
    assert.equal("/approve c1 deny", parsed(read(form(with({ command = "/approve", text = "c1 deny" }, SLASH))))[1].text)
    assert.is_false(parsed(read(form(with({ channel_name = "directmessage", channel_id = "D1" }, SLASH))))[1].group)
  end)

  it("is read: a button", function()
    local m = parsed(read(form { payload = json.encode(PRESSED) }))[1]
    assert.same({ "button", "approve:c1:deny", "5.1", "U1", "button https://hooks.slack.com/actions/T1/1/x" },
      { m.kind, m.data, m.message_id, m.from.id, m.reply_token })
    assert.same({}, parsed { type = "view_submission", user = { id = "U1" } })
  end)

  it("may be anything: nothing raises, and nothing comes of it that is no text", function()
    local function fn(body)
      SLACK.answer({}, body, ACCOUNT)
      for _, m in ipairs(parsed(body)) do
        assert.equal("string", type(m.id) == "string" and type(m.chat) == "string" and type(m.from.id))
      end
    end
    channel.torment(event { files = { { id = "F1" } }, user_profile = { name = "x" } }, fn)
    channel.torment(PRESSED, fn)
    channel.torment(with({ type = "slash_command" }, SLASH), fn)
    for _, body in ipairs { "", "{", "[", "x", "payload", "payload=", "payload=%7B", "payload=%zz", "=", "&&&&", "command=", "a=%",
                            ("a=1&"):rep(1000), ("x"):rep(1000000), ("%"):rep(100000) } do
      fn(read(body))
    end
    assert.is_nil(read(("a%d=1&"):rep(1000)))
  end)
end)

describe("an answer on Slack", function()
  it("is a message of the bot in the channel or thread", function()
    local r = said_of { thread = "5.1", text = "**Yes** & <!channel>" }
    assert.same({ "POST", "https://slack.com/api/chat.postMessage", "Bearer ${secret:channels.slack.bot_token}" },
      { r.method, r.url, r.headers.Authorization })
    assert.equal("application/json; charset=utf-8", r.headers["Content-Type"])
    assert.same({ channel = "C1", text = "*Yes* &amp; &lt;!channel&gt;", thread_ts = "5.1", mrkdwn = true, unfurl_links = false,
                  unfurl_media = false }, r.json)
    assert.same({ "**Yes**", false }, { said_of({ text = "**Yes**", plain = true }).json.text,
                                        said_of({ text = "**Yes**", plain = true }).json.mrkdwn })
  end)

  it("has Slack's marks for Markdown, and lets a text be no more than formatted", function()
    local function marked(text) return said_of({ text = text }).json.text end
    assert.equal("*Title*\n• _one_ and ~two~\n> said", marked "# Title\n- *one* and ~~two~~\n> said")
    assert.equal("`a &lt; b` and ```\nx = &lt;!here&gt; **no**\n```", marked "`a < b` and " .. marked "```lua\nx = <!here> **no**\n```")
    assert.equal("<https://a.example/?a=1&amp;b=2|docs>", marked "[docs](https://a.example/?a=1&b=2)")
    assert.equal("<https://evil.example>", marked "[https://bank.example](https://evil.example)")
    assert.equal("&lt;@U1&gt; &lt;#C1&gt; &lt;https://x|y&gt;", marked "<@U1> <#C1> <https://x|y>")
    assert.is_nil(marked("[x](https://a.example/|y>z)"):find("<https://a.example/|y>", 1, true))
    assert.is_nil(marked("[<!here>](https://a.example)"):find("<!here>", 1, true))
    assert.is_nil(marked("[x](javascript:alert)"):find("<javascript", 1, true))
  end)

  it("has buttons in blocks, in which a long text is cut into sections", function()
    local body = said_of({ text = ("x"):rep(3500), buttons = { { label = ("L"):rep(100), data = "a:1" } } }).json
    assert.same({ "section", "section", "actions" }, { body.blocks[1].type, body.blocks[2].type, body.blocks[3].type })
    assert.same({ 3000, 500 }, { #body.blocks[1].text.text, #body.blocks[2].text.text })
    assert.same({ type = "button", action_id = "b1", value = "a:1", text = { type = "plain_text", text = ("L"):rep(75) } },
      body.blocks[3].elements[1])
  end)

  it("to a button takes the place of its message; to a command it goes by the bot, and by the command's address where that cannot", function()
    local button = said_of { reply_token = "button https://hooks.slack.com/actions/T1/1/x" }
    assert.same({ "https://hooks.slack.com/actions/T1/1/x", true }, { button.url, button.json.replace_original })
    assert.is_nil(button.headers.Authorization)
    local m = { reply_token = "command https://hooks.slack.com/commands/T1/1/x", chat = "C1" }
    assert.equal("https://slack.com/api/chat.postMessage", said_of(m).url)
    local again = SLACK.said({ status = 200, headers = {}, json = { ok = false, error = "not_in_channel" } }, m)
    assert.same({ again = { by_hook = true } }, again)
    local hook = said_of(with(again.again, m))
    assert.same({ "https://hooks.slack.com/commands/T1/1/x", "in_channel" }, { hook.url, hook.json.response_type })
    assert.same({ again = { reply_token = false } }, SLACK.said({ status = 404, headers = {} }, m))
  end)

  it("goes to no address but Slack's, whoever wrote it, and with no secret", function()
    for _, url in ipairs { "http://169.254.169.254/x", "https://hooks.slack.com.evil.example/x", "https://hooks.slack.com/${secret:admin}" } do
      local r = said_of { reply_token = "button " .. url }
      assert.equal("https://slack.com/api/chat.postMessage", r.url)
    end
  end)

  it("is sent, waits, is changed, or fails, as Slack says", function()
    local function said(body, message, status, headers)
      return SLACK.said({ status = status or 200, headers = headers or {}, json = body }, message or { chat = "C1" })
    end
    local function failed(code) return said({ ok = false, error = code }).failed end
    assert.same({ ok = true, id = "5.1" }, said { ok = true, ts = "5.1" })
    assert.same({ ok = true }, said(nil))                    -- an address of a command says "ok"
    assert.same({ wait_ms = 30000 }, said({ ok = false, error = "ratelimited" }, nil, 429, { ["retry-after"] = "30" }))
    assert.same({ wait_ms = 1000 }, said({ ok = false, error = "ratelimited" }))
    assert.is_string(said({ ok = false, error = "internal_error" }).retry)
    assert.is_string(said(nil, nil, 503).retry)
    assert.same({ again = { thread = false } }, said({ ok = false, error = "thread_not_found" }, { chat = "C1", thread = "5.1" }))
    assert.matches("channels.slack.bot_token", failed "invalid_auth")
    assert.matches("invite it there %(not_in_channel%)", failed "not_in_channel")
    assert.matches("chat:write", failed "missing_scope")
    assert.matches("%(msg_too_long%)", failed "msg_too_long")
    assert.matches("%(some_new_error%)", failed "some_new_error")
    assert.matches("%(status 200%)", said({ ok = false, error = {} }).failed)
  end)

  it("needs a token, and says so", function()
    local without = channel.account("slack", {}, { "signing_secret" })
    assert.matches("channels.slack.bot_token", select(2, said_of({}, without)))
    local hook = said_of({ reply_token = "command https://hooks.slack.com/commands/T1/1/x" }, without)
    assert.equal("https://hooks.slack.com/commands/T1/1/x", hook.url)
  end)

  it("comes from a bot whose id and name Slack tells", function()
    assert.equal("https://slack.com/api/auth.test", SLACK.health(ACCOUNT).url)
    assert.same({ id = "UBOT", handle = "human", name = "Team" },
      SLACK.healthy { status = 200, headers = {}, json = { ok = true, user_id = "UBOT", user = "human", team = "Team" } })
    assert.matches("xoxb", select(2, SLACK.healthy { status = 200, headers = {}, json = { ok = false, error = "invalid_auth" } }))
  end)
end)

describe("a file on Slack", function()
  local function ask(url) return SLACK.file({ id = "F1", url = url }, {}, ACCOUNT) end

  it("is fetched with the bot's token from Slack's own hosts, and from no others", function()
    assert.same({ method = "GET", url = "https://files.slack.com/files-pri/T1-F1/a.png",
                  headers = { Authorization = "Bearer " .. ask("https://files.slack.com/x").headers.Authorization:match "^Bearer (.*)$" } },
      ask "https://files.slack.com/files-pri/T1-F1/a.png")
    for _, url in ipairs { "https://evil.example/files.slack.com/", "https://evilslack.com/x", "http://files.slack.com/x", "https://files.slack.com@evil.example/x",
                           "https://files.slack.com/${secret:x}", "" } do
      assert.is_nil(ask(url))
    end
  end)

  it("is no page to sign in", function()
    assert.same({ bytes = "x" }, SLACK.filed({ status = 200, headers = { ["content-type"] = "image/png" }, body = "x" }, {}))
    assert.matches("files:read", SLACK.filed({ status = 200, headers = { ["content-type"] = "text/html; charset=utf-8" }, body = "<html>" }, {}).failed)
    assert.matches("files:read", SLACK.filed({ status = 302, headers = {}, body = "" }, {}).failed)
  end)
end)
