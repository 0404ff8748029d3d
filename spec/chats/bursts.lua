-- spec/chats/bursts.lua -- several lines at once, people who type, and crosstalk during an answer.

return {
  { name = "four quick lines get one answer", lang = "en", people = { "Sarah" }, lines = {
    { "Sarah", "hey", quick = true },
    { "Sarah", "quick question", quick = true },
    { "Sarah", "about running", quick = true },
    { "Sarah", "how often is good for a beginner?", "answer" },
  } },
  { name = "a question in a group that comes in three pieces gets one answer", lang = "en", lines = {
    { "Sarah", "Alex", quick = true },
    { "Sarah", "my legs hurt since Monday", quick = true },
    { "Sarah", "what can I do?", "answer" },
  } },
  { name = "whoever types first finishes", lang = "en", people = { "Sarah" }, lines = {
    { "Sarah", "hello coach", quick = true },
    { "Sarah", nil, typing = true, quick = true },
    { "Sarah", "what is a good first run?", "answer" },
  } },
  { name = "crosstalk does not undo an answer that is being made", lang = "en",
    model = { { text = "Stretch every evening.", ms = 600 } }, lines = {
      { "Sarah", "Alex, what helps against sore legs?", quick = true },
      { "Ben", "pizza tonight?", quick = true },
      { "Mia", "yes please", "answer", says = { "Stretch every evening." } },
    } },
  { name = "two people ask at once, and nobody is forgotten or answered twice", lang = "en", lines = {
    { "Sarah", "Alex, how long should I sleep?", quick = true },
    { "Ben", "Alex, how much water should I drink?", most = 2 },
    { "Mia", "nice weather", "silence", after = 200 },
  } },
}
