-- spec/scripts/providers_offline_spec.lua -- what the offline provider says, and does not say.

local chat = require "offline_chat"
local coach, support, say = chat.coach, chat.support, chat.say

-- What the coach is told, and a pattern that its answer must match (lower case).
local told = {
  { "I struggle to stay motivated for cardio", "cardio.*%?" },
  { "I hate running, it is so boring", "running.*%?" },
  { "How do I get past a bench press plateau?", "volume.*%?", "frustration.*%?", "plateau.*%?", "adapted.*%?" },
  { "I'm stuck at the same weight for two months", "deload", "overload", "progress", "plateau" },
  { "I have no time to train because of work and kids", "minutes", "minimum", "circuits" },
  { "I sleep badly and feel exhausted", "sleep.*%?", "recovery.*%?", "rest.*%?", "worn out" },
  { "So sore after leg day", "sore" },
  { "What should I eat before training?", "meal.*%?", "food.*%?", "eating.*%?" },
  { "How much protein do I need?", "protein" },
  { "My knee hurts when I squat", "doctor" },
  { "sharp pain in my lower back since yesterday", "doctor" },
  { "how many sets should I do for legs?", "sets" },
  { "I want to get stronger", "strength", "stronger" },
  { "I skipped the gym for two weeks and feel guilty", "tough", "motivation", "honest" },
  { "I'm new to the gym, where do I start?", "start", "simple", "taking this on" },
  { "I finally ran 5k without stopping!", "huge", "proud", "look at you" },
  { "Hi!", "sarah" },
  { "Good morning", "sarah" },
  { "bye, see you tomorrow", "care", "see you", "bye" },
  { "who are you?", "coach alex.*fitness coach.*no language model", "coach alex.*fitness coach.*built%-in rules" },
  { "Are you a bot or a real person?", "not a language model", "no language model" },
  { "which model are you?", "language model" },
  { "what a day", "sarah.*%?" },
  { "Hey, my knee hurts", "doctor" },
  { "I want to kill myself", "988" },
}

-- What would be easy to mistake: text, and what its answer must not match.
local mistakes = {
  { "I hurt myself at the gym", "988" }, { "I will do it later", "bye" }, { "Thanks, but my knee still hurts", "welcome" },
  { "I finally gave up on my diet", "huge", "proud of that", "look at you" },
  { "hi, how do I get past a plateau?", "good to see you", "nice that you" },
  { "How do I paint my house?", "doctor", "pain" }, { "What is your phone number?", "pain" },
}

describe("The offline coach,", function()
  for _, case in ipairs(told) do
    it("told: " .. case[1], function()
      local _, text = say(coach, { case[1] })
      local matches = false
      for i = 2, #case do matches = matches or text:lower():find(case[i]) ~= nil end
      assert(matches, text)
      assert.is_nil(text:find("[{}]"), text)
      assert.is_true(#text > 15 and #text < 600)
    end)
  end

  for _, case in ipairs(mistakes) do
    it("does not mistake: " .. case[1], function()
      local _, text = say(coach, { case[1] })
      for i = 2, #case do assert.is_nil(text:lower():find(case[i]), text) end
    end)
  end

  it("has many answers, not one", function()
    local seen, n = {}, 0
    for _, case in ipairs(told) do
      local _, text = say(coach, { case[1] })
      if not seen[text] then n = n + 1 end
      seen[text] = true
    end
    assert.equal(#told, n)
  end)

  it("says the same to the same message, and words it otherwise for another", function()
    local seen, n = {}, 0
    for i = 1, 20 do
      local line = { text = "I struggle to stay motivated for cardio", id = "msg-" .. i }
      local _, text = say(coach, { line })
      assert.equal(text, select(2, say(coach, { line })))
      if not seen[text] then n = n + 1 end
      seen[text] = true
    end
    assert.is_true(n >= 12, n .. " wordings of 20")
  end)

  it("thanks for thanks with a reaction to that message, and a word", function()
    local wishes = say(coach, { { text = "thank you!", id = "m9" } })
    assert.same({ type = "add-reaction", messageId = "m9", emoji = "👍" }, wishes[1])
    assert.equal("send-message", wishes[2].type)
  end)

  it("only nods to a nod, to emoji alone, and is silent after a reaction or its own words", function()
    for _, text in ipairs { "ok", "haha", "👍", "😀😀" } do
      local wishes = say(coach, { text })
      assert.same({ "add-reaction", 1 }, { wishes[1].type, #wishes })
    end
    assert.same({}, (say(coach, { "Hi", { text = "Hello!", mine = true } })))
    assert.same({}, (say(coach, { { text = "Hello!", mine = true, id = "a" }, { kind = "reaction", emoji = "👍", id = "a" } })))
  end)

  it("does not repeat itself in one conversation", function()
    local said, seen = {}, {}
    for i = 1, 4 do
      said[#said + 1] = { text = "I struggle to stay motivated for cardio", id = "m" .. i }
      local _, text = say(coach, said)
      for sentence in text:gmatch "[^.!?]+" do
        if #sentence > 45 then
          assert.is_nil(seen[sentence], sentence)
          seen[sentence] = true
        end
      end
      said[#said + 1] = { text = text, mine = true, id = "a" .. i }
    end
  end)

  it("takes a short reply as the answer to its question", function()
    local _, first = say(coach, { "I sleep badly and feel exhausted" })
    local _, text = say(coach, { "I sleep badly and feel exhausted", { text = first, mine = true }, "about 5" })
    assert.truthy(text:find "^Got it" or text:find "^Okay" or text:find "^Thanks")
  end)

  it("remembers its own life where it fits", function()
    local found = false
    for i = 1, 10 do
      local _, text = say(coach, { { text = "I signed up for a marathon", id = "m" .. i } })
      found = found or text:find("I trained for marathon in 2019", 1, true) ~= nil
    end
    assert.is_true(found)
  end)

  it("replies to the message when others have spoken since in a group", function()
    local people = { { nickname = "Sarah" }, { nickname = "Tom" } }
    local wishes = say(coach, { { text = "Alex, any tips for cardio?", id = "m1" },
      { kind = "reaction", emoji = "👍", id = "m1", mine = true } }, people)
    assert.same({ "send-reply", "m1" }, { wishes[1].type, wishes[1].messageId })
  end)
end)

describe("The style of a personality", function()
  local function styled(style)
    local head = { name = "A", personality_name = "Ann", personality_description = "", style_instructions = style,
      template = coach.template }
    local all = {}
    for i = 1, 12 do
      local text = "I am not motivated for training this week, since everything at work takes longer than it should and in the "
        .. "evening all I want is the sofa, and I don't know what to do about it " .. i
      all[i] = select(2, say(head, { text }))
    end
    return table.concat(all, "\n")
  end

  it("decides about emoji", function()
    assert.truthy(styled("Casual. Uses emojis like 🔥"):find("🔥", 1, true))
    assert.is_nil(styled("Warm and casual. No emojis."):find "[\240-\244]")
    assert.is_nil(styled("Formal and precise."):find "[\240-\244]")
  end)

  it("decides about length", function()
    assert.is_true(#styled "Warm." > #styled "Warm. Short sentences." * 1.2)
  end)

  it("decides about contractions", function()
    assert.truthy(styled("Warm."):find "%a'%a")
    assert.is_nil(styled("Formal."):find "%a'%a")
  end)
end)

describe("The offline helper in another role", function()
  it("tells what its prompt knows", function()
    local _, text = say(support, { "How long are backups kept? I deleted a file" })
    assert.truthy(text:find("Backups run every night at 02:00 UTC and are kept for 14 days.", 1, true))
    _, text = say(support, { "My invoice is wrong and I want a refund for the purchase" })
    assert.truthy(text:find("within 30 days of purchase", 1, true))
  end)

  it("never tells what its prompt orders", function()
    for _, question in ipairs { "Do you promise delivery dates?", "promise delivery backups dates please" } do
      assert.is_nil(select(2, say(support, { question })):find("Never promise", 1, true))
    end
  end)

  it("reflects what was said, in its role's words, and never talks of training", function()
    local said = { "Can you tell me about pricing for the enterprise plan?", "The login page is broken",
      "We moved to a new office in Prague", "I finally fixed the import", "It doesn't work", "who are you?" }
    for _, line in ipairs(said) do
      local _, text = say(support, { line })
      assert.is_nil(text:lower():find "train" or text:find "💪" or text:find "[{}]", text)
    end
    assert.matches("enterprise plan", select(2, say(support, { said[1] })))
    assert.matches("customer support agent", select(2, say(support, { said[6] })))
    assert.is_true(select(2, say(support, { said[2] })) ~= select(2, say(support, { said[3] })))
  end)
end)

describe("That no language model is connected", function()
  local function notices(said)
    local n = 0
    for _, text in ipairs(said) do
      if text:find("language model", 1, true) then n = n + 1 end
    end
    return n
  end

  for name, head in pairs { coach = coach, support = support } do
    it("is said once in a chat by the " .. name, function()
      local lines, said = {}, {}
      for i, text in ipairs { "Hi", "How many sets should I do?", "what a day", "I want to get stronger", "who won?" } do
        lines[#lines + 1] = { text = text, id = "m" .. i }
        local _, answer = say(head, lines)
        said[i] = answer or ""
        if answer then lines[#lines + 1] = { text = answer, mine = true, id = "a" .. i } end
      end
      assert.same({ 1, 1 }, { notices(said), notices { said[1] } })
    end)
  end

  it("is not said again after hundreds of lines", function()
    local lines = { "Hi", { text = select(2, say(coach, { "Hi" })), mine = true } }
    for i = 1, 200 do
      lines[#lines + 1] = "line " .. i
      lines[#lines + 1] = { text = "so it is " .. i, mine = true }
    end
    lines[#lines + 1] = "How many sets should I do for legs?"
    assert.equal(0, notices { select(2, say(coach, lines)) })
  end)

  it("is told by what it says of itself as well", function()
    local _, first = say(coach, { "who are you?" })
    assert.equal(1, select(2, first:gsub("language model", "")))
    assert.equal(0, notices { select(2, say(coach, { "who are you?", { text = first, mine = true }, "I want to get stronger" })) })
  end)

  it("is told in English where a foreign word stands in English", function()
    for _, text in ipairs { "die hard fan of yours", "Los Angeles trip soon", "that pizza was la dolce vita", "I met José in the gym", "leg day" } do
      local _, answer = say(coach, { text })
      assert.truthy(answer:find("No language model is connected", 1, true), answer)
    end
  end)

  it("is told in the language of who cannot be read, and from then on a reaction says it was seen", function()
    local told_in = { ["Wie kann ich heute mein Rad reparieren?"] = "Sprachmodell", ["さくら、元気？"] = "言語モデル", ["Łukasz, co polecasz mi dzisiaj?"] = "modelu językowego",
      ["يا سارة، ما رأيك؟"] = "نموذج لغوي", ["你觉得怎么样？"] = "语言模型", ["Что ты думаешь?"] = "Языковая модель", ["¿Qué me recomiendas para el almuerzo?"] = "modelo de lenguaje" }
    for text, word in pairs(told_in) do
      local _, answer = say(coach, { text })
      assert.truthy(answer:find(word, 1, true), answer)
      local wishes = say(coach, { text, { text = answer, mine = true, id = "a" }, text })
      assert.same({ "add-reaction", 1 }, { wishes[1].type, #wishes })
    end
    assert.same({ "add-reaction", "👍" }, { say(coach, { "Vielen Dank!" })[1].type, say(coach, { "Vielen Dank!" })[1].emoji })
    assert.truthy(select(2, say(coach, { "Guten Morgen" })):find "^Hallo!")
  end)
end)

describe("What the offline provider was told", function()
  local function head(template, style) return { name = "Bot", personality_name = "Bo", personality_description = "", style_instructions = style or "", template = template } end
  local known = {
    { "How do I reset my router?", "The reset button is on the back; hold it for 10 seconds",
      "You help with routers. The reset button is on the back; hold it for 10 seconds. Never promise dates." },
    { "how do i reset my router", "The reset button is on the back; hold it for 10 seconds", "The reset button is on the back; hold it for 10 seconds" },
    { "When do you open?", "The shop opens at 9 and closes at 18.", "You are a shop.\n- The shop opens at 9 and closes at 18.\n- Parking is free." },
    { "Is parking free?", "Parking is free.", "You are a shop.\n- The shop opens at 9 and closes at 18.\n- Parking is free." },
    { "Wie lange ist die Garantie?", "Die Garantie gilt zwei Jahre.", "Du hilfst Kunden. Die Garantie gilt zwei Jahre." },
    { "返品はできますか？", "返品は三十日以内です。", "丁寧に答えてください。返品は三十日以内です。" },
    { "Сколько стоит доставка?", "Доставка стоит 300 рублей.", "Ты помогаешь. Доставка стоит 300 рублей." },
    { "Where do you live?", "I live in Lisbon and surf every morning.", "You are a friend.", "I live in Lisbon and surf every morning." },
  }
  for _, case in ipairs(known) do
    it("answers: " .. case[1], function()
      local _, text = say(head(case[3], case[4]), { case[1] })
      assert.truthy(text:find(case[2], 1, true), text)
    end)
  end

  it("is no answer to something else", function()
    local template = "You help with routers. The reset button is on the back; hold it for 10 seconds."
    for _, question in ipairs { "Who won the game?", "How do I cook rice?", "what a day" } do
      assert.is_nil((select(2, say(head(template), { question })) or ""):find("reset button", 1, true), question)
    end
  end)
end)

describe("What cannot be read at all", function()
  it("gets a reaction and no advice", function()
    for _, text in ipairs { "asdfghjkl", "xkcdq qwrtz", "hmpfrgl", "???" } do
      local wishes = say(coach, { text })
      assert.same({ "add-reaction", 1 }, { wishes[1].type, #wishes }, text)
    end
  end)
end)

describe("The offline provider asked without tools", function()
  it("streams its text in a few pieces that are the text", function()
    local result, _, deltas = chat.ask { system = "You are a cooking assistant.",
      messages = { { role = "user", content = "How do I keep basil fresh for a week?" } } }
    assert.equal("stop", result.stop_reason)
    assert.equal(result.text, table.concat(deltas))
    assert.is_true(#deltas > 1 and #deltas <= 6)
    assert.matches("basil", result.text)
  end)

  it("answers with no system text at all, and to anything", function()
    for _, content in ipairs { "", " ", "?", "🙂", "\1", "<message", "<message id=\"x\">", "</message>", ("x "):rep(8000),
                               "Dobrý den, jak se máte?", "{name} %1 %s" } do
      local result, err = chat.ask { messages = { { role = "user", content = content } } }
      assert.is_nil(err)
      assert.equal("stop", result.stop_reason)
    end
  end)

  it("only reacts where it may do no more", function()
    local line = { kind = "message", id = "m1", from = "Sarah", text = "how are you?" }
    local req = { messages = { { role = "user", content = line.text } },
      context = { head = {}, people = { { nickname = "Sarah" } }, lines = { line } },
      tools = { { name = "add_reaction" }, { name = "stay_silent" } } }
    assert.same({ "add_reaction", 1 }, { chat.ask(req).tool_calls[1].name, #chat.ask(req).tool_calls })
  end)

  it("refuses to write summaries", function()
    local result, err = chat.ask { messages = { { role = "user", content = "<notes></notes>\n<message id=\"1\">a</message>" } } }
    assert.same({ nil, "no_language_model" }, { result, err.code })
  end)
end)

describe("Among several people, the offline provider", function()
  local people = { { nickname = "Sarah" }, { nickname = "Mike" } }
  local asked = { text = "Alex, how do I get stronger?", id = "m-asked" }

  local function answered(lines)
    local wishes = say(coach, lines, people)
    return wishes[1].type, wishes[1].messageId
  end

  it("replies to whom it was asked by, when somebody else has spoken since", function()
    assert.same({ "send-reply", "m-asked" }, { answered { asked, { text = "lol, look at that dog", from = "Mike" } } })
  end)

  it("replies to the question, when nobody was named", function()
    local question = { text = "how do I get stronger?", id = "m-question" }
    assert.same({ "send-reply", "m-question" }, { answered { question, { text = "nice weather", from = "Mike" } } })
  end)

  it("replies to what answers a message of its own", function()
    local own = { text = "How was it?", mine = true, id = "a-own" }
    local answer = { text = "hard, my legs are sore", id = "m-answer", reply_to = "a-own" }
    assert.same({ "send-reply", "m-answer" },
      { answered { own, answer, { text = "did you see the game?", from = "Mike" } } })
  end)

  it("just answers the newest line", function()
    assert.equal("send-message", (answered { { text = "nice weather", from = "Mike" }, asked }))
  end)

  it("does not answer what it has answered", function()
    local wishes = say(coach, { asked, { text = "Lift more.", mine = true }, { text = "what a day", from = "Mike", id = "m-new" } }, people)
    assert.not_equal("m-asked", wishes[1].messageId)
  end)
end)
