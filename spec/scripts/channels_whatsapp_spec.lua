-- spec/scripts/channels_whatsapp_spec.lua -- WhatsApp: signatures, messages and statuses, what is sent, what errors mean.

local files = require "channel_file"
local json = require "human.json"

local answer, request = files.answer, files.request

describe("WhatsApp", function()
  local whatsapp, account

  before_each(function()
    whatsapp, account = files.load("whatsapp",
      { app_secret = "app-secret", access_token = "t", verify_token = "my-own" }, { phone_number_id = "106" })
  end)

  local function parse(value, field)
    value.messaging_product, value.metadata = "whatsapp",
      value.metadata or { display_phone_number = "+1 555-078-3881", phone_number_id = "106" }
    local change = { field = field or "messages", value = value }
    return whatsapp.parse({ object = "whatsapp_business_account", entry = { { id = "WABA", changes = { change } } } }, account)
  end

  local function message(more)
    local m = { from = "16505551234", id = "wamid.A", timestamp = "1700000000", type = "text", text = { body = "hello" } }
    for key, value in pairs(more or {}) do m[key] = value end
    return m
  end

  local CONTACTS = { { wa_id = "16505551234", profile = { name = "Sheena" } } }

  it("is known by the HMAC of the raw bytes, as printed", function()
    local body = '{"message":"hello"}'
    local good = "sha256=2951ddb90ace0f9c59225e07d5c8b837f75c8827aeddd8d2214a99c23c43e429"
    local function verify(signature, of)
      return whatsapp.verify(request(of or body, { ["x-hub-signature-256"] = signature }), account)
    end
    assert.is_true(verify(good))
    assert.same({ nil, "no_signature" }, { verify(nil) })
    for _, bad in ipairs { "", good:sub(8), good:sub(1, -2), good .. "0", good .. " ", "sha1=" .. good:sub(8) } do
      assert.same({ nil, "bad_signature" }, { verify(bad) })
    end
    assert.same({ nil, "bad_signature" }, { verify(good, body .. "\n") })
    account.has.app_secret = nil
    assert.same({ nil, "not_configured" }, { verify(good) })
  end)

  it("gets its challenge back as plain text where it knows our token, and only there", function()
    local function ask(token, mode, challenge)
      local q = { ["hub.mode"] = mode or "subscribe", ["hub.verify_token"] = token, ["hub.challenge"] = challenge or "1158201444" }
      return request(nil, {}, q)
    end
    assert.is_true(whatsapp.verify(ask "my-own", account))
    assert.same({ status = 200, type = "text/plain", body = "1158201444" }, whatsapp.answer(ask "my-own"))
    assert.equal("", whatsapp.answer(ask("my-own", nil, ("1"):rep(2000))).body)
    assert.same({ nil, "bad_signature" }, { whatsapp.verify(ask "other", account) })
    assert.same({ nil, "no_signature" }, { whatsapp.verify(ask(nil), account) })
    assert.same({ nil, "no_signature" }, { whatsapp.verify(ask("my-own", "unsubscribe"), account) })
    assert.same({ nil, "no_signature" }, { whatsapp.verify(request(nil), account) })
    account.has.verify_token = nil
    assert.same({ nil, "not_configured" }, { whatsapp.verify(ask "my-own", account) })
    assert.is_nil(whatsapp.answer(request "{}"))
  end)

  it("tells who says what, and to what it replies", function()
    local m = parse({ contacts = CONTACTS, messages = { message { context = { from = "15550783881", id = "wamid.Q" } } } })[1]
    assert.same({ id = "wamid.A", message_id = "wamid.A", kind = "message", text = "hello", chat = "16505551234", group = false,
                  from = { id = "16505551234", name = "Sheena" }, reply_to = "wamid.Q", at_s = 1700000000, to_me = true }, m)
  end)

  it("reads the kinds of messages that people send", function()
    local function one(m) return parse({ messages = { message(m) } })[1] end
    local photo = one { type = "image", image = { id = "M1", mime_type = "image/jpeg", sha256 = "x", caption = "look" } }
    assert.same({ "look", { { kind = "photo", id = "M1", mime = "image/jpeg" } } }, { photo.text, photo.attachments })
    assert.equal("voice", one({ type = "audio", audio = { id = "M", voice = true } }).attachments[1].kind)
    assert.equal("a.pdf", one({ type = "document", document = { id = "M", filename = "a.pdf" } }).attachments[1].name)
    assert.equal("Location: Office; 1 Hacker Way; 37.48000, -122.14800",
      one({ type = "location", location = { name = "Office", address = "1 Hacker Way", latitude = 37.48, longitude = -122.148 } }).text)
    assert.equal("Contact: Ann +1 650", one({ type = "contacts", contacts = { { name = { formatted_name = "Ann" },
      phones = { { phone = "+1 650" } } } } }).text)
    local reply = one { type = "interactive", interactive = { type = "button_reply", button_reply = { id = "approve:1:deny", title = "Deny" } } }
    assert.same({ "button", "approve:1:deny" }, { reply.kind, reply.data })
    assert.equal("row", one({ type = "interactive", interactive = { type = "list_reply", list_reply = { id = "row", title = "R" } } }).data)
    assert.equal("yes", one({ type = "button", button = { payload = "yes", text = "Yes" } }).data)
    assert.same({ { kind = "unsupported" } }, one({ type = "unsupported", errors = { { code = 131051 } } }).attachments)
    assert.is_nil(one { type = "reaction", reaction = { message_id = "wamid.B", emoji = "👍" } })
    assert.is_nil(one { from = "15550783881" })                -- ours
  end)

  it("in a group means us where it quotes us or calls our number", function()
    local function one(m)
      m.group_id = "G1"
      return parse({ contacts = CONTACTS, messages = { message(m) } })[1]
    end
    assert.same({ "G1", true, "16505551234", false }, { one({}).chat, one({}).group, one({}).from.id, one({}).to_me })
    assert.is_true(one({ context = { from = "15550783881", id = "wamid.Q" } }).to_me)
    assert.is_true(one({ text = { body = "hi @15550783881" } }).to_me)
    assert.is_false(one({ context = { from = "16505559999", id = "wamid.Q" } }).to_me)
  end)

  it("leaves messages for other numbers of the account, and other fields, to others", function()
    assert.same({}, parse { messages = { message() }, metadata = { display_phone_number = "1", phone_number_id = "107" } })
    assert.same({}, parse({ messages = { message() } }, "message_template_status_update"))
  end)

  it("says which of our messages did not arrive, and why", function()
    local failed = parse { statuses = {
      { id = "wamid.S", status = "delivered", recipient_id = "16505551234", timestamp = "1700000000" },
      { id = "wamid.F", status = "failed", recipient_id = "16505551234", timestamp = "1700000001",
        errors = { { code = 131047, title = "Re-engagement message" } } } } }
    assert.equal(1, #failed)
    assert.same({ "failed", "failed:wamid.F", "wamid.F" }, { failed[1].kind, failed[1].id, failed[1].message_id })
    assert.matches("within 24 hours.*131047: Re%-engagement message", failed[1].text)
  end)

  it("raises for no body, whatever is in it", function()
    local text = json.encode { entry = { { changes = { { field = "messages", value = { contacts = CONTACTS,
      metadata = { display_phone_number = "1555", phone_number_id = "106" },
      messages = { message { group_id = "G", context = { id = "w", from = "1" } },
        message { type = "image", image = { id = "M", caption = "c", filename = "f" } },
        message { type = "interactive", interactive = { type = "button_reply", button_reply = { id = "a", title = "t" } } },
        message { type = "location", location = { latitude = 1, longitude = 2, name = "n" } },
        message { type = "contacts", contacts = { { name = { formatted_name = "n" }, phones = { { phone = "1" } } } } },
        message { type = "button", button = { payload = "p", text = "t" } } },
      statuses = { { id = "w", status = "failed", errors = { { code = 1, title = "t", error_data = { details = "d" } } } } } } } } } } }
    files.each_spoiled(text, function(body) assert.is_table(whatsapp.parse(body, account)) end)
    files.each_spoiled('{"a":1}', function(q) assert.is_nil((whatsapp.verify(request(nil, {}, type(q) == "table" and q or {}), account))) end)
  end)

  it("says a text, in a chat or a group, to a message or not, with marks of its own", function()
    local r = whatsapp.say({ chat = "16505551234", text = "**Bold** _it_ ~~no~~ `x` [docs](https://x.example)", reply_to = "wamid.A" }, account)
    assert.equal("POST", r.method)
    assert.equal("https://graph.facebook.com/v24.0/106/messages", r.url)
    assert.same({ Authorization = "Bearer ${secret:access_token}" }, r.headers)
    assert.same({ messaging_product = "whatsapp", recipient_type = "individual", to = "16505551234", type = "text",
                  text = { body = "*Bold* _it_ ~no~ `x` docs (https://x.example)", preview_url = false },
                  context = { message_id = "wamid.A" } }, r.json)
    local group = whatsapp.say({ chat = "G1", group = true, text = "*x*", plain = true }, account).json
    assert.same({ "group", "*x*" }, { group.recipient_type, group.text.body })
    account.api_base, account.api_version = "http://127.0.0.1:1", "v25.0"
    assert.equal("http://127.0.0.1:1/v25.0/106/messages", whatsapp.say({ chat = "1", text = "x" }, account).url)
  end)

  it("has three buttons below a short text, and lines to type otherwise", function()
    local buttons = { { label = "Allow once, this very time", data = "approve:7:allow-once" }, { label = "Deny", data = "approve:7:deny" } }
    local r = whatsapp.say({ chat = "1", text = "May I?", buttons = buttons }, account).json
    assert.equal("interactive", r.type)
    assert.same({ type = "reply", reply = { id = "approve:7:allow-once", title = "Allow once, this ver" } }, r.interactive.action.buttons[1])
    local long = whatsapp.say({ chat = "1", text = ("é"):rep(4096), buttons = buttons }, account).json
    assert.equal("text", long.type)
    assert.matches("é\nAllow once, this very time: /approve 7 allow%-once\nDeny: /approve 7 deny$", long.text.body)
    assert.equal(4096, select(2, long.text.body:gsub("[^\128-\191]", "")))
  end)

  it("marks as read and shows that it types", function()
    local r = whatsapp.typing({ chat = "1", message_id = "wamid.A" }, account)
    assert.same({ messaging_product = "whatsapp", status = "read", message_id = "wamid.A", typing_indicator = { type = "text" } }, r.json)
    assert.is_nil(whatsapp.typing({ chat = "1" }, account))
  end)

  it("sorts what Meta says: sent, later, otherwise, and never", function()
    local m = { chat = "1", text = "x" }
    local function refused(status, code, more)
      return whatsapp.said(answer(status, { error = { code = code, message = "(#" .. tostring(code) .. ") no", error_data = { details = "why" } } }), more or m)
    end
    assert.same({ ok = true, id = "wamid.N" }, whatsapp.said(answer(200, { messages = { { id = "wamid.N" } } }), m))
    assert.same({ wait_ms = 6000, global = false }, refused(400, 131056))
    assert.same({ wait_ms = 2000, global = true }, refused(429, 130429))
    assert.is_string(refused(500, 131000).retry)
    assert.is_string(whatsapp.said(answer(502), m).retry)
    assert.matches("within 24 hours", refused(400, 131047).failed)
    assert.matches("access_token", refused(401, 190).failed)
    assert.matches("131026: why", refused(400, 131026).failed)
    assert.same({ again = { reply_to = false } }, refused(400, 131009, { chat = "1", text = "x", reply_to = "wamid.A" }))
    assert.same({ again = { plain = true } }, refused(400, 100))
    assert.is_string(refused(400, 100, { chat = "1", text = "x", plain = true }).failed)
    assert.is_string(whatsapp.said(answer(200, {}), m).failed)
    files.each_spoiled('{"messages":[{"id":"w"}],"error":{"code":1,"message":"m","error_data":{"details":"d"}}}', function(body)
      for _, status in ipairs { 200, 400, 500 } do
        assert.is_table(whatsapp.said({ status = status, headers = {}, body = "", json = body }, m))
      end
    end)
  end)

  it("says who it is there, or what is wrong with its token", function()
    assert.same({ id = "15550783881", name = "Test", handle = "+1 555-078-3881" },
      whatsapp.healthy(answer(200, { display_phone_number = "+1 555-078-3881", verified_name = "Test" })))
    assert.matches("access_token", select(2, whatsapp.healthy(answer(401, { error = { code = 190, message = "expired" } }))))
  end)
end)
