-- spec/scripts/agent_hearing_spec.lua -- who is named in a line of a chat, in all scripts, and what it wants.

local hearing = require "agent.hearing"
local cost = require "spec.support.cost"

local OTHERS = { { id = "u1", nickname = "Sarah" }, { id = "u2", nickname = "Ben" }, { id = "u3", nickname = "Max Miller" } }

local function ear(name, more)
  local who = { id = "bot-9", names = { name }, others = OTHERS }
  for k, v in pairs(more or {}) do who[k] = v end
  return hearing.ear(who)
end

-- name of the agent, then texts that speak to it by name
local spoken_to = {
  { "Coach Alex", "Alex I wanted to ask you something", "Alex It hurts again", "Alex My knee is sore", "Alex Help me please", "Alex Ich habe eine Frage",
    "Alex you said squats are fine", "Ben: lunch? And what do you say Alex", "Sarah and Alex, lunch?", "Ben, what do you think, Alex?" },
  { "小明", "小明我想问你一件事" }, { "สมชาย", "สมชายอยากถามอะไรหน่อย" },
  { "Coach Alex", "Alex, any tips for sleep", "alex any tips for sleep", "thanks alex!", "alex?", "so, what do you think alex",
    "alex, go on", "Coach, what now?", "what does alex think?", "alex—what do you think?", "(alex) hello", "Hey Alex!!!",
    "ALEX", "thanks alex, what about legs?", "Hi there Alex :)", "ask alex", "coach alex look", "Sarah and Alex, what do you say?",
    "alex/sarah, who comes?", "a\nAlex, b", "good night alex", "_alex_ what now", "**Alex**: help", "what about it, Alex's crew aside, Alex?",
    "Alex.What do you think", "and what do you say, Alex", "ok alex tell me" },
  { "Łukasz", "Łukasz, co polecasz?", "ŁUKASZ?", "lukasz, hej", "Łukaszu, co polecasz?", "Cześć Łukasz!", "cześć Łukaszu!", "dzięki, Łukasz" },
  { "Marek", "Marku, jak się masz?", "Cześć Marku!" },
  { "Anna", "Anno, co polecasz?", "anna wie geht es dir?", "Hallo Anna" },
  { "سارة", "يا سارة، ما رأيك؟", "سارة ما رأيك؟", "شكرا سارة", "مرحبا سَارَة" },
  { "さくら", "さくら、元気？", "サクラ、元気？", "さくらちゃん、おはよう", "さくらさんはどう思う？", "ねえさくら、聞いて", "元気？さくら", "ありがとう、さくら", "さくら元気？", "@さくら 元気" },
  { "みさき", "みさきはどう思う？", "みさき、おはよう", "みさきさん教えて", "ねえみさき" },
  { "田中", "田中さん、元気ですか", "田中、来て", "田中先生、質問です" },
  { "小明", "小明，你怎么看？", "小明你觉得呢", "你好小明", "小明？", "谢谢小明", "小明老师，请问" },
  { "王小明", "小明，你好", "王小明，在吗？" },
  { "사쿠라", "사쿠라야, 뭐해?", "사쿠라 뭐해?", "사쿠라씨 안녕하세요", "사쿠라는 어떻게 생각해?", "사쿠라님!" },
  { "김민준", "민준아, 안녕", "김민준님, 질문 있어요" },
  { "สมชาย", "สมชาย สบายดีไหม", "คุณสมชายครับ ช่วยหน่อย", "ขอบคุณสมชาย", "สมชายคิดว่าไง?" },
  { "आशा", "आशा, कैसी हो?", "नमस्ते आशा", "आशा?" },
  { "Προμηθέας", "ΠΡΟΜΗΘΕΑΣ, τι κάνεις;", "Προμηθέα, τι λες;" },
  { "Νίκος", "Νίκο, τι κάνεις;", "Νίκος; " },
  { "Александр", "Александр, что думаешь?", "привет, александр", "спасибо александр" },
  { "Аня", "Аня, привет", "Аню, привет" },
  { "דוד", "דוד, מה שלומך?", "תודה, דוד" },
  { "Will", "Will, will you come?", "will?", "Hey Will!", "hey will can you help me", "what do you think, Will?", "What do you think Will?",
    "thanks will!", "Thanks, Will.", "@will help", "Good morning Will" },
  { "Hope", "Hope, are you there?", "hi hope!", "thank you, Hope" },
  { "Mark", "Mark, look at this", "what now, mark?" },
  { "Rose", "rose, can you help?" }, { "May", "May, what do you say?" }, { "Art", "art, any idea?" }, { "Grace", "hi grace" },
  { "Bill", "Bill: who pays?" },
  { "Jean-Luc", "Jean-Luc, tu viens ?", "jean luc?", "salut Jean-Luc !" },
  { "Anne Marie", "anne-marie, hallo", "Anne Marie, ja?" },
  { "María José", "María José, ¿qué opinas?", "¿Qué opinas, Maria Jose?", "¡Hola, maría!" },
  { "O'Brien", "O'Brien, you there?", "o’brien?" },
  { "İpek", "ipek, ne dersin?", "IPEK?", "teşekkürler İpek" },
  { "Nguyễn", "nguyen, help", "NGUYỄN?" },
  { "Sakura", "sakura-san, genki?", "Sakura, hi" },
  { "Alex", "What do you think, alex?", "Could alex help me?", "@alex", "alex!", "hey @Alex: hi", "Alex – what now?", "good morning, Alex", "Bonjour Alex, ça va ?",
    "Hola Alex", "Olá Alex, tudo bem?", "Cześć Alex", "Привет, Alex", "alex你怎么看", "Alexさん、元気？", "Alex씨 안녕", "Alex, kannst du mir helfen?", "was meinst du alex",
    "qu'en penses-tu Alex ?", "Et toi, Alex ?", "ALEX!!! HELP", "alex alex alex", "Alex...", "Alex can you help", "Alex please", "I need help alex",
    "@Alex, Sarah said hi", "Hey guys, and Alex of course, what do we do?", "Alexさんはどう思いますか", "Alex、教えて", "嗨Alex", "يا Alex", "“Alex”, please", "*alex* hi",
    "Alex😀 hi", "😀Alex hi", "Alex\nwhat now", "tell me, alex, how", "is alex here?", "Alex?! Hello", "hey alex's here?" },
  { "Will", "Will: help", "ok Will, go", "hey will, what's up", "Will?", "WILL!", "So, Will, what do you think?", "@Will", "hi Will", "Bye Will!", "good point, Will",
    "and you, will?" },
  { "Hope", "Hope, can you help?", "Hey Hope", "thanks hope", "Hope?" },
  { "さくら", "さくら！", "さくらさん", "さくらちゃんはどう？", "ねぇ、さくら", "さくら、どう思う", "おはようさくら", "@さくら、見て", "さくらー！", "サクラちゃん元気？", "さくら先生、質問" },
  { "ゆうき", "ゆうき、聞いて", "ゆうきくん！", "ゆうきはどう思う？", "ありがとう、ゆうき" },
  { "太郎", "太郎、元気？", "太郎くん", "太郎さんはどう思いますか", "おい太郎", "太郎はどう思う？", "ねえ太郎、来て" },
  { "李雷", "李雷，你好", "李雷你在吗", "李雷老师好", "你好李雷！", "@李雷 看看", "请问李雷，怎么办", "李雷怎么看？", "李雷：帮我" },
  { "지민", "지민아", "지민아, 뭐해?", "지민씨", "지민님 안녕하세요", "지민 안녕", "안녕 지민", "지민, 어떻게 생각해?", "지민이는 어때?", "고마워 지민아", "야 지민" },
  { "Сергей", "Сергей, как дела?", "сергей помоги", "Привет Сергей", "Сергей?", "спасибо, Сергей!", "Что думаешь, Сергей?" },
  { "Саша", "Саш, привет", "Саша, привет", "Саш?" },
  { "محمد", "يا محمد", "محمد، كيف حالك؟", "مرحبا محمد", "محمد هل تساعدني؟", "شكرًا يا محمد", "ما رأيك يا محمد؟" },
  { "דנה", "דנה, מה שלומך?", "היי דנה", "תודה דנה", "דנה?" },
  { "प्रिया", "प्रिया, कैसी हो?", "प्रिया जी, नमस्ते", "अरे प्रिया", "धन्यवाद प्रिया", "प्रिया क्या सोचती हो?" },
  { "สมหญิง", "สมหญิง ช่วยหน่อย", "คุณสมหญิง", "สวัสดีสมหญิง", "สมหญิงคะ", "พี่สมหญิงคิดว่าไงคะ" },
  { "Ελένη", "Ελένη, τι κάνεις;", "ΕΛΕΝΗ;", "γεια σου Ελένη" },
  { "Γιώργος", "Γιώργο, έλα", "Γιώργε", "Γιώργος;" },
  { "Ayşe", "Ayşe, nasılsın?", "ayse?", "AYŞE!", "merhaba Ayşe", "Ayşe Hanım", "Ayşe hanım, merhaba" },
  { "Tomasz", "Tomaszu, co robisz?", "Tomasz?", "hej Tomasz" },
  { "Katarzyna", "Katarzyno, jak się masz?" },
  { "Kasia", "Kasiu, co słychać?", "Cześć Kasiu", "Kasia?" },
  { "Piotr", "Piotrze, pomóż", "Piotr, co tam?" },
  { "Paweł", "Pawle, co tam?" },
  { "Pavel", "Pavle, jak se máš?", "Pavle!" },
  { "Mehmet Ali", "mehmet ali, merhaba", "Mehmet?" },
  { "Chef Bot", "Chef Bot, what's for dinner?", "chef, what's for dinner?", "@ChefBot", "chef?" },
  { "Siobhán O'Neill", "Siobhan, hi", "siobhán?", "O'Neill, hi" },
  { "X Æ", "x ae, hi" },
  { "R2-D2", "r2-d2, hi", "R2-D2?", "@r2d2" },
  { "Coach Alex", "Coach Alex", "@Coach_Alex", "@coach-alex", "@coach.alex hi", "@CoachAlexBot", "coach alex?", "Coach, I need you", "hey coach", "thanks coach!",
    "what do you think coach?" },
}

-- … and those that do not
local not_spoken_to = {
  { "Coach Alex", "Ben, did you ask Alex?", "Ben did you ask Alex?", "Sarah, have you talked to Alex?", "did you ask Alex?", "Ben, can you tell Alex?",
    "Ben, would you trust alex?", "@ben did you ask Alex?", "<@u2> do you trust Alex?", "Alex Morgan wanted to come" },
  { "Alex", "Ben, hast du Alex gefragt?", "Ben, as-tu demandé à Alex ?", "Ben, ¿le preguntaste a Alex?", "Ben, perguntaste ao Alex?", "Ben, hai chiesto ad Alex?",
    "Ben, pytałeś Alex?", "Ben, kennst du Alex?", "Ben, tu connais Alex ?", "Ben, ты спросил Alex?" },
  { "Coach Alex", "alexander the great won", "my friend alex told me", "what a game yesterday", "see http://x.io/alex", "http://x.io/alex?",
    "alex@example.org", "mail to alex@example.org please", "open alex.txt", "look at www.alex.com", "non-alex", "#alex", "alex_smith",
    "I was with Alex yesterday", "Alex said so", "alex's plan was good", "my coach says hi", "Alex Morgan scored twice", "/home/alex/x",
    "C:\\alex\\x", "the coach is late", "`alex`", "> Alex: hello\nI agree", "see alex.io?", "our alex won", "Sarah, what did Alex say?",
    "salexa", "https://alex.example/what?x=1", "x.alex" },
  { "Will", "will you come tomorrow", "will you come tomorrow?", "Will you come?", "I will", "i will, promise", "free will?", "hey will you come?",
    "if you will, come", "where there's a will there's a way", "yes, will do", "good will" , "They will. And you?" },
  { "Hope", "Hope you are well", "hope so", "I hope, really", "hope this helps!", "i hope so?" },
  { "Mark", "mark my words", "a question mark?", "Mark that date please" },
  { "Rose", "the prices rose again", "a rose, for you" }, { "May", "may I ask something?", "I may, perhaps", "in May?" },
  { "Art", "modern art is odd" }, { "Bill", "who pays the bill?", "the bill, please" }, { "Grace", "say grace", "with grace" },
  { "さくら", "さくらが咲いたね", "さくらんぼが好き？", "桜はきれい？" },
  { "小明", "我昨天跟小明去了", "小明说得对" },
  { "사쿠라", "사쿠라가 말했어", "사쿠란은?" },
  { "Łukasz", "Łukaszowi powiedziałem", "mój kolega Łukasz mówi" },
  { "Lea", "Leo, komm her" }, { "Maria", "Mario, vieni?" },
  { "आशा", "आशा है कि आप ठीक हैं" },
  { "Вера", "вера важна", "в это вера есть?" },
  { "Jean", "Jean-Luc, tu viens ?" },
  { "Sarah Bot", "Sarah, hi" },
  { "Alex", "I told Alex about it", "Alex was here yesterday", "with alex it was fun", "mit Alex war es schön", "alexa, play music", "Alexander?",
    "Alex's dog ate it", "die Idee von Alex war gut", "c'est l'idée d'Alex", "avec Alex", "Alex hat gesagt, dass es regnet", "Alex a dit oui", "Alex dijo que sí",
    "con Alex", "ftp://alex/", "alex.png is broken", "git checkout feature/alex", "user_alex", "alex2", "mailto:alex@x.org", "http://alex.com/?q=1",
    "(see https://x.io/alex)", "[link](http://x.io/alex)", "$alex", "#alex rocks", "alex-prod is down", "my dog alex barks", "our trainer alex left",
    "Sarahs Freund Alex kommt" },
  { "Will", "Will they come?", "will do!", "Will it rain?", "where there is will", "Will be there", "who will?", "if it will, fine", "Free Willy", "I think it will.",
    "that will", "Will that work?", "Will do.", "They said they will, then left", "you will?" },
  { "May", "may be", "May 5th works", "in may we go", "maybe", "May I?", "You may.", "it may, or not", "May the force be with you" },
  { "Grace", "grace period", "a saving grace" },
  { "Hope", "I hope so!", "hope", "hope everyone is ok", "Hope so.", "no hope", "there is hope?" },
  { "Joy", "what a joy", "joy!" },
  { "Bill", "bill me", "the electricity bill?" },
  { "Mark", "Mark it down", "on your mark", "good mark!", "Check mark?" },
  { "Art", "Art is long", "art!" },
  { "Rose", "Rose petals?", "she rose.", "I like rose" },
  { "Chase", "chase it", "Chase bank is closed" },
  { "Sunny", "It's sunny", "sunny today?" },
  { "Summer", "summer is here", "Next summer?", "this summer" },
  { "Angel", "you are an angel", "angel" },
  { "さくら", "さくらは春の花です", "さくらの写真", "きれいなさくら", "さくら味のお菓子", "さくらが好き" },
  { "太郎", "太郎が来た", "昨日太郎と会った" },
  { "李雷", "我和李雷吃饭了", "李雷是我朋友", "李雷说他不来" },
  { "지민", "지민이가 왔어", "지민을 봤어", "지민의 책", "지민한테 말했어" },
  { "Сергей", "Сергея нет дома", "я видел Сергея", "мой друг Сергей сказал", "Сергей сказал да" },
  { "محمد", "قال محمد كذا", "مع محمد كان جميلا" },
  { "Ayşe", "Ayşe'nin kitabı", "Ayşe'ye söyledim" },
  { "Chef Bot", "the chef is good", "our chef left", "a bot wrote that", "bots are bad" },
  { "Coach Alex", "I need a coach", "the coach said", "football coach", "coach class tickets", "coaching", "my coach is great?" },
}

-- text, for an agent with handles
local mentions = {
  "@CoachAlex", "hey @coachalex, hi", "@Coach Alex look", "@alex look", "@alex_bot what?", "ok @alex_bot.", "<@bot-9> hi", "<@!bot-9>", "<@!123456>",
  "<@U123>", "<@U123|alex> hello", "<users/987> hi", "@+4917012345678 hi", "@4917012345678", "@alex:example.org hi" , "[Alex](tg://user?id=123456) hi",
  "<at>Coach Alex</at> hi", "/ask@alex_bot what", "＠alex", "(@alex)", "さくら、@CoachAlex", "@ALEX", "@coach_alex", "@alex's turn",
}

local not_mentions = {
  "@alexander hi", "@alex_smith hi", "<@U999> hi", "x@alex.com", "@sarah hi", "<@!99> hi", "<@&123> hi", "<#alex>", "@ alex_botx", "alex@alex.example",
}

describe("Names:", function()
  for _, case in ipairs(spoken_to) do
    local listens = ear(case[1])
    for i = 2, #case do
      it(case[1] .. " is spoken to in: " .. case[i], function() assert.truthy(hearing.hear(listens, case[i]).named) end)
    end
  end

  for _, case in ipairs(not_spoken_to) do
    local listens = ear(case[1])
    for i = 2, #case do
      it(case[1] .. " is not spoken to in: " .. case[i], function() assert.is_nil(hearing.hear(listens, case[i]).named) end)
    end
  end

  it("say when somebody is only spoken of", function()
    local listens = ear "Coach Alex"
    assert.is_true(hearing.hear(listens, "Alex said so").spoken_of)
    assert.is_false(hearing.hear(listens, "Ben said so").spoken_of)
    assert.is_false(hearing.hear(listens, "Alex, go on").spoken_of)
  end)

  it("that somebody else has as well mean the other", function()
    local listens = hearing.ear { names = { "Coach Alex" }, others = { { id = "u4", nickname = "Alex Smith" } } }
    assert.same({ nil, "u4" }, { hearing.hear(listens, "Alex, hi").named, hearing.hear(listens, "Alex, hi").others[1] })
    assert.equal("name", hearing.hear(listens, "Coach Alex, hi").named)
    assert.equal("name", hearing.hear(listens, "coach, hi").named)
  end)

  it("are not lost to who takes the whole of it", function()
    local listens = hearing.ear { names = { "Coach Alex" }, others = { { id = "u4", nickname = "coach alex" } } }
    assert.equal("name", hearing.hear(listens, "Alex, hi").named)
    assert.equal("name", hearing.hear(listens, "Coach Alex, hi").named)
  end)

  it("may be several, and learned ones", function()
    local listens = hearing.ear { id = "a", ids = { "bot-77" }, names = { "Coach Alex", "Gym Chat" } }
    assert.equal("name", hearing.hear(listens, "gym chat, hello").named)
    assert.equal("mention", hearing.hear(listens, "<@bot-77> hello").named)
    assert.is_nil(hearing.hear(listens, "the gym is full").named)
  end)
end)

describe("Mentions:", function()
  local listens = ear("Coach Alex", { handles = { "@alex_bot", "123456", "U123", "users/987", "+49 170 12345678", "@alex:example.org" } })

  for _, text in ipairs(mentions) do
    it("the agent is mentioned in: " .. text, function() assert.equal("mention", hearing.hear(listens, text).named) end)
  end

  for _, text in ipairs(not_mentions) do
    it("the agent is not mentioned in: " .. text, function() assert.is_nil(hearing.hear(listens, text).named) end)
  end

  it("may come with the event", function()
    assert.equal("mention", hearing.hear(listens, "\239\191\188 hi", { "bot-9" }).named)
    assert.equal("mention", hearing.hear(listens, "hi", { "@Alex_Bot" }).named)
    assert.same({ "u1" }, hearing.hear(listens, "hi", { "u1" }).others)
    assert.same({ "u77" }, hearing.hear(listens, "hi", { "u77" }).others)
  end)

  it("of a crowd are heard up to a limit", function() -- limit: mentions
    local crowd = {}
    for i = 1, 300 do crowd[i] = "@guest" .. i end
    assert.equal(200, #hearing.hear(listens, table.concat(crowd, " ")).others)
  end)

  it("of all are told", function()
    for _, text in ipairs { "@everyone look", "<!here> look", "<users/all> look", "@all look", "hi all, look", "大家，你们好" } do
      assert.is_true(hearing.hear(listens, text).everyone, text)
    end
    for _, text in ipairs { "look here", "all is well", "Alex, hi", "team spirit" } do assert.is_false(hearing.hear(listens, text).everyone, text) end
  end)
end)

describe("Somebody else", function()
  local listens = ear "Coach Alex"
  local cases = {
    { "Sarah, what did you eat?", "u1" }, { "@sarah hi", "u1" }, { "<@u2> hi", "u2" }, { "thanks, ben", "u2" }, { "max?", "u3" },
    { "@MaxMiller hi", "u3" }, { "@tom hi", "tom" }, { "Max Miller, hi", "u3" }, { "Sarah and Ben, hi", "u1", "u2" }, { "@Ольга привет", "Ольга" },
  }
  for _, case in ipairs(cases) do
    it("is spoken to in: " .. case[1], function() assert.same({ unpack(case, 2) }, hearing.hear(listens, case[1]).others) end)
  end

  for _, text in ipairs { "I saw Sarah yesterday", "Sarah said so", "what do you think about Sarah's plan, Alex?", "to the max", "sarah@x.org" } do
    it("is not spoken to in: " .. text, function() assert.same({}, hearing.hear(listens, text).others) end)
  end
end)

describe("A line", function()
  local listens = ear "Coach Alex"
  local function heard(text) return hearing.hear(listens, text) end

  it("asks in any language", function()
    for _, text in ipairs { "what now?", "元気？", "ما رأيك؟", "τι κάνεις;", "ինչպե՞ս ես", "ምን ነው፧", "¿Qué tal", "how do I get stronger", "can you help me",
      "元気ですか", "你好吗", "怎么办", "잘 지내나요", "สบายดีไหม", "czy to działa", "подскажите как быть", "kannst du mir helfen", "est-ce que ça marche",
      "puedes ayudarme", "você pode ajudar", "puoi aiutarmi", "iyi misin", "क्या हाल है", "هل هذا صحيح", "Alex, any tips for sleep", "hi, does anyone know this" } do
      assert.is_true(heard(text).asks, text)
    end
  end)

  it("does not ask", function()
    for _, text in ipairs { "what a game yesterday", "ok", "see http://x.io/?a=b", "今日は寒い", "so how it goes", "`a ? b : c`", "> why?\nbecause", "fine; thanks" } do
      assert.is_false(heard(text).asks, text)
    end
  end)

  it("thanks in any language, and says no more", function()
    for _, text in ipairs { "thanks alex!", "🙏🙏", "thank you so much", "danke dir", "merci beaucoup Alex", "¡Gracias!", "obrigado", "grazie mille", "dziękuję bardzo",
      "спасибо", "شكرا", "ありがとう！", "谢谢你", "고마워요", "teşekkürler", "धन्यवाद", "ευχαριστώ Νίκο", "תודה", "dank je wel", "дякую", "got it", "👍" } do
      assert.is_true(heard(text).thanks, text)
      assert.is_false(heard(text).calls, text)
    end
    for _, text in ipairs { "thanks alex, what about legs?", "no thanks", "no thanks Alex", "thanks for nothing", "I did not say thanks",
      "nein danke", "non merci", "thanks, but my knee still hurts", "danke, aber es geht nicht", "hello", "I am thankful for my family and friends and all of you",
      "谢谢，但是不行吗" } do
      assert.is_false(heard(text).thanks, text)
    end
  end)

  it("declines in any language, and says no more", function()
    for _, text in ipairs { "no thanks", "No, thank you!", "nein danke", "non merci", "no, gracias", "não, obrigado", "no grazie", "nie, dziękuję", "нет, спасибо", "لا شكرا",
      "hayır, teşekkürler", "नहीं, धन्यवाद", "いいえ、結構です", "不用了，谢谢", "아니요, 괜찮아요" } do
      assert.is_true(heard(text).declines, text)
      assert.is_false(heard(text).calls, text)
    end
    for _, text in ipairs { "thanks", "no thanks, what about legs?", "no", "I need no thanks for that, it was a pleasure to help you all" } do
      assert.is_false(heard(text).declines, text)
    end
  end)

  it("bids silence in any language, and says no more", function()
    for _, text in ipairs { "Alex, stop", "stop it alex!", "Alex please shut up", "can you be quiet?", "leave me alone", "Alex, hör auf!", "Alex, halt bitte den Mund", "tais-toi Alex",
      "arrête s'il te plaît", "¡cállate!", "Basta ya", "Alex, cala a boca", "Alex, para!", "zitto, Alex", "przestań, proszę", "Алекс, замолчи", "хватит!", "اسكت", "Alex sus lütfen",
      "चुप रहो", "黙って", "静かにしてください", "闭嘴", "Alex，安静点", "조용히 해", "Alex 그만해", "หยุดพูด" } do
      assert.is_true(heard(text).stops, text)
    end
    for _, text in ipairs { "how do I stop snoring?", "don't stop", "the bus stop", "I can't stop eating", "stop the timer at five", "这里很安静", "静かな部屋", "para mí está bien",
      "Bus hält hier" } do
      assert.is_false(heard(text).stops, text)
    end
    assert.is_true(hearing.hear(ear "小明", "小明闭嘴").stops)
  end)

  it("greets in any language, and says no more", function()
    for _, text in ipairs { "hi", "Hello Alex", "Guten Morgen", "bonjour", "¡Hola!", "olá", "ciao", "cześć", "привет", "مرحبا", "こんにちは", "你好", "안녕하세요", "merhaba", "नमस्ते",
      "bye", "bis morgen", "до свидания", "再见" } do
      assert.is_true(heard(text).greets, text)
      assert.is_true(heard(text).calls, text)
    end
    for _, text in ipairs { "hi, how do I get stronger?", "hello world is the first program that one writes", "what a day" } do
      assert.is_false(heard(text).greets, text)
    end
  end)

  it("leaves nothing to be answered when it is a nod", function()
    for _, text in ipairs { "ok", "haha", "😀😀", "alles klar", "да", "了解", "ㅋㅋㅋ", "!!!", "" } do assert.is_false(heard(text).calls, text) end
    for _, text in ipairs { "I ran 5k", "今日は走った", "no way that this works for me" } do assert.is_true(heard(text).calls, text) end
  end)

  it("of 16,000 characters is heard in a few milliseconds", function()
    local many = {}
    for i = 1, 200 do many[i] = { id = "u" .. i, nickname = (i % 2 == 0 and "さくら" or "Alex ") .. i } end
    local crowd = hearing.ear { id = "bot-9", names = { "Coach Alex", "さくら" }, handles = { "alex_bot" }, others = many }
    for _, piece in ipairs { "alex ", "alex, ", "@alex", "@a@", "<@", "<@bot-9|", "<", "[", "さくら", "さ", "あの", "\204\129", "@", "/", "a/", "`", "> \n", "\226\128\139", "tg://user?id=",
      "hi ", "thank ", "will ", "a'", "alex-", "://", "wwww.", "<at>", "사쿠라", "谢谢", "?", "<!here", "\255" } do
      local text = piece:rep(math.ceil(16000 / math.max(1, select(2, piece:gsub("[^\128-\191]", "")))))
      local ok, took = cost.within(0.1, function() hearing.hear(crowd, text) end)
      assert.is_true(ok, ("%s: %.3f s"):format(piece, took)) -- some 0.01; the square would take seconds
    end
  end)
end)
