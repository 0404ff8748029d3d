-- spec/chats/follow_ups.lua -- after an answer: who goes on with it, and who talks of something else.

return {
  { name = "after one answer others' talk is theirs", lang = "en", lines = {
    { "Sarah", "Alex, what helps against sore legs?", "answer" },
    { "Ben", "has anybody seen my keys?", "silence" },
    { "Mia", "on the table", "silence" },
    { "Ben", "great", "silence" },
  } },
  { name = "the person who was answered may go on", lang = "en",
    model = { "Stretch your legs for ten minutes every evening.", "Both legs, thirty seconds each." }, lines = {
      { "Sarah", "Alex, what helps against sore legs?", "answer" },
      { "Sarah", "should I stretch both legs?", "answer", after = 10 },
    } },
  { name = "somebody else joins in by name only", lang = "en",
    model = { "Stretch your legs for ten minutes every evening.", "Swim twice a week." }, lines = {
      { "Sarah", "Alex, what helps against sore legs?", "answer" },
      { "Ben", "and what about my back?", most = 1, after = 10 },
      { "Mia", "Sarah, will you try that?", "silence", after = 10 },
      { "Sarah", "yes, tonight", "silence", after = 10 },
    } },
  { name = "a follow-up in another language", lang = "de", agent = { name = "Jürgen", prompt = "Du bist Trainer." },
    model = { "Dehne deine Beine jeden Abend zehn Minuten.", "Ja, beide Beine." }, lines = {
      { "Sarah", "Jürgen, was hilft gegen Muskelkater in den Beinen?", "answer" },
      { "Ben", "ich hole Kaffee", "silence" },
      { "Sarah", "Jürgen, soll ich beide Beine dehnen?", "answer", after = 10 },
    } },
  { name = "much later a line is no follow-up", lang = "en",
    model = { "Stretch your legs for ten minutes every evening." }, lines = {
      { "Sarah", "Alex, what helps against sore legs?", "answer" },
      { "Sarah", "I am off to the cinema", "silence", after = 1200 },
    } },
  { name = "the person who was answered turns to somebody else", lang = "en", lines = {
    { "Sarah", "Alex, what helps against sore legs?", "answer" },
    { "Sarah", "Ben, are you coming tonight?", "silence", after = 5 },
    { "Sarah", "@Mia what about you?", "silence", after = 5 },
  } },
  { name = "follow-ups do not go on for ever", lang = "en",
    model = { "Stretch your legs every evening.", "Ten minutes for your legs.", "Yes, stretch legs slowly." }, lines = {
      { "Sarah", "Alex, what helps against sore legs?", "answer" },
      { "Sarah", "how long should I stretch my legs?", most = 1, after = 5 },
      { "Sarah", "slowly, with both legs?", most = 1, after = 5 },
      { "Sarah", "my legs hurt when I stretch", most = 1, after = 5 },
      { "Sarah", "legs are odd things", "silence", after = 5 },
      { "Sarah", "I stretch my legs under the desk", "silence", after = 5 },
    } },
}
