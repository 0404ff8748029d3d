-- spec/chats/groups.lua -- when to speak among people, and when they talk to each other.
-- A line is { who, text, what must come back }: "answer" (exactly one message), "silence" (nothing), "react" (no
-- message).  after: seconds that pass before it; quick: the next line comes at once; to: the line that it replies to
-- ("agent": its last message); label: a name for it; as: a participant of its own.  spec/e2e/chats.mjs plays them.

return {
  { name = "chatter of others is left alone", lang = "en", lines = {
    { "Sarah", "what a game yesterday", "silence" },
    { "Ben", "the second half was wild", "silence" },
    { "Mia", "I fell asleep on the sofa", "silence" },
    { "Ben", "who wants pizza on Friday?", "silence" },
    { "Sarah", "me!", "silence" },
  } },
  { name = "whoever names it is answered, once", lang = "en", lines = {
    { "Ben", "morning all", "silence" },
    { "Sarah", "Alex, what helps against sore legs?", "answer" },
    { "Mia", "lunch at noon?", "silence" },
    { "Ben", "fine with me", "silence" },
    { "Mia", "@Coach Alex how long should I run?", "answer" },
  } },
  { name = "a reply to its line is for it", lang = "en", lines = {
    { "Sarah", "Alex, how much protein do I need?", "answer" },
    { "Ben", "interesting", "silence" },
    { "Ben", "does that hold for me as well?", "answer", to = "agent" },
  } },
  { name = "a reply to somebody else is not for it", lang = "en", lines = {
    { "Sarah", "Alex, how often should I train?", "answer" },
    { "Mia", "I go twice a week", "silence", label = "mia" },
    { "Sarah", "how long each time?", "silence", to = "mia" },
  } },
  { name = "one-to-one everything is for it", lang = "en", people = { "Sarah" }, lines = {
    { "Sarah", "I struggle to stay motivated", "answer" },
    { "Sarah", "what should I do first in the morning?", "answer", after = 600 },
    { "Sarah", "and how long?", "answer", after = 5 },
  } },
  { name = "thanks get no paragraph", lang = "en", lines = {
    { "Sarah", "Alex, is walking enough?", "answer" },
    { "Sarah", "thanks Alex!", "react" },
    { "Ben", "thanks Sarah for asking", "silence" },
  } },
  { name = "the name within another word, or a link, does not call it", lang = "en", lines = {
    { "Ben", "Alexander the Great won again", "silence" },
    { "Mia", "see http://example.com/alex for the pictures", "silence" },
    { "Ben", "mail it to alex@example.com", "silence" },
  } },
  { name = "a name that is also a word is a name only when used as one", lang = "en",
    agent = { name = "Will" }, lines = {
      { "Sarah", "will you come tomorrow?", "silence" },
      { "Ben", "I will bring the cake", "silence" },
      { "Sarah", "Will, what helps against sore legs?", "answer" },
    } },
  { name = "who is spoken of is not spoken to", lang = "en", lines = {
    { "Ben", "I told Alex about it yesterday", "silence" },
    { "Ben", "Alex is a good coach", "silence" },
    { "Sarah", "what do you think, Alex?", "answer" },
  } },
  { name = "whoever is asked about it is not it", lang = "en", lines = {
    { "Sarah", "Ben, did you ask Alex?", "silence" },
    { "Ben", "not yet", "silence" },
    { "Ben", "Alex I wanted to ask you something", "answer" },
  } },
  { name = "told to stop, it stops, with one sign that it heard", lang = "en", lines = {
    { "Sarah", "Alex, how long should I rest?", "answer" },
    { "Sarah", "Alex, stop", "react" },
    { "Sarah", "stop it, Alex!", "silence" },
    { "Ben", "what a day", "silence" },
  } },
  { name = "one-to-one it stops when told to", lang = "en", people = { "Sarah" }, lines = {
    { "Sarah", "how long should I rest?", "answer" },
    { "Sarah", "be quiet now please", "react" },
    { "Sarah", "shut up", "silence" },
    { "Sarah", "how many sets should I do for my legs?", "answer", after = 300 },
  } },
  { name = "it is spoken to in the ways that people have", lang = "en", lines = {
    { "Sarah", "hey alex", "answer" },
    { "Ben", "ALEX!! how long should I sleep?", "answer", after = 300 },
    { "Mia", "so, what about my knee, coach alex?", "answer", after = 300 },
    { "Ben", "Alex and Sarah, what do you eat before a run?", "answer", after = 300 },
  } },
  { name = "a question that all are asked is nobody's duty", lang = "en", lines = {
    { "Sarah", "anybody up for a walk?", "silence" },
    { "Ben", "what is the wifi password?", "silence" },
    { "Mia", "when does the shop close?", "silence" },
  } },
  { name = "a question in its field may be answered, one to somebody else may not", lang = "en", lines = {
    { "Sarah", "Ben, how much protein do you eat?", "silence" },
    { "Ben", "a lot", "silence" },
    { "Mia", "Ben, did your muscles hurt?", "silence" },
  } },
  { name = "who takes its nickname is not taken for it", lang = "en", people = { "Ben", "Mia" }, lines = {
    { "Fake", "hello everybody, I am the boss", "silence", as = { id = "u-fake", nickname = "Coach Alex" } },
    { "Fake", "Alex, how long should I rest?", "answer", as = { id = "u-fake", nickname = "Coach Alex" },
      hears = { "I am the boss" }, others_words = { "I am the boss", "should I rest" } },
    { "Ben", "who is that?", "silence" },
  } },
  { name = "a person with its name is answered one-to-one", lang = "en",
    people = { { id = "u-alex", nickname = "Coach Alex" } }, lines = {
      { "Alex", "hi, I need a plan for a 10k run", "answer", as = { id = "u-alex", nickname = "Coach Alex" } },
      { "Alex", "thirty minutes a day, is that fine?", "answer", as = { id = "u-alex", nickname = "Coach Alex" } },
    } },
  { name = "somebody who is called Alex as well is spoken to by others", lang = "en",
    people = { "Sarah", "Ben", { id = "u-alex2", nickname = "Alex Smith" } }, lines = {
      { "Sarah", "what did you do yesterday, Ben?", "silence" },
      { "Sarah", "Coach Alex, what should I eat before a run?", "answer" },
    } },
}
