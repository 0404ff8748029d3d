-- spec/scripts/agent_said_spec.lua -- what models write instead of an answer, and what is meant by it.
-- Each row: what it is, the answer, what of it is text, and the calls ("name content|message_id emoji").

local said = require "agent.said"
local cost = require "spec.support.cost"

local NAMES = said.names({ "Coach Alex", "Alex Session" }, { "Sarah", "Ben Miller" })

local function outline(calls)
  local out = {}
  for i, call in ipairs(calls) do
    local a = call.arguments
    out[i] = table.concat({ call.name, said.content(a) or "", a.message_id or "", a.emoji or "" }, "|"):gsub("|+$", "")
  end
  return table.concat(out, " ; ")
end

local HI = "send_message|Hi"

local thinking = {
  { "a block", "<think>She asks.</think>\n\nHi", "Hi" },
  { "a block without end", "<think>She asks. So I", "" },
  { "an empty block", "<think>\n\n</think>\n\nHi", "Hi" },
  { "an end without beginning", "She asks me.\nOk.\n</think>\n\nHi", "Hi" },
  { "an end without beginning on one line", "She asks.</think>Hi", "Hi" },
  { "<thinking>", "<thinking>hm</thinking>Hi", "Hi" },
  { "<THINK>", "<THINK>hm</THINK>Hi", "Hi" },
  { "<reasoning>", "<reasoning>hm</reasoning>\nHi", "Hi" },
  { "<thought>", "<thought>\nhm\n</thought>\nHi", "Hi" },
  { "triangles", "◁think▷hm◁/think▷Hi", "Hi" },
  { "triangles without end", "◁think▷hm", "" },
  { "brackets", "[THINK]hm[/THINK]Hi", "Hi" },
  { "brackets without end", "[THINK]hm", "" },
  { "Cohere's marks", "<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Hi<|END_RESPONSE|>", "Hi" },
  { "marks of thoughts and solutions",
    "<|begin_of_thought|>hm<|end_of_thought|>\n<|begin_of_solution|>Hi<|end_of_solution|>", "Hi" },
  { "Seed's mark", "<seed:think>hm</seed:think>Hi", "Hi" },
  { "a fence inside that has no end", "<think>\n```\nsend(\n</think>\nHi", "Hi" },
  { "a quoted mark inside", "<think>do not use <b>bold</b></think>Hi", "Hi" },
  { "two blocks", "<think>a</think>Hi <think>b</think>there", "Hi there" },
  { "a block and an answer element", "<think>a</think>\n<answer>\nHi\n</answer>", "Hi" },
  { "harmony", "<|channel|>analysis<|message|>She asks.<|end|><|start|>assistant<|channel|>final<|message|>Hi<|return|>",
    "Hi" },
  { "harmony without an answer", "<|channel|>analysis<|message|>She asks", "" },
  { "harmony with a call",
    '<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>commentary to=functions.send_message '
      .. '<|constrain|>json<|message|>{"content":"Hi"}<|call|>', "", HI },
  { "harmony with a call, addressed first",
    '<|start|>assistant to=functions.send_message<|channel|>commentary json<|message|>{"content":"Hi"}', "", HI },
  { "harmony without its marks", "analysisThey greet.assistantfinalHi", "Hi" },
}

local calls = {
  { "Hermes", '<tool_call>{"name": "send_message", "arguments": {"content": "Hi"}}</tool_call>', "", HI },
  { "Hermes on lines", '<tool_call>\n{"name": "send_message", "arguments": {"content": "Hi"}}\n</tool_call>', "", HI },
  { "Hermes without an end", '<tool_call>\n{"name": "send_message", "arguments": {"content": "Hi"}}', "", HI },
  { "Hermes cut short", '<tool_call>\n{"name": "send_message", "arguments": {"content": "Hi', "" },
  { "Hermes with text before", 'Sure.\n<tool_call>{"name":"send_message","arguments":{"content":"Hi"}}</tool_call>', "",
    HI },
  { "two of Hermes", '<tool_call>{"name":"add_reaction","arguments":{"message_id":"m1","emoji":"👍"}}</tool_call>\n'
      .. '<tool_call>{"name":"send_message","arguments":{"content":"Hi"}}</tool_call>', "", "add_reaction||m1|👍 ; " .. HI },
  { "text beside a reaction", 'Hi!\n<tool_call>{"name":"add_reaction","arguments":{"message_id":"m1","emoji":"👍"}}'
      .. "</tool_call>", "Hi!", "add_reaction||m1|👍" },
  { "arguments as text", '<tool_call>{"name":"send_message","arguments":"{\\"content\\":\\"Hi\\"}"}</tool_call>', "", HI },
  { "Qwen Coder", "<tool_call>\n<function=send_message>\n<parameter=content>\nHi\n</parameter>\n</function>\n</tool_call>",
    "", HI },
  { "Llama's function", '<function=send_message>{"content": "Hi"}</function>', "", HI },
  { "a function without an end", '<function=send_message>{"content": "Hi"}', "", HI },
  { "GLM", "<tool_call>send_message\n<arg_key>content</arg_key>\n<arg_value>Hi</arg_value>\n</tool_call>", "", HI },
  { "invoke", '<function_calls>\n<invoke name="send_message">\n<parameter name="content">Hi</parameter>\n</invoke>\n'
      .. "</function_calls>", "", HI },
  { "Mistral", '[TOOL_CALLS][{"name": "send_message", "arguments": {"content": "Hi"}}]', "", HI },
  { "Mistral with a name", '[TOOL_CALLS]send_message{"content": "Hi"}', "", HI },
  { "Mistral of today", '[TOOL_CALLS]send_message[ARGS]{"content": "Hi"}', "", HI },
  { "Llama's tag", '<|python_tag|>{"name": "send_message", "parameters": {"content": "Hi"}}<|eom_id|>', "", HI },
  { "Llama's tag with Python", '<|python_tag|>send_message(content="Hi")', "", HI },
  { "DeepSeek", '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>send_message\n```json\n{"content":"Hi"}\n'
      .. "```<｜tool▁call▁end｜><｜tool▁calls▁end｜>", "", HI },
  { "DeepSeek of today", '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>send_message<｜tool▁sep｜>{"content":"Hi"}'
      .. "<｜tool▁call▁end｜><｜tool▁calls▁end｜>", "", HI },
  { "Kimi", '<|tool_calls_section_begin|><|tool_call_begin|>functions.send_message:0<|tool_call_argument_begin|>'
      .. '{"content": "Hi"}<|tool_call_end|><|tool_calls_section_end|>', "", HI },
  { "Cohere", '<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "send_message", "parameters": {"content": "Hi"}}]'
      .. "<|END_ACTION|>", "", HI },
  { "the name of the tool as an element", "<send_message>\n<content>Hi</content>\n</send_message>", "", HI },
  { "an element with attributes", '<send_message content="Hi"/>', "", HI },
  { "a block of JSON", '```json\n{"name":"send_message","arguments":{"content":"Hi"}}\n```', "", HI },
  { "a block of JSON, flat", '```json\n{"name":"send_message","content":"Hi"}\n```', "", HI },
  { "a block behind text", 'Here:\n```json\n{"name":"send_message","arguments":{"content":"Hi"}}\n```', "", HI },
  { "Gemma", '```tool_code\nsend_message(content="Hi")\n```', "", HI },
  { "Gemma with print", '```tool_code\nprint(send_message(content="Hi"))\n```', "", HI },
  { "Python", 'send_message(content="Hi")', "", HI },
  { "Python by place", 'send_message("Hi")', "", HI },
  { "Python with other quotes", "send_message(content='It\\'s a \"Hi\"')", "", 'send_message|It\'s a "Hi"' },
  { "Python with quotes inside quotes", 'send_message(content="Say "Hi" to him")', "", 'send_message|Say "Hi" to him' },
  { "Python over lines", 'send_message(content="Hi\nthere")', "", "send_message|Hi\nthere" },
  { "Python without quotes", "send_message(Hi there!)", "", "send_message|Hi there!" },
  { "Python behind text", 'I should greet her.\n\nsend_message(content="Hi")', "", HI },
  { "Python before text", 'send_message(content="Hi")\n\nI greeted her.', "", HI },
  { "two in Python", 'add_reaction(message_id="m1", emoji="👍")\nsend_reply(content="Hi", message_id="m1")', "",
    "add_reaction||m1|👍 ; send_reply|Hi|m1" },
  { "a list in Python", '[add_reaction("m1", "👍"), send_message("Hi")]', "", "add_reaction||m1|👍 ; " .. HI },
  { "camels", 'functions.sendMessage({"content": "Hi"})', "", HI },
  { "in backticks", '`send_message(content="Hi")`', "", HI },
  { "JSON", '{"name":"send_message","arguments":{"content":"Hi"}}', "", HI },
  { "JSON with parameters", '{"type":"function","name":"send_message","parameters":{"content":"Hi"}}', "", HI },
  { "JSON as OpenAI has it", '{"tool_calls":[{"type":"function","function":{"name":"send_message","arguments":"{\\"content\\":'
      .. '\\"Hi\\"}"}}]}', "", HI },
  { "JSON with an action", '{"action": "send_message", "action_input": {"content": "Hi"}}', "", HI },
  { "JSON by its key", '{"send_message": {"content": "Hi"}}', "", HI },
  { "JSON with a comma too many", '{"name":"send_message","arguments":{"content":"Hi",},}', "", HI },
  { "JSON with a line break in a string", '{"name":"send_message","arguments":{"content":"Hi\nthere"}}', "",
    "send_message|Hi\nthere" },
  { "JSON cut short", '{"name":"send_message","arguments":{"content":"Hi', "" },
  { "Python cut short", 'send_message(content="Hi', "" },
  { "JSON of content only", '{"content": "Hi"}', "Hi" },
  { "JSON of a message", '{"message": "Hi"}', "Hi" },
  { "JSON of parts", '{"content": [{"type": "text", "text": "Hi"}]}', "Hi" },
  { "a name and JSON", 'send_message\n{"content": "Hi"}', "", HI },
  { "ReAct", 'Thought: greet her\nAction: send_message\nAction Input: {"content": "Hi"}', "", HI },
  { "a tool that does not exist", '<tool_call>{"name":"search","arguments":{"q":"x"}}</tool_call>', "", "search" },
  { "what a tool would answer", '<tool_call>{"name":"send_message","arguments":{"content":"Hi"}}</tool_call>\n'
      .. "<tool_response>ok</tool_response>", "", HI },
}

local silence = {
  { "the tool's name", "stay_silent", "", "stay_silent" },
  { "the tool called", "stay_silent()", "", "stay_silent" },
  { "the tool with a reason", 'stay_silent(reason="not for me")', "", "stay_silent" },
  { "the tool behind text", "Not for me.\nstay_silent", "", "stay_silent" },
  { "in brackets", "(stays silent)", "" },
  { "in brackets, with a reason", "(stays silent, since nobody asked)", "" },
  { "between stars", "*stays silent*", "" },
  { "in square brackets", "[no response]", "" },
  { "in words", "I will stay silent.", "" },
  { "the prompt's own mark", "<nothing-new/>", "" },
}

local voices = {
  { "its name", "Coach Alex: Hi", "Hi" },
  { "its name in bold", "**Coach Alex:** Hi", "Hi" },
  { "its name in bold, otherwise", "**Coach Alex**: Hi", "Hi" },
  { "its first name", "Alex: Hi", "Hi" },
  { "its name and a time", "Coach Alex (10:32): Hi", "Hi" },
  { "the name of its role", "assistant: Hi", "Hi" },
  { "its name on each line", "Coach Alex: Hi\nCoach Alex: How are you?", "Hi\nHow are you?" },
  { "a quote of itself", '<message from="you">Hi</message>', "Hi" },
  { "a quote of itself by name", '<message id="x" from="Coach Alex">Tom &amp; Jerry</message>', "Tom & Jerry" },
  { "a quote without an end", '<message from="you">Hi', "Hi" },
  { "two quotes of itself", '<message from="you">Hi</message>\n<message from="you">Bye</message>', "Hi\n\nBye" },
  { "a quote of somebody else", '<message from="Sarah">I love it</message>', "" },
  { "a quote of somebody else without an end", '<message id="m2" from="Sarah">I love it', "" },
  { "a quote of somebody else whose mark is cut off", 'Hi!\n<message id="m2" from="Sarah" at="20:', "Hi!" },
  { "a quote of somebody else whose mark has no end", '<message id="m2" from="Sarah" at="20:59"\nI love it', "" },
  { "a quote of itself whose mark has no end", '<message from="you"\nHi', "Hi" },
  { "a quote, then an answer", '<message from="Sarah">How?</message>\nSlowly.', "Slowly." },
  { "an answer, then somebody else", 'Hi!\n<message from="Sarah">Thanks</message>\nWelcome!', "Hi!" },
  { "an answer in a call, then somebody else", 'send_message(content="Hi")\n<message from="Sarah">Thanks</message>', "", HI },
  { "a reaction of its own", '<reaction from="you" emoji="👍" to="m1"/>', "", "add_reaction||m1|👍" },
  { "a reaction of somebody else", 'Hi<reaction from="Sarah" emoji="👍" to="m1"/>', "Hi" },
  { "a line of somebody else", "Sarah: I love it!", "" },
  { "a line of somebody else, then its own", "Sarah: How?\nCoach Alex: Slowly.", "Slowly." },
  { "talk made up", "Coach Alex: Hi\nSarah: Thanks\nCoach Alex: Welcome", "Hi" },
  { "talk made up, without its name", "Hi Sarah!\n\nSarah: Thanks!\nBen: Me too!", "Hi Sarah!" },
  { "talk with a user", "Hi!\nUser: Thanks", "Hi!" },
  { "talk with one who thanks", "Hi!\nSarah: Thanks!", "Hi!" },
  { "talk with one who asks", "Run a little.\nSarah: How long should I run?", "Run a little." },
  { "talk with one who speaks of himself", "Hi!\n\nBen: I will do that.", "Hi!" },
  { "the turns of a template", "Hi<|im_end|>\n<|im_start|>user\nThanks<|im_end|>\n<|im_start|>assistant\nBye", "Hi" },
  { "the beginning of a template", "<|im_start|>assistant\nHi<|im_end|>", "Hi" },
  { "Llama's headers", "<|start_header_id|>assistant<|end_header_id|>\n\nHi<|eot_id|>", "Hi" },
  { "Gemma's turns", "Hi<end_of_turn>\n<start_of_turn>user\nThanks", "Hi" },
  { "the end of a sequence", "Hi</s>", "Hi" },
  { "an instruction made up", "Hi [INST] Thanks [/INST] Bye", "Hi" },
  { "the head of the chat", "<participants><person>Sarah</person></participants>\nHi", "Hi" },
}

local kept = {
  "Use <b>bold</b> for that.", "<b>Yes</b>", "Write <message> in lower case.", "A <p> ends with </p>.",
  "Wrap it in `<think>` and `</think>`.", "The <think> tag holds what it thinks.",
  "Close it with </think> and go on.", "Models write <tool_call> before a call.",
  "Call `send_message(content=\"Hi\")` in your code.",
  "Like this:\n```python\nsend_message(content=\"Hi\")\n```\nThen run it.",
  "Like this:\n```python\nsend_message(content=\"Hi\")\n```",
  "```html\n<message from=\"Sarah\">Hi</message>\n```\nis an element.",
  "The function is send_message(content), as the docs say.",
  "Note: bring water.", "10:30: start\n11:00: lunch", "Warm-up: ten squats\nCool-down: a walk", "http://example.com: a page",
  "The plan:\nSarah: squats\nBen: bench", "Tomorrow then.\nSarah: squats\nBen Miller: bench", "Who comes when\nSarah: 10:30",
  "Sarah, Ben: well done!", "I told Alex: do not run.", '{"name": "Sarah", "age": 30}', '["squats", "bench"]',
  "```json\n{\"content\": [1, 2], \"id\": 5}\n```", "[1] is the first.", "[OK] done", "a < b and c > d", "x <- 5; y -> 3",
  "None", "Nothing!", "Silence is golden.", "...", "I <3 you", "<s>old</s> new", "1 < 2 [note] `x`", "◁ left, right ▷",
  "It took 5 min (say nothing of the rest).", "A tool_call is JSON.", "`code` and ``more`` and ``` nothing",
}

local function check(row)
  it(row[1], function()
    local text, list = said.read(row[2], NAMES)
    assert.are.same({ row[3], row[4] or "" }, { text, outline(list) })
  end)
end

describe("an answer with thinking in it:", function() for _, row in ipairs(thinking) do check(row) end end)
describe("a call written as text:", function() for _, row in ipairs(calls) do check(row) end end)
describe("a way to say nothing:", function() for _, row in ipairs(silence) do check(row) end end)
describe("an answer with a voice before it:", function() for _, row in ipairs(voices) do check(row) end end)

describe("text for people stays as it is:", function()
  for _, text in ipairs(kept) do
    it(text, function()
      local left, list = said.read(text, NAMES)
      assert.are.same({ text, "" }, { left, outline(list) })
    end)
  end
end)

describe("a name that is a word, too,", function()
  it("takes no line away, unless they talk", function()
    local names = said.names({ "Coach Alex" }, { "Tip", "Note", "Day 1", "Warm-up", "Bonus", "Sarah" })
    for _, text in ipairs { "Tip: drink water.", "Drink water.\nTip: take a bottle along.", "Tip: drink.\nTip: rest.", "**Tip:** rest!",
      "Run today.\n\nNote: not on ice", "Day 1: run\nDay 2: rest", "Warm-up: ten squats.\nThen run.", "Sarah: a shorter run is better.",
      "Slowly.\nBonus: stretch afterwards." } do
      assert.are.equal(text, (said.read(text, names)))
    end
    assert.are.equal("Tip: drink.\nRun.", (said.read("Coach Alex: Tip: drink.\nRun.", names)))
    assert.are.equal("Hi", (said.read("Coach Alex: Hi\nTip: Thanks\nCoach Alex: Welcome", names)))
  end)
end)

describe("an answer that is one quotation", function()
  it("is meant without its marks, in all scripts", function()
    for _, text in ipairs { '"%s"', "'%s'", "“%s”", "„%s“", "„%s”", "”%s”", "«%s»", "»%s«", "‹%s›", "‘%s’", "‚%s‘", "「%s」", "『%s』", "＂%s＂",
      'Coach Alex: "%s"', '"%s"\n' } do
      assert.are.equal("Don't run today. Rest.", (said.read(text:format "Don't run today. Rest.", NAMES)))
    end
  end)

  it("stays as it is when only parts of it are quoted", function()
    for _, text in ipairs { '"Hi" and "bye"', '"Rest," he said.', "«Oui» ou «non»", '"', '""', '5\'10"', '"Run" means "run"' } do
      assert.are.equal(text, (said.read(text, NAMES)))
    end
  end)
end)

describe("what nobody sees", function()
  it("is not posted: marks that turn a line around, controls, fillers, tags", function()
    for _, c in ipairs { "\226\128\170", "\226\128\171", "\226\128\172", "\226\128\173", "\226\128\174", "\226\129\166", "\226\129\167",
      "\226\129\168", "\226\129\169", "\226\129\160", "\226\129\170", "\226\128\139", "\239\187\191", "\27", "\8", "\194\133", "\194\173",
      "\227\133\164", "\243\160\129\129", "\243\160\132\128", "\127", "\239\191\185" } do
      assert.are.equal("Run today", (said.read("Run " .. c .. "today" .. c, NAMES)), (c:gsub(".", function(b) return b:byte() .. " " end)))
    end
  end)

  it("stays where a script or an emoji needs it", function()
    for _, text in ipairs { "می\226\128\140خواهم", "👨\226\128\141👩\226\128\141👧 👍🏽 ❤️", "क्\226\128\141ष", "សួស្តី\226\128\139អ្នក",
      "🏴\243\160\129\167\243\160\129\162\243\160\129\165\243\160\129\174\243\160\129\167\243\160\129\191", "a\tb\nc",
      "שלום\226\128\143 Alex!", "1\194\160000 €", "Ünïcödé — «ok» 日本語" } do
      assert.are.equal(text, (said.read(text, NAMES)))
    end
  end)
end)

describe("an answer", function()
  it("loses NUL and halves of characters", function()
    assert.are.equal("Hi there", (said.read("Hi\0 \237\160\189there", NAMES)))
  end)

  it("is read in linear time, whatever it is made of", function()
    local pieces = { "<think>", "</think>", "<tool_call>", '<tool_call>{a:"x ', '{"', "<message ", '<message from="Sarah">',
      "send_message(", 'send_message(content="', "\nsend_message(", "\n{", "`", "```\n", "\n```", "<", "[", "◁", ":", "\nSarah: ",
      "\nCoach Alex: ", "<|channel|>", "<function=send_message>", "<send_message>", '<invoke name="send_message">', " ", "\n",
      '"', "\\", "(", "*", "[TOOL_CALLS]", "<|im_start|>", "&lt;", "</s>", "stay_silent ", "\n>", "{'a':", "[[", "</message>",
      '<tool_call>["', "<reaction emoji=\"x\"/>", "<s>", "<|end|>", "<participants>" }
    local function reading(piece, n)
      local text = "x" .. piece:rep(math.floor(n / #piece))
      return function() said.read(text, NAMES) end
    end
    for _, piece in ipairs(pieces) do
      local _, short = cost.within(0, reading(piece, 16000))
      -- Eight times as much text; what is quadratic takes 64 times as long.
      local ok, long = cost.within(24 * math.max(short, 0.005), reading(piece, 128000))
      assert.is_true(ok, ("%q took %.3f s, then %.3f s"):format(piece, short, long))
    end
  end)
end)
