-- spec/scripts/channels_lark_spec.lua -- Lark and Feishu: encryption, signatures, tokens, events of both versions, and
-- what is sent.

local crypto = require "human.crypto"
local files = require "channel_file"
local json = require "human.json"

local answer, request = files.answer, files.request
local KEY, TOKEN = "test key", "vtok"
local CHALLENGE = "AAECAwQFBgcICQoLDA0OD6alpwIsMFbSsWTHppjb1mF2C3ClUQwfKAJ95CToiSHU+lYX9h4ZVL5iU6b+OCQcANxlKvSDNfMsxt8okKS6KEI="

local function encrypted(value)
  local iv = ("\7"):rep(16)
  local text = type(value) == "string" and value or json.encode(value)
  return json.encode { encrypt = crypto.base64(iv .. crypto.aes_cbc_encrypt(crypto.sha256(KEY), iv, text)) }
end

local function signed(body, key)
  local signature = crypto.sha256_hex("1700000000" .. "nonce1" .. (key or KEY) .. body)
  return request(body, { ["x-lark-signature"] = signature, ["x-lark-request-timestamp"] = "1700000000",
                         ["x-lark-request-nonce"] = "nonce1" })
end

local function event(message, more)
  local m = { message_id = "om_1", create_time = "1700000000123", chat_id = "oc_1", chat_type = "p2p", message_type = "text",
              content = '{"text":"hello"}' }
  for key, value in pairs(message or {}) do m[key] = value end
  local e = { schema = "2.0",
    header = { event_id = "e1", event_type = "im.message.receive_v1", create_time = "1700000000456", token = TOKEN, app_id = "cli_1" },
    event = { sender = { sender_id = { open_id = "ou_1", union_id = "on_1", user_id = "u1" }, sender_type = "user" }, message = m } }
  for key, value in pairs(more or {}) do e[key] = value end
  return e
end

describe("Lark", function()
  local lark, account

  local function load(secrets)
    lark, account = files.load("lark", secrets, { app_id = "cli_1" })
    account.me = { id = "ou_bot", name = "Bot" }
  end

  before_each(function() load { encrypt_key = KEY, verification_token = TOKEN, app_secret = "s" } end)

  local function verify(r) return lark.verify(r, account) end
  local function parse(e) return lark.parse(e, account) end

  describe("is known", function()
    it("by the signature over the raw bytes, as printed", function()
      load { encrypt_key = KEY }
      local headers = { ["x-lark-request-timestamp"] = "1700000000", ["x-lark-request-nonce"] = "nonce1" }
      local function by(signature, body)
        headers["x-lark-signature"] = signature
        return verify(request(body or '{"message":"hello"}', headers))
      end
      local good = "91cf4ec40ee7b4525575a946405f94edd10947bab0d68bbe2604eeb86752614c"
      assert.is_true(by(good))
      assert.same({ nil, "no_signature" }, { by(nil) })
      for _, bad in ipairs { "", good:sub(1, -2), good .. "0", ("0"):rep(64) } do assert.same({ nil, "bad_signature" }, { by(bad) }) end
      assert.same({ nil, "bad_signature" }, { by(good, '{"message": "hello"}') })
      headers["x-lark-request-nonce"] = "nonce2"
      assert.same({ nil, "bad_signature" }, { by(good) })
    end)

    it("by its token besides, where both are set, and by one of them at least", function()
      assert.is_true(verify(signed(encrypted(event()))))
      local other = event()
      other.header.token = "other"
      assert.same({ nil, "bad_signature" }, { verify(signed(encrypted(other))) })
      other.header.token = nil
      assert.same({ nil, "bad_signature" }, { verify(signed(encrypted(other))) })
      assert.same({ nil, "bad_signature" }, { verify(signed(encrypted(event()), "other key")) })
      assert.same({ nil, "no_signature" }, { verify(request(encrypted(event()))) })
      assert.same({ nil, "no_signature" }, { verify(request(json.encode(event()))) })
      load {}
      assert.same({ nil, "not_configured" }, { verify(signed(encrypted(event()))) })
      load { verification_token = TOKEN }
      assert.is_true(verify(request(json.encode(event()))))
      assert.same({ nil, "bad_signature" }, { verify(request(json.encode(other))) })
      assert.same({ nil, "not_configured" }, { verify(request(encrypted(event()))) }) -- the key is what is missing
      for _, odd in ipairs { "", "[]", "null", "{", '{"token":5}', '{"header":[]}' } do
        assert.same({ nil, "bad_signature" }, { verify(request(odd)) })
      end
    end)

    it("by SHA-1 with the token, where a button of an old card was pressed", function()
      local body = json.encode { open_id = "ou_1", open_message_id = "om_1", open_chat_id = "oc_1", token = "c-1",
                                 action = { tag = "button", value = { data = "approve:1:deny" } } }
      local function by(token)
        local headers = { ["x-lark-request-timestamp"] = "1", ["x-lark-request-nonce"] = "n" }
        headers["x-lark-signature"] = token and crypto.hex(crypto.sha1("1n" .. token .. body))
        return request(body, headers)
      end
      assert.is_true(verify(by(TOKEN)))
      assert.same({ nil, "bad_signature" }, { verify(by "other") })
      assert.same({ nil, "no_signature" }, { verify(by(nil)) })
      local press = parse(lark.read(by(TOKEN), account))[1]
      assert.same({ "card:om_1:c-1", "button", "approve:1:deny", "ou_1", "oc_1" },
        { press.id, press.kind, press.data, press.from.id, press.chat })
      load { verification_token = TOKEN }
      assert.same({ nil, "bad_signature" }, { verify(by(nil)) })
    end)
  end)

  it("gets its challenge back, encrypted or not, signed or not", function()
    local plain = json.encode { challenge = "abc", token = TOKEN, type = "url_verification" }
    for _, r in ipairs { request(json.encode { encrypt = CHALLENGE }), signed(json.encode { encrypt = CHALLENGE }), request(plain) } do
      assert.is_true(verify(r))
      assert.same({ status = 200, type = "application/json", body = { challenge = "abc" } }, lark.answer(r, lark.read(r, account), account))
    end
    assert.same({ nil, "bad_signature" }, { verify(request((plain:gsub(TOKEN, "other")))) })
    assert.is_nil(lark.answer(request "{}", event(), account))
  end)

  it("is decrypted as printed, and what cannot be is nothing, and no different from what is unsigned", function()
    assert.same({ challenge = "abc", token = TOKEN, type = "url_verification" },
      lark.read(request(json.encode { encrypt = CHALLENGE }), account))
    assert.is_nil(lark.read(request '{"encrypt":"P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="}', account)) -- "hello world"
    for cut = 1, #CHALLENGE - 1, 7 do
      local body = json.encode { encrypt = CHALLENGE:sub(1, cut) }
      assert.is_nil(lark.read(request(body), account))
      assert.same({ nil, "no_signature" }, { verify(request(body)) })
    end
    for _, odd in ipairs { "", "!", 5, json.null, {}, ("A"):rep(1e5), CHALLENGE .. CHALLENGE } do
      assert.same({ nil, "no_signature" }, { verify(request(json.encode { encrypt = odd })) })
    end
  end)

  it("tells who says what", function()
    assert.same({ { id = "e1", kind = "message", message_id = "om_1", text = "hello", chat = "oc_1", group = false, to_me = true,
                    from = { id = "ou_1", is_bot = false }, at_s = 1700000000 } }, parse(event()))
    local reply = parse(event { parent_id = "om_0", root_id = "om_r", thread_id = "omt_1" })[1]
    assert.same({ "om_0", "om_r" }, { reply.reply_to, reply.thread })
    assert.equal("om_1", parse(event { thread_id = "omt_1" })[1].thread)
    local app = event()
    app.event.sender.sender_type = "app"
    assert.is_true(parse(app)[1].from.is_bot)
  end)

  it("names who is mentioned, and takes our own name out", function()
    local mentions = { { key = "@_user_1", id = { open_id = "ou_bot" }, name = "Bot" },
                       { key = "@_user_10", id = { open_id = "ou_2", user_id = "u2" }, name = "Ann" } }
    local function said(text, list)
      return parse(event { chat_type = "group", content = json.encode { text = text }, mentions = list })[1]
    end
    local m = said("@_user_1 ask @_user_10, @_all and @_user_7", mentions)
    assert.same({ "ask @Ann, @all and @_user_7", true }, { m.text, m.to_me })
    assert.is_false(said("hello @_user_10", { mentions[2] }).to_me)
    assert.is_false(said("@_all hello").to_me)
    account.me = nil                                          -- not asked yet: then the pipeline does, and decides
    m = said("@_user_1 hi", mentions)
    assert.same({ "@Bot hi", false, { "ou_bot", "ou_2" } }, { m.text, m.to_me, m.mentions })
  end)

  it("reads posts, files and events of the first version", function()
    local post = { title = "Plan", content = { { { tag = "text", text = "see " }, { tag = "a", text = "this", href = "https://x.example" } },
                   { { tag = "at", user_id = "@_user_1" }, { tag = "img", image_key = "img_1" } } } }
    local m = parse(event { message_type = "post", content = json.encode(post),
      mentions = { { key = "@_user_1", id = { open_id = "ou_2", user_id = "u" }, name = "Ann" } } })[1]
    assert.equal("Plan\nsee this (https://x.example)\n@Ann", m.text)
    assert.same({ { kind = "photo", id = "img_1" } }, m.attachments)
    assert.same({ { kind = "document", id = "f", name = "a.pdf" } },
      parse(event { message_type = "file", content = '{"file_key":"f","file_name":"a.pdf"}' })[1].attachments)
    assert.same({ { kind = "share_chat" } }, parse(event { message_type = "share_chat", content = "{}" })[1].attachments)
    local v1 = parse { uuid = "u1", token = TOKEN, ts = "1700000000.5", type = "event_callback", event = { type = "message",
      open_chat_id = "oc_1", chat_type = "group", msg_type = "text", open_id = "ou_1", open_message_id = "om_1", is_mention = true,
      text = "<at>Bot</at> hello", text_without_at_bot = " hello" } }[1]
    assert.same({ "u1", "hello", true, true, "ou_1", "om_1" },
      { v1.id, v1.text:match "%S+", v1.group, v1.to_me, v1.from.id, v1.message_id })
  end)

  it("tells which button of a card was pressed", function()
    local body = { schema = "2.0", header = { event_id = "e2", event_type = "card.action.trigger", token = TOKEN },
      event = { operator = { open_id = "ou_1" }, action = { tag = "button", value = { data = "approve:1:deny" } },
                context = { open_message_id = "om_9", open_chat_id = "oc_1" } } }
    local m = parse(body)[1]
    assert.is_true(m.group)
    assert.equal("{}", lark.answer(nil, body, account).body)  -- anything else would change the card
    body.event.action.value.direct = true
    assert.is_false(parse(body)[1].group)
    assert.same({ "e2", "button", "approve:1:deny", "oc_1", "ou_1" }, { m.id, m.kind, m.data, m.chat, m.from.id })
  end)

  it("raises for no body, whatever is in it", function()
    local bodies = {
      event { chat_type = "group", mentions = { { key = "@_user_1", id = { open_id = "o" }, name = "n" } }, content = '{"text":"@_user_1 x"}' },
      event { message_type = "post", content = '{"title":"t","content":[[{"tag":"text","text":"x"},{"tag":"img","image_key":"i"}]]}' },
      { uuid = "u", type = "event_callback", ts = "1.2", event = { type = "message", open_chat_id = "o", open_id = "o", text = "x" } },
      { header = { event_id = "e", event_type = "card.action.trigger" }, event = { operator = { open_id = "o" },
        action = { value = { data = "d" } }, context = { open_chat_id = "c", open_message_id = "m" } } },
      { open_id = "o", open_message_id = "m", open_chat_id = "c", action = { value = { data = "d" } } },
    }
    for _, body in ipairs(bodies) do
      files.each_spoiled(json.encode(body), function(spoiled)
        if type(spoiled) == "table" then
          assert.is_table(parse(spoiled))
          assert.has_no.errors(function() lark.answer(nil, spoiled, account) end)
        end
      end)
    end
    for _, content in ipairs { "[]", "5", "{", '{"text":5}', '{"content":[5,[5,{"tag":5}]]}', ("["):rep(1000) } do
      for _, kind in ipairs { "text", "post", "image", "location" } do
        assert.is_table(parse(event { message_type = kind, content = content }))
      end
    end
  end)

  it("asks for its token with the secret filled in by the host, and renews it half an hour early", function()
    local r = lark.login(account)
    assert.equal("https://open.feishu.cn/open-apis/auth/v3/tenant_access_token/internal", r.url)
    assert.same({ { app_id = "cli_1", app_secret = "${secret:app_secret}" }, true }, { r.json, r.body_secrets })
    assert.same({ "t-1", 5400 }, { lark.logged_in(answer(200, { code = 0, tenant_access_token = "t-1", expire = 7200 })) })
    assert.same({ "t-1", 60 }, { lark.logged_in(answer(200, { code = 0, tenant_access_token = "t-1", expire = 100 })) })
    local token, why = lark.logged_in(answer(200, { code = 10014, msg = "app secret invalid" }))
    assert.is_nil(token)
    assert.matches("app_id and app_secret.*10014: app secret invalid", why)
    assert.is_nil((lark.logged_in(answer(200, { code = 0, tenant_access_token = "${secret:x}", expire = 7200 }))))
    assert.is_nil((lark.logged_in(answer(502))))
  end)

  it("sends to a chat or a person, once, on the domain that is set", function()
    local r = lark.say({ chat = "oc_1", text = "hello", once = "post1" }, account, "t-1")
    assert.equal("https://open.feishu.cn/open-apis/im/v1/messages?receive_id_type=chat_id", r.url)
    assert.same({ Authorization = "Bearer t-1" }, r.headers)
    assert.same({ "oc_1", "text", '{"text":"hello"}' }, { r.json.receive_id, r.json.msg_type, r.json.content })
    assert.equal(40, #r.json.uuid)
    assert.equal(r.json.uuid, lark.say({ chat = "oc_1", text = "hello", once = "post1" }, account).json.uuid)
    for chat, kind in pairs { ou_1 = "open_id", on_1 = "union_id", ["a@b.example"] = "email", x1 = "user_id" } do
      assert.matches("receive_id_type=" .. kind .. "$", lark.say({ chat = chat, text = "x" }, account, "t").url)
    end
    account.domain = "lark"
    assert.matches("^https://open%.larksuite%.com/open%-apis/im/", lark.say({ chat = "oc_1", text = "x" }, account, "t").url)
    account.api_base = "http://127.0.0.1:1"
    assert.matches("^http://127%.0%.0%.1:1/open%-apis/im/", lark.say({ chat = "oc_1", text = "x" }, account, "t").url)
  end)

  it("replies to a message, in its thread where there is one, and to nothing outside of the API", function()
    local r = lark.say({ chat = "oc_1", text = "x", reply_to = "om_1" }, account, "t")
    assert.equal("https://open.feishu.cn/open-apis/im/v1/messages/om_1/reply", r.url)
    assert.is_false(r.json.reply_in_thread)
    local threaded = lark.say({ chat = "oc_1", text = "x", thread = "om_r" }, account, "t")
    assert.matches("/om_r/reply$", threaded.url)
    assert.is_true(threaded.json.reply_in_thread)
    assert.matches("/messages/%.%.%%2F%%24%%7Bsecret%%3Ax%%7D/reply$", lark.say({ chat = "o", text = "x", reply_to = "../${secret:x}" }, account).url)
  end)

  it("marks texts, and lets nothing in them call anybody", function()
    local function shown(text, plain)
      return json.decode(lark.say({ chat = "oc_1", text = text, plain = plain }, account, "t").json.content).text
    end
    assert.equal("<b>Bold</b> <i>it</i> docs (https://x.example)", shown "**Bold** *it* [docs](https://x.example)")
    assert.equal("1 < 2", shown "1 < 2")
    for _, text in ipairs { '<at user_id="all">x</at>', '**<at user_id="all"></at>**', '`<at user_id="all">`', "<**at user_id=\"all\">x",
                            '<AT user_id="all">', '```\n<at user_id="all">\n```' } do
      for _, plain in ipairs { true, false } do assert.is_nil(shown(text, plain):lower():find("<at", 1, true)) end
    end
  end)

  it("has buttons on a card, whose text is no markup", function()
    local r = lark.say({ chat = "oc_1", text = "**May** I? <at id=all>", buttons = { { label = "Deny", data = "approve:1:deny" } } }, account, "t")
    local card = json.decode(r.json.content)
    assert.equal("interactive", r.json.msg_type)
    assert.same({ tag = "plain_text", content = "May I? <at id=all>" }, card.elements[1].text)
    assert.same({ data = "approve:1:deny", direct = true }, card.elements[2].actions[1].value)
  end)

  it("speaks by a group's custom bot where there is no app", function()
    load { webhook_url = "https://open.feishu.cn/open-apis/bot/v2/hook/x" }
    account.app_id = ""
    assert.is_nil(lark.check(account))
    assert.is_nil(lark.login(account))
    local r = lark.say({ chat = "group", text = "hello" }, account)
    assert.same({ "${secret:webhook_url}", { msg_type = "text", content = { text = "hello" } } }, { r.url, r.json })
    assert.is_true(lark.said(answer(200, { StatusCode = 0, StatusMessage = "success" }), { text = "x" }).ok)
  end)

  it("names the setting that is missing", function()
    load { app_secret = "s" }
    assert.equal("channels.lark.encrypt_key (or verification_token)", lark.check(account))
    load { encrypt_key = "k" }
    assert.equal("channels.lark.app_secret", lark.check(account))
    load { encrypt_key = "k", app_secret = "s" }
    assert.is_nil(lark.check(account))
    account.domain = "elsewhere"
    assert.matches("^channels%.lark%.domain", lark.check(account))
  end)

  it("sorts what Lark says: sent, later, with another token, otherwise, and never", function()
    local m = { chat = "oc_1", text = "x" }
    local function refused(code, status, more, headers)
      return lark.said(answer(status or 400, { code = code, msg = "no" }, headers), more or m)
    end
    assert.same({ ok = true, id = "om_2" }, lark.said(answer(200, { code = 0, msg = "success", data = { message_id = "om_2" } }), m))
    assert.same({ renew = true }, refused(99991663))
    assert.same({ renew = true }, refused(99991661, 200))
    assert.same({ wait_ms = 1000, global = true }, refused(99991400))
    assert.same({ wait_ms = 9000, global = true }, refused(99991400, 429, m, { ["x-ogw-ratelimit-reset"] = "9" }))
    assert.same({ wait_ms = 1000, global = false }, refused(230020))
    assert.is_string(lark.said(answer(503), m).retry)
    assert.same({ again = { reply_to = false } }, refused(230011, 400, { reply_to = "om_1", thread = "om_r" }))
    assert.same({ again = { thread = false } }, refused(230019, 400, { reply_to = false, thread = "om_r" }))
    assert.matches("not in this chat %(230002: no%)", refused(230002).failed)
    assert.matches("%(99: no%)", refused(99, 200).failed)
    files.each_spoiled('{"code":1,"msg":"m","data":{"message_id":"x"}}', function(body)
      for _, status in ipairs { 200, 400, 429, 500 } do
        assert.is_table(lark.said({ status = status, headers = {}, body = "", json = body }, m))
      end
    end)
  end)

  it("says who it is there, or what is wrong", function()
    assert.same({ id = "ou_bot", name = "Bot" }, lark.healthy(answer(200, { code = 0, bot = { open_id = "ou_bot", app_name = "Bot" } })))
    assert.matches("99991672: no", select(2, lark.healthy(answer(400, { code = 99991672, msg = "no" }))))
    assert.equal("https://open.feishu.cn/open-apis/bot/v3/info", lark.health(account, "t").url)
  end)
end)
