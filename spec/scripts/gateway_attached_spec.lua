-- spec/scripts/gateway_attached_spec.lua -- what comes with a message: what can be opened, and what is refused in words.

local attached = require "gateway.attached"
local crypto = require "human.crypto"
local json = require "human.json"
local limits = require "gateway.rules.limits"

local PNG = "\137PNG\r\n\26\n" .. ("\0"):rep(40)

describe("an attachment", function()
  it("is what its bytes say: an image or a text", function()
    assert.same({ type = "image", mediaType = "image/png", data = crypto.base64(PNG), name = "a.txt" }, attached.of(PNG, "a.txt"))
    assert.same({ type = "file", text = "héllo\n", name = "a.png" }, attached.of("héllo\n", "a.png"))
  end)

  it("is refused in words if nothing can open it", function()
    local function why(bytes) return select(2, attached.of(bytes, "x")) end
    assert.matches("images %(PNG, JPEG, GIF, WebP%) and texts can be opened", why "%PDF-1.7\255")
    assert.matches("can be opened", why "a\0b")
    assert.equal("it is empty", why "")
    assert.equal("an image may have 3.0 MB", why(PNG .. ("x"):rep(limits.attached_image_bytes))) -- limit: gateway attached image
    assert.equal("a text may have 64 KB", why(("x"):rep(limits.attached_text_bytes + 1))) -- limit: gateway attached text
  end)

  it("is accepted from both kinds of clients, all or nothing", function()
    local list = attached.sent {
      { name = "a.png", type = "image/png", data = "data:image/png;base64," .. crypto.base64(PNG) },
      json.encode { fileName = "b.txt", mimeType = "text/plain", content = crypto.base64 "hello" },
    }
    assert.same({ "image", "file" }, { list[1].type, list[2].type })
    local function refused(...) return select(2, attached.sent { ... }) end
    assert.matches("^I can't open b%.pdf: images", refused(json.encode { fileName = "b.pdf", content = crypto.base64 "%PDF\255" }))
    assert.matches("^I can't open attachment 1: data must be", refused { data = "http://x.example/" })
    for _, odd in ipairs { 5, "x", "{", "null", {}, { data = 5 }, { data = "data:;base64" }, { name = {}, data = "!" } } do
      assert.is_string(refused(odd))
    end
    local many = {}
    for i = 1, limits.attached + 1 do many[i] = { content = crypto.base64 "x" } end
    assert.equal("A message may have 10 attachments", refused(unpack(many))) -- limit: gateway attachments
    assert.same({}, attached.sent(nil))
  end)

  it("leaves room for others of its message: 6 MB of images, 64 KB of texts", function()
    local list, half = {}, ("x"):rep(limits.attached_text_bytes / 2)
    assert.is_true(attached.add(list, attached.of(half)))
    assert.is_true(attached.add(list, attached.of(half)))
    assert.same({ nil, "the texts of a message may have 64 KB" }, { attached.add(list, attached.of "x") })
    local image = attached.of(PNG .. ("x"):rep(limits.attached_image_bytes - #PNG))
    assert.is_true(attached.add(list, image))
    assert.is_true(attached.add(list, image))
    assert.same({ nil, "the images of a message may have 6.0 MB" }, { attached.add(list, attached.of(PNG)) })
    assert.equal(4, #list)
    assert.matches("^I can't open b: the texts", select(2, attached.sent { { name = "a", content = crypto.base64(half .. half) },
      { name = "b", content = crypto.base64 "x" } }))
  end)

  it("that is a text follows the message that the model reads", function()
    assert.equal("\n\n[file a.txt]\nhello\n[end of the file]", attached.words { { text = "hello", name = "a.txt" }, { type = "image" } })
  end)
end)

describe("what people send to a channel besides text", function()
  local voice, photo = { kind = "voice", id = "1" }, { kind = "photo", id = "2", name = "a.png" }

  it("is refused in words if there is nothing else to read, and otherwise named to the agent", function()
    local got = { files = {}, notes = { { a = voice, why = "nobody here can listen" } } }
    assert.equal("I can't open voice messages: nobody here can listen. Please tell me in words.", attached.refusal({ text = "" }, got))
    assert.is_nil(attached.refusal({ text = "hello" }, got))
    assert.same({ "[voice: you cannot open it (nobody here can listen); say so]" }, attached.noted({ text = "hello" }, got))
    assert.same({ "[1 attached]" }, attached.noted({ text = "" }, { files = { photo }, notes = {} }))
    assert.same({}, attached.noted({ text = "look" }, { files = { photo }, notes = {} }))
  end)
end)
