-- spec/chats/events.lua -- what happens in a chat besides messages.

local function joined(nickname)
  return { type = "user-joined", content = { participant = { id = "u-" .. nickname:lower(), nickname = nickname } } }
end

return {
  { name = "people who come, react and type are not answered", lang = "en", lines = {
    { event = joined "Zoe", want = "silence" },
    { "Sarah", "welcome Zoe", "silence", label = "welcome" },
    { event = { type = "reaction", content = { messageId = "$welcome", emoji = "🎉",
        participant = { id = "u-ben", nickname = "Ben" } } }, want = "silence" },
    { "Ben", nil, typing = true, want = "silence" },
  } },
  { name = "one-to-one becomes a group when somebody joins", lang = "en", people = { "Sarah" }, lines = {
    { "Sarah", "what helps against sore legs?", "answer" },
    { event = joined "Ben", want = "silence" },
    { "Ben", "hi Sarah, pizza tonight?", "silence", after = 300 },
    { "Sarah", "yes Ben", "silence" },
  } },
  { name = "one-to-one a picture without words is not passed over", lang = "en", people = { "Sarah" }, lines = {
    { event = { type = "new-message", content = { message = { id = "picture-1", content = "",
        participant = { id = "u-sarah", nickname = "Sarah" }, createdAt = "2026-01-01T00:00:00Z",
        attachments = { { url = "https://img.example.com/a.png" } } } } }, want = "answer" },
    { "Sarah", "how many sets should I do for my legs?", "answer", after = 300 },
  } },
  { name = "after the time limit nothing is said", lang = "en", people = { "Sarah" }, lines = {
    { "Sarah", "what helps against sore legs?", "answer" },
    { event = { type = "timer-expired", content = { expiresAt = "2026-01-01T00:00:00.000Z" } }, want = "silence" },
    { "Sarah", "are you still there?", "silence" },
  } },
}
