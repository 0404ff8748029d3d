-- spec/chats/policies.lua -- what its owner has set: when it speaks, to whom, and when not.

-- The time of day in so many hours.
local function at(hours) return os.date("!%H:%M", os.time() + hours * 3600) end

return {
  { name = "only when mentioned", lang = "en", agent = { settings = { speak = "mentioned" } }, lines = {
    { "Sarah", "how much protein is in an egg?", "silence" },
    { "Sarah", "Alex, how much protein is in an egg?", "answer" },
    { "Sarah", "and in two eggs?", "silence", after = 3 },
  } },
  { name = "danger is heard by everybody", lang = "en", agent = { settings = { speak = "mentioned" } }, lines = {
    { "Sarah", "what a game yesterday", "silence" },
    { "Ben", "help, he is not breathing!", "answer" },
    { "Sarah", "this film was so funny, I could not breathe, lol", "silence" },
  } },
  { name = "without reactions thanks get none", lang = "en", agent = { settings = { tools = { "send_message" } } }, lines = {
    { "Sarah", "Alex, what helps against sore legs?", "answer" },
    { "Sarah", "thanks Alex!", "silence" },
  } },
  { name = "whom it ignores gets nothing", lang = "en", agent = { settings = { ignores = { "u-ben" } } }, lines = {
    { "Ben", "Alex, what helps against sore legs?", "silence" },
    { "Sarah", "Alex, what helps against sore legs?", "answer" },
  } },
  { name = "reactions only", lang = "en", agent = { settings = { reactions_only = true } }, lines = {
    { "Sarah", "Alex, what helps against sore legs?", "react" },
    { "Ben", "lunch?", "silence" },
  } },
  { name = "quiet hours are quiet", lang = "en",
    agents = {
      { name = "Coach Alex", settings = { quiet_hours = { from = at(-1), to = at(6), utc_offset = "+00:00" } } },
    }, lines = {
      { "Sarah", "Alex, what helps against sore legs?", "silence" },
      { "Ben", "he sleeps", "silence" },
    } },
  { name = "other agents are answered by nobody who answers people", lang = "en",
    people = { "Sarah", "Ben", { id = "other-bot", nickname = "Robo", isAgent = true } }, lines = {
      { "Robo", "Alex, what do you think?", "silence", as = { id = "other-bot", nickname = "Robo", isAgent = true } },
      { "Sarah", "Alex, what do you think about running?", "answer" },
    } },
}
