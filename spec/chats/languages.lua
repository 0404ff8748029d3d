-- spec/chats/languages.lua -- names, questions and thanks in the languages of people.

-- Three lines of the others, a question to the agent, and once more chatter.
local function group(lang, agent, others, question, chatter, thanks)
  local lines = {}
  for i, text in ipairs(others) do lines[i] = { i % 2 == 1 and "Sarah" or "Ben", text, "silence" } end
  lines[#lines + 1] = { "Mia", question, "answer" }
  lines[#lines + 1] = { "Ben", chatter, "silence", after = 300 }
  if thanks then lines[#lines + 1] = { "Mia", thanks, "react" } end
  return { name = "a group in " .. lang .. " hears its name, and only that", lang = lang, agent = { name = agent }, lines = lines }
end

return {
  group("de", "Jürgen", { "wie war das Spiel gestern?", "ganz gut" }, "Jürgen, was hilft gegen Muskelkater?",
    "kommst du morgen?", "danke Jürgen!"),
  group("es", "Íñigo", { "¿quién viene mañana?", "yo no puedo" }, "Íñigo, ¿qué me recomiendas?", "hasta luego",
    "¡gracias Íñigo!"),
  group("fr", "Hélène", { "quel match hier soir", "oui, incroyable" }, "Hélène, tu conseilles quoi ?", "à demain", "merci Hélène"),
  group("pl", "Łukasz", { "co robimy jutro?", "nie wiem" }, "Łukasz, co polecasz?", "do jutra", "dzięki Łukasz"),
  group("tr", "İpek", { "dün maç nasıldı?", "fena değil" }, "İpek, ne önerirsin?", "yarın görüşürüz",
    "teşekkürler İpek"),
  group("ru", "Саша", { "как вчера сыграли?", "неплохо" }, "Саша, что посоветуешь?", "до завтра", "спасибо, Саша"),
  group("ar", "سارة", { "كيف كانت المباراة أمس؟", "جيدة" }, "يا سارة، ما رأيك؟", "إلى الغد", "شكراً يا سارة"),
  group("ja", "さくら", { "昨日の試合はどうだった？", "よかったよ" }, "さくら、元気？", "また明日", "さくら、ありがとう"),
  group("zh", "小美", { "昨天的比赛怎么样？", "还不错" }, "小美，你有什么建议？", "明天见", "谢谢小美"),
  group("ko", "민지", { "어제 경기 어땠어?", "괜찮았어" }, "민지야, 뭐가 좋을까?", "내일 봐", "민지야 고마워"),
  group("hi", "प्रिया", { "कल का मैच कैसा था?", "अच्छा था" }, "प्रिया, तुम क्या सलाह दोगी?", "कल मिलते हैं", "धन्यवाद प्रिया"),
  group("el", "Νίκος", { "πώς πήγε ο αγώνας χθες;", "καλά" }, "Νίκο, τι προτείνεις;", "τα λέμε αύριο", "ευχαριστώ Νίκο"),
  group("pt", "João", { "quem vem amanhã?", "eu não" }, "João, o que recomendas?", "até logo", "obrigado João"),
  { name = "the name in other letters is the name", lang = "de", agent = { name = "JÜRGEN" }, lines = {
    { "Sarah", "jürgen, was hilft gegen Muskelkater?", "answer" },
    { "Ben", "Jürgens Auto ist kaputt", "silence", after = 300 },
  } },
  { name = "mentions of platforms are heard", lang = "en", lines = {
    { "Sarah", "@CoachAlex what helps against sore legs?", "answer" },
    { "Ben", "@Mia are you there?", "silence", after = 300 },
    { "Mia", "<@u-ben> yes", "silence" },
  } },
}
