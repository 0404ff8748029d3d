-- spec/scripts/providers_offline_emergency_spec.lua -- who is in danger gets the emergency number and no tip.

local chat = require "offline_chat"
local emergency = require "agent.providers.offline_emergency"
local languages = require "agent.providers.offline_languages"
local coach, support, say = chat.coach, chat.support, chat.say

local in_danger = {
  en = {
    "I have chest pain", "my chest hurts and I'm dizzy", "I cant breathe", "I can’t breathe", "pain in my chest since an hour",
    "my dad is having a stroke", "she took too many pills", "he overdosed", "Half of my face is drooping", "I want to kill myself",
    "my friend is suicidal", "he's not breathing", "I think I'm having a heart attack", "I'm choking", "my chest feels so tight",
    "I swallowed a bottle of pills", "Help, my mom collapsed: she collapsed in the kitchen",
  },
  de = {
    "Ich habe Brustschmerzen", "ich bekomme keine Luft", "starke Schmerzen in der Brust", "er hat einen Schlaganfall", "ich will nicht mehr leben",
    "ich bringe mich um",
  },
  fr = {
    "J'ai mal à la poitrine", "je n'arrive plus à respirer", "il fait une overdose", "je veux mourir", "elle fait un AVC",
  },
  es = {
    "me duele el pecho", "Tengo un dolor fuerte en el pecho", "no puedo respirar", "quiero morir", "sobredosis",
  },
  pt = {
    "dor no peito", "não consigo respirar", "quero me matar", "ele teve um infarto",
  },
  it = {
    "ho un dolore al petto", "non riesco a respirare", "voglio morire", "mi fa male il petto", "ha avuto un ictus",
  },
  pl = {
    "Boli mnie w klatce piersiowej", "nie mogę oddychać", "chcę umrzeć", "chcę się zabić", "ma udar",
  },
  ru = {
    "У меня болит в груди", "не могу дышать", "хочу умереть", "у него инсульт", "боль в груди", "передозировка",
  },
  ar = {
    "عندي ألم في صدري", "ألم في الصدر", "لا أستطيع التنفس", "أريد أن أموت", "سكتة دماغية", "أفكر في الانتحار",
  },
  ja = {
    "胸が痛い", "胸がすごく痛いです", "息ができない", "死にたい", "脳卒中かも", "薬を飲みすぎた",
  },
  zh = {
    "胸痛", "我胸口很痛", "我喘不过气", "我想死", "他中风了", "吃了很多药",
  },
  ko = {
    "가슴이 아파요", "숨을 못 쉬겠어요", "죽고 싶어", "뇌졸중인 것 같아", "자살하고 싶어요",
  },
  tr = {
    "göğsümde ağrı var", "nefes alamıyorum", "intihar etmek istiyorum", "felç geçiriyor", "kalp krizi", "GÖĞSÜM AĞRIYOR",
  },
  hi = {
    "मेरे सीने में दर्द है", "सांस नहीं ले पा रहा हूँ", "मैं मरना चाहता हूँ", "आत्महत्या", "seene me dard hai",
  },
}

local harmless = {
  "this game is killing me", "my cat died laughing", "I can't breathe 😂😂", "lol I nearly had a heart attack when I saw the bill",
  "chest day was great", "chest press hurts my shoulder", "suicide sprints are hard", "Suicide Squad was a fun movie", "stroke of luck",
  "how do I improve my swimming stroke?", "I hurt myself at the gym", "I could kill for a pizza", "my phone died", "dead tired",
  "I died of embarrassment", "overdosed on chocolate lol", "this workout is killing me", "how should I breathe when squatting?", "kill the process",
  "I cut myself shaving", "he had a heart attack ten years ago", "my grandma died of a stroke", "unconscious bias training", "cut myself some slack",
  "deadline is killing me", "die Katze lacht sich tot", "ich lach mich tot", "ich sterbe vor Lachen", "je suis mort de rire",
  "mort de rire, je peux plus respirer", "me muero de risa", "casi me da un infarto", "morrendo de rir", "muoio dal ridere", "umieram ze śmiechu",
  "умираю со смеху", "умер от смеха", "笑い死にそう", "笑死我了", "想死你了", "웃겨 죽겠다", "배고파 죽겠다", "gülmekten öldüm", "मैं हंसी से मर गया",
  "I'd die for that cake", "The battery is dead", "bench press chest muscles hurt", "they choked under pressure", "He collapsed the folder",
  "this traffic makes me want to scream", "der Film war zum Sterben langweilig", "This song slaps, I'm dead", "breathtaking view",
  "cheese to die for", "I need a new chest strap, mine is tight on the chest",
}

local NUMBERS = { en = "112", de = "112", fr = "112", es = "112", pt = "192", it = "112", pl = "112", ru = "112", ar = "112", ja = "119", zh = "120", ko = "119",
  tr = "112", hi = "112" }

-- What is said in each language, whatever the words of danger were.
local said = {}
for _, language in ipairs(emergency.languages) do
  said[language.danger_say], said[language.self_say] = language.lang, language.lang
end

describe("An emergency", function()
  for lang, texts in pairs(in_danger) do
    for _, text in ipairs(texts) do
      it("is answered with the number, in " .. lang .. ": " .. text, function()
        for _, head in ipairs { coach, support } do
          local wishes, answer = say(head, { text })
          assert.equal(1, #wishes)
          assert.equal(lang, said[answer], answer)
          assert.truthy(answer:find(NUMBERS[lang], 1, true), answer)
        end
      end)
    end
  end

  for _, text in ipairs(harmless) do
    it("is not: " .. text, function()
      local _, answer = say(coach, { text })
      assert.is_nil(said[answer], answer)
    end)
  end

  it("is answered before what was asked after it, and before what the prompt knows", function()
    local wishes, answer = say(coach, { { text = "my chest hurts and I can't breathe", id = "m-help" }, "Alex, how many sets for legs?" },
      { { nickname = "Sarah" }, { nickname = "Mike" } })
    assert.equal("en", said[answer])
    assert.same({ "send-reply", "m-help" }, { wishes[1].type, wishes[1].messageId })
    local head = { name = "Desk", template = "You are a clinic's desk.\nChest pain is looked after on the second floor." }
    assert.equal("en", said[select(2, say(head, { "What shall I do about my chest pain?" }))])
  end)

  it("that was answered is not answered again", function()
    local first = select(2, say(coach, { "I have chest pain" }))
    local _, answer = say(coach, { "I have chest pain", { text = first, mine = true }, "How many sets should I do for legs?" })
    assert.is_nil(said[answer], answer)
  end)

  it("is looked for in a few milliseconds, whatever the text", function()
    for _, piece in ipairs { "chest ", "胸が", "a ", "pain chest", "\204\129", "سينه " } do
      local text = piece:rep(math.ceil(16000 / #piece))
      local from = os.clock()
      emergency.answer(text, languages.of(text))
      assert.is_true(os.clock() - from < 0.1, piece)
    end
  end)
end)
