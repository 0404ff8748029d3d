-- spec/chats/echoes.lua -- platforms that send an agent's own words back, and agents that meet agents.

local bot = { id = "bot-77", nickname = "AlexBot" }

return {
  { name = "its own echo under another name is not answered", lang = "en", echo = bot, lines = {
    { "Sarah", "Alex, what helps against sore legs?", "answer" },
    { "Ben", "good to know", "silence" },
    { "Sarah", "Alex, and before a run?", "answer" },
  } },
  { name = "its own echo one-to-one is not answered", lang = "en", people = { "Sarah" }, echo = bot, lines = {
    { "Sarah", "what helps against sore legs?", "answer" },
    { "Sarah", "and what before a run, please?", "answer", after = 30 },
  } },
  { name = "its own echo under its own id is not answered", lang = "en",
    people = { "Sarah" }, echo = { id = "platform-user-1", nickname = "Coach Alex" }, lines = {
      { "Sarah", "what helps against sore legs?", "answer" },
      { "Sarah", "thank you, that was what I wanted to know", after = 10, most = 1 },
    } },
  { name = "an echo that names the agent is not answered either", lang = "en", echo = bot,
    model = { "I am Coach Alex, and I say: stretch. Any questions for Alex?" }, lines = {
      { "Sarah", "Alex, who are you?", "answer" },
    } },
  { name = "two agents in one room do not talk to each other for ever", lang = "en",
    agents = {
      { name = "Coach Alex", relay = { introduced = true } },
      { name = "Chef Nora", prompt = "You are a cook. You know about recipes and vegetables.", relay = { introduced = true } },
    }, lines = {
      { "Sarah", "Alex, what helps against sore legs?", by = "Coach Alex", most = 1 },
      { "Ben", "Nora, what can I cook tonight?", by = "Chef Nora", most = 1 },
      { "Mia", "you two are great", most = 0 },
    } },
  { name = "agents that name each other stop after a few lines", lang = "en",
    agents = {
      { name = "Coach Alex", relay = { participant = { id = "bot-a", nickname = "Fitness" } },
        model = { "Nora, what do you think?", "Nora, really?", "Nora, sure?", "Nora?", "Nora, again?" } },
      { name = "Chef Nora", prompt = "You are a cook.", relay = { participant = { id = "bot-n", nickname = "Kitchen" } },
        model = { "Alex, what do you say?", "Alex, tell me.", "Alex, go on.", "Alex, more?", "Alex, and?" } },
    }, lines = {
      { "Sarah", "Alex, what should I eat?", most = 4 },
    } },
  { name = "two agents alone with each other's echoes come to an end", lang = "en", people = {},
    agents = {
      { name = "Coach Alex", relay = { participant = { id = "bot-a", nickname = "A" } } },
      { name = "Chef Nora", prompt = "You are a cook.", relay = { participant = { id = "bot-n", nickname = "N" } } },
    }, lines = {
      { "Starter", "Alex and Nora, say hello", most = 8 },
    } },
}
