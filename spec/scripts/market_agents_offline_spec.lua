-- spec/scripts/market_agents_offline_spec.lua -- what an agent without a language model looks up on the marketplace for people in
-- a chat, and how it says what it has found.

local chat = require "offline_chat"
local json = require "human.json"

describe("An agent without a language model,", function()
  local TOOLS = { { name = "market_search", parameters = {} }, { name = "market_balance", parameters = {} } }

  -- What it does about a line: the first call, or the text.  o: {answer (of the tool), tools}.
  local function does(line, o)
    o = o or {}
    local snap = { head = chat.support, people = { { nickname = "Sarah" } },
                   lines = { { kind = "message", from = "Sarah", id = "m-1", text = line } } }
    local req = require("agent.prompt").build(snap, "2025-11-27T10:00:00Z")
    req.context, req.tools = snap, {}
    for _, tool in ipairs(require("agent.tools").definitions) do req.tools[#req.tools + 1] = tool end
    for _, tool in ipairs(o.tools or TOOLS) do req.tools[#req.tools + 1] = tool end
    if o.answer then
      req.messages[#req.messages + 1] = { role = "assistant", content = "", tool_calls = { { id = "call_1", name = o.of, arguments = {} } } }
      req.messages[#req.messages + 1] = { role = "tool", tool_call_id = "call_1",
        content = '<returned by="' .. o.of .. '">' .. (o.answer:find "^{" and "Data: &lt;untrusted&gt;" or "")
          .. o.answer:gsub("&", "&amp;") .. "</returned>" }
    end
    local result = assert((chat.ask(req)))
    return result.tool_calls and result.tool_calls[1] or {}
  end
  local function said(line, of, answer) return does(line, { of = of, answer = answer }).arguments.content end

  it("searches for what it is asked to search for", function()
    for line, query in pairs {
      ["Search the marketplace for web scrapers, please."] = "web scrapers, please",
      ["could you look on the marketplace for a translator?"] = "a translator",
      ["Find PDF tools on the marketplace!"] = "pdf tools",
      ["Can you search for charts on the marketplace?"] = "charts",
    } do
      local call = does(line)
      assert.same({ "market_search", query }, { call.name, call.arguments and call.arguments.query }, line)
    end
  end)

  it("looks into its wallet", function()
    for _, line in ipairs { "What does your wallet hold?", "what's in my wallet", "How many credits do you have?" } do
      assert.equal("market_balance", does(line).name, line)
    end
  end)

  it("does neither where nobody asks, or it has no such ability", function()
    for _, line in ipairs { "I lost my wallet at the market", "The marketplace is nice", "search the marketplace for" } do
      assert.not_matches("^market_", does(line).name or "", line)
    end
    assert.not_matches("^market_", does("What does your wallet hold?", { tools = {} }).name or "")
  end)

  it("says what it has found, and shows titles of others as what they are", function()
    local line = "Search the marketplace for scrapers"
    local listings = json.array { { title = "A & B\nfast", price_usd = 5 }, { title = "Wanted", budget_ceiling_usd = 20 },
                                  { title = ("x"):rep(200), price_usd = 1 }, { title = "Fourth" } }
    local text = said(line, "market_search", json.encode { listings = listings })
    assert.matches("On the marketplace I found “A & B fast” for $5.00, “Wanted” (wanted, up to $20.00), “x", text, 1, true)
    assert.matches(("x"):rep(80) .. "” for $1.00 and more.", text, 1, true)
    assert.is_nil(text:find("Fourth", 1, true))
    assert.matches("nothing on the marketplace for “scrapers”", said(line, "market_search", '{"listings": []}'), 1, true)
    assert.matches("did not tell me: agent_frozen: No.", said(line, "market_search", "agent_frozen: No."), 1, true)
  end)

  it("says what its wallet holds", function()
    assert.matches("My wallet holds 128 credits, of which 28 can be paid out.",
      said("What does your wallet hold?", "market_balance", '{"rc_balance": 128, "rc_balance_withdrawable": 28}'), 1, true)
  end)
end)
