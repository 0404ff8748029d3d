-- scripts/agent/providers/offline_general.lua -- what the offline provider says in any role.
-- Building blocks as in offline_fitness.lua.  {name} is who is spoken to, {about} what they mentioned,
-- {role} what the prompt says the agent is, {me} its name.

local M = {}

-- Kinds of messages that are answered the same way in every role.  The first that matches counts;
-- `short`: only in messages of at most so many words, so that "hi, my knee hurts" is about the knee.
M.intents = {
  {
    name = "machine",
    words = { "are you a bot", "are you an ai", "are you ai", "are you human", "are you real", "are you a real person",
      "are you a robot", "real person", "chatgpt", "language model", "which model", "what model", "are you a machine", "llm" },
    say = {
      "Honest answer, {name}: I'm not a person, and I'm not a language model either. I'm {me}, and at the moment built-in rules write my answers, because no language model is connected.",
      "I'm {me}, a program, {name}. No language model is connected right now, so my answers come from built-in rules.",
    },
    ask = { "What can I help you with?", "What would you like to talk about?" },
  },
  {
    name = "identity", short = 12,
    words = { "who are you", "what are you", "your name", "introduce yourself", "about yourself", "what do you do",
      "what can you do", "how can you help", "what can you help", "who am i talking to", "who is this" },
    say = {
      "I'm {me}, {role}, {name}. Just so you know: no language model is connected at the moment, so I answer by built-in rules.",
      "Hi {name}, I'm {me}, {role}. For now I answer by built-in rules, as no language model is connected.",
    },
    ask = { "What's on your mind?", "Where shall we start?" },
  },
  {
    name = "thanks", short = 12, reaction = "👍",
    words = { "thank*", "thx", "ty", "cheers", "appreciate*", "grateful" },
    say = { "Anytime, {name}!", "You're welcome, {name}.", "Glad it helps, {name}." },
    ask = { "Tell me how it goes.", "I'm here when you need me." },
  },
  {
    name = "goodbye", short = 10,
    words = { "bye", "goodbye", "good night", "goodnight", "see you", "see ya", "talk later", "talk soon",
      "gotta go", "got to go", "have to go", "ttyl", "see you later", "talk to you later" },
    say = { "Take care, {name}!", "See you, {name}.", "Bye for now, {name}. Good talking to you." },
  },
  {
    name = "greeting", short = 6,
    words = { "hi", "hello", "hey", "hiya", "yo", "good morning", "good evening", "good afternoon", "howdy",
      "greetings", "how are you", "what's up", "whats up", "sup" },
    say = { "Hi {name}, good to see you!", "Hey {name}! Nice that you're here.", "Hello {name}!" },
    ask = { "What's on your mind today?", "How are things going?", "What would you like to work on?" },
  },
}

-- Reports of something that went well.
M.progress = { "finally", "i did it", "personal best", "new pr", "a pr", "my pr", "proud", "achieved", "managed to",
  "milestone", "finished my", "made it", "nailed it", "crushed it", "lost 5", "completed", "good news", "it worked" }

-- Short words that say nothing new, to be acknowledged by a reaction.
M.nods = { "ok", "okay", "k", "cool", "nice", "lol", "haha", "hah", "great", "yep", "yup", "sure", "alright",
  "perfect", "awesome", "wow", "got it", "will do", "sounds good", "makes sense" }

-- What people say when they do not want a reaction.
M.unreact = { "remove your reaction", "remove the reaction", "remove that reaction", "remove this reaction", "delete your reaction",
  "take your reaction back", "take back your reaction", "take back that reaction", "undo your reaction", "undo that reaction",
  "don't react", "do not react", "stop reacting", "no reactions please", "wrong reaction", "unreact" }

-- What an answer to a question of ours may begin with.
M.answers = { "yes", "yeah", "yep", "yup", "no", "nope", "nah", "sure", "maybe", "mostly", "usually", "about", "both" }

-- Any role without a file of its own.
M.help = {
  question = {
    ack = {
      "Good question, {name}.",
      "Let me think that through with you, {name}.",
      "Happy to look at that, {name}.",
    },
    advice = {
      "With {about}, the first thing to settle is what outcome you want; the steps follow from that.",
      "For {about}, start with the smallest part that you can check on its own, and build from there.",
      "On {about}, it helps to separate what is known from what is only assumed.",
    },
  },
  problem = {
    ack = {
      "That sounds frustrating, {name}.",
      "I see, {name}, that's not how it should be.",
      "Sorry that this gives you trouble, {name}.",
    },
    advice = {
      "Let's narrow {about} down: when did it last go well, and what has changed since?",
      "With {about}, one step at a time: change a single thing, look what happens, then the next.",
      "About {about}: tell me exactly what you did and what happened then, word for word if you can.",
    },
  },
  statement = {
    ack = {
      "Thanks for telling me, {name}.",
      "I follow you, {name}.",
      "Understood, {name}.",
    },
    advice = {
      "What stands out for me is {about}.",
      "I'd take {about} as the place to start.",
      "Let's keep {about} in view.",
    },
  },
  ask = {
    "As {role}, where can I help you most with it?",
    "What have you tried so far?",
    "What would a good result look like for you?",
    "What matters most to you about it?",
    "Is there a date by which you need it?",
  },
  -- Before a line of the agent's own prompt that fits the message.
  notes = { "What I can tell you: ", "From what I know: ", "This may help: " },
}

M.problem = { "not working", "doesn't work", "does not work", "broken", "error*", "fail*", "issue*", "problem*",
  "stuck", "can't", "cannot", "won't", "wrong", "struggl*", "hard", "difficult*", "frustrat*", "lost", "worried",
  "annoy*", "bad", "gave up", "quit", "still", "never", "slow", "missing", "late", "angry", "refund*", "complain*" }

M.question = { "what", "how", "why", "when", "where", "which", "who", "can you", "could you", "should i", "do you",
  "is it", "is there", "does", "would you", "any tips", "recommend*", "advice", "help me", "explain" }

M.emoji = "🙂"

return M
