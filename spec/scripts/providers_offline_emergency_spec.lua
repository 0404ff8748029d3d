-- spec/scripts/providers_offline_emergency_spec.lua -- who is in danger gets the emergency number and no tip.

local chat = require "offline_chat"
local emergency = require "agent.providers.offline_emergency"
local languages = require "agent.providers.offline_languages"
local cost = require "spec.support.cost"
local coach, support, say = chat.coach, chat.support, chat.say

local in_danger = {
  en = {
    "I'm having chest pains", "sharp pains in my chest", "my chest is killing me, it hurts so bad", "heavy pressure in my chest and sweating",
    "I can't catch my breath", "I feel like I can't breathe", "im struggling to breathe", "it hurts to breathe", "my baby isn't breathing",
    "my wife is unconscious", "he won't wake up", "I took a whole bottle of sleeping pills", "I've taken an overdose", "I'm going to end it all",
    "I don't want to live anymore", "I want to hurt myself", "thinking about suicide", "everyone would be better off without me",
    "my arm is numb and my face is drooping", "my speech is slurred", "she's having a seizure", "my throat is closing up", "he drank bleach",
    "I'm bleeding a lot", "I'm suicidal", "kms for real, I want to die", "I can’t go on, I want to be dead", "heart attack symptoms right now",
    "tightness in chest",
    "I have chest pain", "my chest hurts and I'm dizzy", "I cant breathe", "I can’t breathe", "pain in my chest since an hour",
    "my dad is having a stroke", "she took too many pills", "he overdosed", "Half of my face is drooping", "I want to kill myself",
    "my friend is suicidal", "he's not breathing", "I think I'm having a heart attack", "I'm choking", "my chest feels so tight",
    "I swallowed a bottle of pills", "Help, my mom collapsed: she collapsed in the kitchen",
  },
  de = {
    "Meine Brust tut so weh", "Ich kann nicht richtig atmen", "Ich habe Atemnot", "Mein Vater hat einen Herzinfarkt", "Sie hat zu viele Tabletten genommen",
    "Ich möchte sterben", "Ich denke an Selbstmord", "Ich will mir das Leben nehmen", "Ich will mich umbringen", "Ich habe Schmerzen im Brustkorb",
    "Er ist bewusstlos", "Ich verletze mich selbst",
    "Ich habe Brustschmerzen", "ich bekomme keine Luft", "starke Schmerzen in der Brust", "er hat einen Schlaganfall", "ich will nicht mehr leben",
    "ich bringe mich um",
  },
  fr = {
    "J'ai une douleur dans la poitrine", "Je ne peux pas respirer", "j'ai du mal à respirer", "mon père fait une crise cardiaque",
    "elle a avalé trop de médicaments", "je veux me tuer", "j'ai envie de mourir", "je pense au suicide", "il est inconscient", "je me fais du mal",
    "J'ai mal à la poitrine", "je n'arrive plus à respirer", "il fait une overdose", "je veux mourir", "elle fait un AVC",
  },
  es = {
    "Me duele mucho el pecho", "Me cuesta respirar", "mi papá está teniendo un infarto", "tomé demasiadas pastillas", "me quiero morir", "quiero suicidarme",
    "pienso en el suicidio", "no quiero vivir más", "creo que es un derrame",
    "me duele el pecho", "Tengo un dolor fuerte en el pecho", "no puedo respirar", "quiero morir", "sobredosis",
  },
  pt = {
    "estou com dor no peito", "não estou conseguindo respirar", "estou com falta de ar", "tomei muitos comprimidos", "quero morrer", "penso em suicídio",
    "acho que é um AVC", "não quero mais viver",
    "dor no peito", "não consigo respirar", "quero me matar", "ele teve um infarto",
  },
  it = {
    "mi fa male il petto", "non riesco più a respirare", "ho preso troppe pillole", "voglio uccidermi", "penso al suicidio", "non voglio più vivere",
    "ho dolore al torace",
    "ho un dolore al petto", "non riesco a respirare", "voglio morire", "mi fa male il petto", "ha avuto un ictus",
  },
  pl = {
    "boli mnie klatka piersiowa", "mam ból w klatce piersiowej", "nie mogę złapać oddechu", "mam duszności", "wzięłam za dużo tabletek",
    "myślę o samobójstwie", "nie chcę już żyć", "mój tata ma zawał",
    "Boli mnie w klatce piersiowej", "nie mogę oddychać", "chcę umrzeć", "chcę się zabić", "ma udar",
  },
  ru = {
    "болит грудь", "сильная боль в груди", "мне трудно дышать", "я задыхаюсь", "я выпил много таблеток", "я хочу покончить с собой", "не хочу жить",
    "думаю о самоубийстве", "у папы сердечный приступ",
    "У меня болит в груди", "не могу дышать", "хочу умереть", "у него инсульт", "боль в груди", "передозировка",
  },
  ar = {
    "صدري يؤلمني", "أشعر بألم شديد في صدري", "لا أستطيع أن أتنفس", "صعوبة في التنفس", "أريد أن أنتحر", "أريد أن أقتل نفسي", "أخذت جرعة زائدة",
    "لا أريد أن أعيش", "أبي أصيب بنوبة قلبية",
    "عندي ألم في صدري", "ألم في الصدر", "لا أستطيع التنفس", "أريد أن أموت", "سكتة دماغية", "أفكر في الانتحار",
  },
  ja = {
    "胸がすごく苦しいです", "息ができません", "呼吸が苦しい", "もう死にたい", "自殺したい", "薬をたくさん飲んでしまった", "父が倒れて意識がない", "呂律が回らない", "消えたい",
    "胸が痛い", "胸がすごく痛いです", "息ができない", "死にたい", "脳卒中かも", "薬を飲みすぎた",
  },
  zh = {
    "胸口好痛", "我呼吸困难", "我不能呼吸了", "我想自杀", "我不想活了", "他好像心脏病发作", "我爸中风了", "我吞了很多安眠药", "胸口很闷,喘不上气",
    "胸痛", "我胸口很痛", "我喘不过气", "我想死", "他中风了", "吃了很多药",
  },
  ko = {
    "가슴이 너무 아파요", "숨쉬기 힘들어요", "숨을 쉴 수가 없어요", "죽고 싶어요", "자살하고 싶다", "약을 너무 많이 먹었어요", "아버지가 심장마비", "살고 싶지 않아", "자해했어",
    "가슴이 아파요", "숨을 못 쉬겠어요", "죽고 싶어", "뇌졸중인 것 같아", "자살하고 싶어요",
  },
  tr = {
    "göğsüm ağrıyor", "göğsümde baskı var", "nefes alamıyorum", "nefes almakta zorlanıyorum", "kendimi öldürmek istiyorum", "ölmek istiyorum",
    "çok fazla ilaç içtim", "babam kalp krizi geçiriyor",
    "göğsümde ağrı var", "nefes alamıyorum", "intihar etmek istiyorum", "felç geçiriyor", "kalp krizi", "GÖĞSÜM AĞRIYOR",
  },
  hi = {
    "मुझे सीने में तेज दर्द हो रहा है", "मुझे सांस लेने में तकलीफ हो रही है", "मैं सांस नहीं ले पा रही", "मैं आत्महत्या करना चाहता हूं",
    "मैं मर जाना चाहता हूँ", "पापा को दिल का दौरा पड़ा है", "मैंने बहुत सारी गोलियां खा ली",
    "मेरे सीने में दर्द है", "सांस नहीं ले पा रहा हूँ", "मैं मरना चाहता हूँ", "आत्महत्या", "seene me dard hai",
  },
}

local harmless = {
  "I hate running, it kills me", "My knee hurts", "I need a breather", "catch my breath between sets", "stroke my cat", "the deadline nearly killed me",
  "my heart is broken", "heartburn", "I'm so dead", "dying to see it", "I'd kill for coffee", "It hurts to lose", "He has a heart of gold", "cut the cake",
  "Brust oder Keule?", "Hühnerbrust mit Reis", "pecho de pollo", "peito de frango", "petto di pollo", "куриная грудка", "鸡胸肉好吃", "닭가슴살",
  "chest freezer is broken", "treasure chest", "Poison song is great", "Suicide by The Raveonettes is a film", "I overslept", "mord im Film", "tod müde",
  "estoy muerto de hambre", "je meurs de faim", "muoio di fame", "umieram z głodu", "умираю от голода", "饿死了", "お腹空いて死にそう", "açlıktan ölüyorum",
  "भूख से मर रहा हूँ", "أموت من الجوع", "what a killer app", "knock yourself out", "blood orange", "breathe in, breathe out",
  "How do I breathe during deadlifts?", "I feel like dying after leg day lol", "I pass out early, so tired", "unconscious bias", "I choked on my words",
  "My laptop stopped, it won't wake up", "I lost my pulse monitor", "heart rate is 150 when running", "in meinem Film stirbt jemand", "I'm drowning in work",
  "press the emergency stop", "emergency meeting at 5", "tight schedule, treasure chest game", "my chest is sore from push-ups", "my pecs hurt",
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
      assert.is_true(cost.within(0.1, function() emergency.answer(text, languages.of(text)) end), piece)
    end
  end)
end)
