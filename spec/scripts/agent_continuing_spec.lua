-- spec/scripts/agent_continuing_spec.lua -- answers that were cut off, and what came when the model went on.

local continuing = require "agent.continuing"

local CUT = "Run twice a week. Rest on Sundays. After that you sho"
local WHOLE = "Run twice a week. Rest on Sundays. After that you should swim."

local CASES = {
  { "with the next sentence", CUT, "After that you should swim.", WHOLE },
  { "with spaces around it", CUT, "\n After that you should swim. ", WHOLE },
  { "with the last sentence said again", CUT, "Rest on Sundays. After that you should swim.", WHOLE },
  { "with all of it said again", CUT, WHOLE, WHOLE },
  { "with dots before it", CUT, "... After that you should swim.", WHOLE },
  { "with an ellipsis before it", CUT, "…After that you should swim.", WHOLE },
  { "with an answer of its own, begun anew", "You could run twice a week, in the morning, before breakfast. Rest on Sundays. Aft",
    "You could run twice a week, in the morning, before breakfast or at noon. Swim.",
    "You could run twice a week, in the morning, before breakfast or at noon. Swim." },
  { "in the middle of a sentence", "I think that running twice a week is rather mo", "more than enough.",
    "I think that running twice a week is rather more than enough." },
  { "with a line of its own", "Do this:\n1. Run.\n2. Swim.\n3. Re", "3. Rest.", "Do this:\n1. Run.\n2. Swim.\n3. Rest." },
  { "with a paragraph", "First, run.\n\nThen sw", "Then swim.", "First, run.\n\nThen swim." },
  { "without spaces where the script has none", "今日は休みましょう。明日は走", "明日は走りましょう。", "今日は休みましょう。明日は走りましょう。" },
  { "where it stopped at the end of a sentence", "Run twice a week.", "Then rest.", "Run twice a week. Then rest." },
  { "where it stopped at the end of a sentence without spaces", "今日は休みましょう。", "明日は走りましょう。", "今日は休みましょう。明日は走りましょう。" },
  { "with nothing new", CUT, "Rest on Sundays.", "Run twice a week. Rest on Sundays." },
  { "with words that only look alike", "She said no, and he said no. They le", "No. They left.", "She said no, and he said no. No. They left." },
}

describe("An answer that was cut off", function()
  for _, case in ipairs(CASES) do
    it("goes on " .. case[1], function() assert.equal(case[4], continuing.join(case[2], case[3])) end)
  end

  it("is one of text: calls of tools are none, nor is what only thinks", function()
    local cut = { stop_reason = "length", text = CUT }
    assert.equal(CUT, continuing.text(cut))
    assert.is_nil(continuing.text { stop_reason = "stop", text = CUT })
    assert.is_nil(continuing.text { stop_reason = "length", text = CUT, tool_calls = { { name = "send_message" } } })
    assert.is_nil(continuing.text { stop_reason = "length", text = 'send_message(content="Hi")' })
  end)

  it("is shown up to its last sentence, behind the chat as it fits, and without tools", function()
    local req = { messages = { { role = "user", content = "Hi" } }, tools = { {} }, plan = {}, system = "s",
                  fit = function(tokens) return { { role = "user", content = tostring(tokens) } } end }
    local more = continuing.request(req, CUT, function(text) return #text end)
    assert.same({ "user", "assistant", "user" }, { more.messages[1].role, more.messages[2].role, more.messages[3].role })
    assert.equal("Run twice a week. Rest on Sundays.", more.messages[2].content)
    assert.same({ false, false, "s" }, { more.tools, more.plan, more.system })
    local fitted = more.fit(1000)
    assert.equal(3, #fitted)
    assert.equal(1000 - #more.messages[2].content - #more.messages[3].content, tonumber(fitted[1].content))
  end)

  it("is joined in time, whatever it is made of", function()
    for _, piece in ipairs { "a", "a ", ". ", "。", "\n", "…", "...", "ab. " } do
      continuing.join(piece:rep(200000), piece:rep(200000))
    end
  end)
end)
