-- spec/scripts/providers_offline_manners_spec.lua -- when the offline provider says nothing, and what it shows instead.

local chat = require "offline_chat"
local coach, say = chat.coach, chat.say

describe("The offline coach", function()
  it("only nods to who declines, in any language", function()
    for _, text in ipairs { "no thanks", "No, thank you!", "nein danke", "non merci", "no, gracias", "не надо, спасибо", "いいえ、結構です", "不用了，谢谢" } do
      local wishes = say(coach, { text })
      assert.same({ "add-reaction", 1 }, { wishes[1].type, #wishes }, text)
    end
  end)

  it("is silent when told to be, with one sign that it heard", function()
    for _, text in ipairs { "Alex, stop", "alex stop it please", "Coach Alex shut up", "be quiet", "sei still", "tais-toi !", "¡cállate!", "zitto", "хватит", "黙って", "闭嘴", "조용히 해" } do
      local wishes = say(coach, { "Hi", { text = "Hello!", mine = true }, { text = text, id = "m-stop" } })
      assert.same({ { type = "add-reaction", messageId = "m-stop", emoji = "👍" } }, wishes, text)
      assert.same({}, (say(coach, { "Hi", { text = "Hello!", mine = true }, { text = text, id = "m-stop" },
        { kind = "reaction", mine = true, emoji = "👍", id = "m-stop" }, { text = text, id = "m-again" } })), text)
    end
    assert.truthy(select(2, say(coach, { "How do I stop snoring at night?" })))
  end)

  it("says once that it sees no pictures, in the language of the chat, and then that it noticed them", function()
    local picture = { text = "", id = "m-pic", attachments = { { type = "image" } } }
    local _, text = say(coach, { picture })
    assert.truthy(text:find("can't see pictures", 1, true), text)
    _, text = say(coach, { "Wie kann ich heute mein Rad reparieren?", { text = "Hm.", mine = true }, picture })
    assert.truthy(text:find("Bilder und Dateien kann ich hier nicht sehen", 1, true), text)
    _, text = say(coach, { { text = "what is wrong with my squat here?", attachments = picture.attachments } })
    assert.truthy(text:find("can't see pictures", 1, true), text)
    local said = { picture, { text = select(2, say(coach, { picture })), mine = true, id = "a" } }
    said[3] = { text = "", id = "m-two", attachments = picture.attachments }
    assert.same({ { type = "add-reaction", messageId = "m-two", emoji = "👀" } }, (say(coach, said)))
    said[3] = { text = "How many sets should I do for legs?", attachments = picture.attachments }
    assert.truthy(select(2, say(coach, said)):find "%?")
  end)

  it("notices each line that it cannot read, not the first again", function()
    local lines = { { text = "Wie geht es dir heute so?", id = "m1" }, { text = select(2, say(coach, { "Wie geht es dir heute so?" })), mine = true, id = "a1" } }
    for i, text in ipairs { "Kannst du mir bitte helfen?", "ich habe heute nicht gut geschlafen", "und morgen ist ein neuer Tag" } do
      lines[#lines + 1] = { text = text, id = "f" .. i }
      assert.same({ { type = "add-reaction", messageId = "f" .. i, emoji = "👀" } }, (say(coach, lines)))
      lines[#lines + 1] = { kind = "reaction", mine = true, emoji = "👀", id = "f" .. i }
    end
  end)
end)

describe("An unwelcome reaction of the offline provider's", function()
  local said = { text = "ok", id = "m-ok" }
  local reaction = { kind = "reaction", mine = true, emoji = "👍", id = "m-ok" }

  it("is taken back", function()
    local wishes = say(coach, { said, reaction, "please remove your reaction" })
    assert.same({ { type = "remove-reaction", messageId = "m-ok", emoji = "👍" } }, wishes)
  end)

  it("is not taken back twice", function()
    local gone = { kind = "reaction", mine = true, emoji = "👍", id = "m-ok", removed = true }
    local wishes = say(coach, { said, reaction, gone, "I said stop reacting" })
    assert.not_equal("remove-reaction", wishes[1].type)
  end)

  it("of somebody else's is not its business", function()
    local theirs = { kind = "reaction", from = "Mike", emoji = "👎", id = "m-ok" }
    assert.not_equal("remove-reaction", say(coach, { said, theirs, "remove your reaction" })[1].type)
  end)
end)
