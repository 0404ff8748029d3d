-- spec/rocks/asyncapi_spec.lua -- the document that plain declarations of channels give.

local asyncapi = require "asyncapi"

local function marked(t) return setmetatable(t, { is_array = true }) end

local function document(channels)
  return asyncapi.document({ info = { title = "t", version = "1" }, channels = channels }, { array = marked })
end

local function message(name, more)
  local out = { name = name, title = name, payload = { type = "object" } }
  for k, v in pairs(more or {}) do out[k] = v end
  return out
end

local chat = {
  name = "chat", address = "/", receives = { message("ask", { event = "message" }) }, replies = { message "answer" },
  sends = { message "news" },
}

describe("asyncapi.document", function()
  it("has its version, and every message of a channel by its name", function()
    local doc = document { chat }
    assert.equal("3.1.0", doc.asyncapi)
    assert.equal("/", doc.channels.chat.address)
    local names = {}
    for name in pairs(doc.channels.chat.messages) do names[#names + 1] = name end
    table.sort(names)
    assert.same({ "answer", "ask", "news" }, names)
    assert.equal("message", doc.channels.chat.messages.ask.name)
  end)

  it("says what is received, what answers it, and what is sent unasked", function()
    local doc = document { chat }
    local ask = doc.operations["receive.chat.ask"]
    assert.equal("receive", ask.action)
    assert.same({ { ["$ref"] = "#/channels/chat/messages/ask" } }, ask.messages)
    assert.same({ { ["$ref"] = "#/channels/chat/messages/answer" } }, ask.reply.messages)
    assert.equal("send", doc.operations["send.chat"].action)
  end)

  it("promises no answer where none is declared, and has no operation for what is never sent", function()
    local doc = document { { name = "log", address = "/log", receives = { message "line" }, sends = {} } }
    assert.is_nil(doc.operations["receive.log.line"].reply)
    assert.is_nil(doc.operations["send.log"])
  end)

  it("marks lists, so that an encoder knows them", function()
    assert.is_true(getmetatable(document { chat }.operations["send.chat"].messages).is_array)
  end)

  for what, channels in pairs {
    ["a channel twice"] = { chat, chat },
    ["a message twice"] = { { name = "c", receives = { message "m" }, sends = { message "m" } } },
    ["a name that is no key"] = { { name = "a/b" } },
    ["a message whose name is no key"] = { { name = "a", sends = { message "b c" } } },
  } do
    it("refuses " .. what, function() assert.has_error(function() document(channels) end) end)
  end
end)
