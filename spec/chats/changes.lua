-- spec/chats/changes.lua -- what people change afterwards, who leaves, and what comes besides words.

return {
  { name = "a group that shrinks becomes one-to-one", lang = "en", people = { "Sarah", "Ben" }, lines = {
    { "Sarah", "I am so tired today", "silence" },
    { event = { type = "user-left", content = { participant = { id = "u-ben", nickname = "Ben" } } },
      want = "silence" },
    { "Sarah", "now it is just the two of us", "answer", after = 60 },
  } },
  { name = "an edited message is as it was edited", lang = "en", lines = {
    { "Sarah", "I have sore arms since Monday", "silence", label = "arms" },
    { event = { type = "message-edited", content = { messageId = "$arms", content = "I have sore legs since Monday" } },
      want = "silence" },
    { "Sarah", "Alex, what can I do?", "answer", hears = { "sore legs" }, unheard = { "sore arms" } },
  } },
  { name = "a deleted message is gone", lang = "en", lines = {
    { "Ben", "my locker code is 4711", "silence", label = "code" },
    { event = { type = "message-deleted", content = { messageId = "$code" } }, want = "silence" },
    { "Sarah", "Alex, how long should I rest?", "answer", unheard = { "4711" } },
  } },
  { name = "a picture without words is an event", lang = "en", people = { "Sarah" }, lines = {
    { "Sarah", "hi, do you know this machine in the gym?", "answer" },
    { event = { type = "new-message", content = { message = { id = "pic-1", createdAt = "2026-01-01T00:00:00.000Z",
        participant = { id = "u-sarah", nickname = "Sarah" },
        attachments = { { type = "image", url = "https://example.com/a.png" } } } } }, want = "answer" },
  } },
  { name = "the platform says who the agent is, and what people write for it", lang = "en",
    introduce = { { id = "tg-99", nickname = "alex_bot", self = true, handles = { "alex_coach_bot" } } },
    echo = { id = "tg-99", nickname = "alex_bot" }, lines = {
      { "Sarah", "@alex_coach_bot what helps against sore legs?", "answer" },
      { "Ben", "nice", "silence" },
      { "Ben", "<@tg-99> and for my back?", "answer", mentions = { "tg-99" }, after = 300 },
      { "Mia", "<@u-ben> what did it say?", "silence", mentions = { "u-ben" } },
    } },
  { name = "numbers are taken as ids, and seconds as times", lang = "en",
    people = { { id = "42", nickname = "Sarah" } }, lines = {
    { event = { type = "new-message", content = { message = { id = 4711, createdAt = 1783000000, content = "is ten minutes enough?",
        participant = { id = 42, nickname = "Sarah" } } } }, want = "answer" },
  } },
}
