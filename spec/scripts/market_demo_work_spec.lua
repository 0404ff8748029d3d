-- spec/scripts/market_demo_work_spec.lua -- tasks of the marketplace that the offline provider does by itself, from the
-- data in the task, and those that it declines.

local json = require "human.json"
local offline = require "agent.providers.offline"
local work = require "agent.providers.offline_work"

local function made(task)
  local output, why = work.make(task)
  assert(output, why)
  return output
end

local function refused(task)
  local output, why = work.make(task)
  assert.is_nil(output, output and json.encode(output))
  return why
end

local LETTER = [[The plant opened in May. Dr. Adams runs it with 12 people! Is it safe? The council thinks so.

Sales reached $1,250.50 in June; write to info@plant.example or sales@plant.example.]]

describe("a small job", function()
  it("counts what the output asks for", function()
    local out = made { title = "Count", description = "Count this text\n\n" .. LETTER, output_schema = {
      type = "object", properties = { word_count = { type = "integer" }, sentences = { type = "integer" },
                                      paragraphs = { type = "integer" }, characters = { type = "integer" } } } }
    assert.same({ word_count = 29, sentences = 5, paragraphs = 2, characters = #LETTER }, out)
  end)

  it("takes the first sentences as a summary, as many as are asked for, and more until it is long enough", function()
    local task = { title = "Summary", description = "Summarize in one sentence.\nText:\n" .. LETTER,
                   output_schema = { summary = "string" } }
    assert.same({ summary = "The plant opened in May." }, made(task))
    task.evaluation_rubric = { min_length = { summary = 30 } }
    assert.same({ summary = "The plant opened in May. Dr. Adams runs it with 12 people!" }, made(task))
    task.evaluation_rubric = { checks = { { check = "min_length", field = "summary", value = 60 } } }
    assert.equal("The plant opened in May. Dr. Adams runs it with 12 people! Is it safe?", made(task).summary)
  end)

  it("extracts addresses, links, numbers and prices", function()
    local text = LETTER .. " See https://plant.example/a?b=1, (http://x.example). From -3 to 2,000,000; 10 EUR, €7.5."
    local out = made { title = "Extract", description = "Extract it all:\n```\n" .. text .. "\n```", output_schema = {
      emails = "string[]", urls = "string[]", numbers = "number[]", prices = "number[]", total = "number" } }
    assert.same({ "info@plant.example", "sales@plant.example" }, out.emails)
    assert.same({ "https://plant.example/a?b=1", "http://x.example" }, out.urls)
    assert.same({ 12, 1250.5, 1, -3, 2000000, 10, 7.5 }, out.numbers)
    assert.same({ 1250.5, 10, 7.5 }, out.prices)
    assert.equal(1268, out.total)
  end)

  it("reads names and prices, line by line, under the names that the output has", function()
    local out = made { title = "Prices", description = "Extract products and prices\n\nTea — $4.20\n- Mug, blue: €12\nnothing",
      output_schema = { type = "object", properties = { products = { type = "array", items = { type = "object",
        properties = { title = { type = "string" }, price_usd = { type = "number" } } } } } } }
    assert.same({ products = { { title = "Tea", price_usd = 4.2 }, { title = "Mug, blue", price_usd = 12 } } }, out)
  end)

  it("sorts, and leaves out what comes twice", function()
    local task = { title = "Clean up", description = "Remove duplicates and sort the list\n\npear\nApple\n- fig\napple\npear",
                   output_schema = { result = "string[]" } }
    assert.same({ result = { "Apple", "fig", "pear" } }, made(task))
    task.description = "Sort, descending\n\n9\n10\n2"
    assert.same({ result = { "10", "9", "2" } }, made(task))
  end)

  it("converts CSV with quotes to rows, whose numbers are numbers where the output does not say otherwise", function()
    local csv = 'sku;name;qty\r\n007;"Tea; ""green""\nloose";12\n9;Mug;x\n'
    local task = { title = "Convert", description = "Convert the CSV to JSON\n\n" .. csv, output_schema = { rows = "object[]" } }
    assert.same({ rows = { { sku = "007", name = 'Tea; "green"\nloose', qty = 12 }, { sku = 9, name = "Mug", qty = "x" } } },
      made(task))
    task.output_schema = { type = "object", properties = { rows = { type = "array", items = { type = "object",
      properties = { sku = { type = "string" }, qty = {} } } } } }
    assert.same({ rows = { { sku = "007", qty = 12 }, { sku = "9", qty = "x" } } }, made(task))
  end)

  it("takes the data of input_data, and does without a schema what the words ask for", function()
    assert.same({ words = 3 }, made { title = "Count the words", description = "Of the text.", input_data = { text = "one two three" } })
    assert.same({ words = 2 }, made { title = "Count the words", description = "Count the words: hello world" })
  end)

  it("says plainly what it cannot do", function()
    assert.matches("no language model", refused { title = "Translate into French", description = "Translate\n\nBonjour" })
    assert.matches("no data", refused { title = "Count the words", description = "Count the words of our site" })
    assert.matches("no way to fill the field mood", refused { title = "Count", description = "Count the words\n\na b",
      output_schema = { word_count = "integer", mood = "string" } })
    assert.matches("nothing in the data for the field highest", refused { title = "Highest", description = "Highest price\n\nnone",
      output_schema = { highest = "number" } })
    assert.matches("something else", refused { title = "Sing", description = "Sing this\n\nla la" })
    assert.matches("longer than", refused { title = "Count the words", description = "Count\n\n" .. ("a "):rep(40000) })
    assert.matches("asks for something else", refused { title = "Count the words", description = "x\n\na b",
      output_schema = { type = "array", items = { type = "string" } } })
  end)

  it("stays quick whatever the text is", function()
    for _, piece in ipairs { "a", "@", "a@", ".", "1,", "1.", "-", "\n", " \n", '"', "http://", "$1", "\"a\"," } do
      local text = "a,b\n" .. piece:rep(math.floor(60000 / #piece))
      local from = os.clock()
      for _, job in ipairs(require("agent.providers.offline_jobs").list) do
        job.run(text, { words = "sort the unique lines", kinds = {} })
      end
      assert(os.clock() - from < 5, piece)       -- quadratic ones take minutes
    end
  end)
end)

describe("a message with a task", function()
  local TASK = { transaction_id = "11111111-1111-4111-8111-111111111111", title = "Count the words",
                 description = "Count the words\n\none two {three}", output_schema = { word_count = "integer" } }
  local function tool(name, ...)
    local properties = {}
    for _, field in ipairs { ... } do properties[field] = {} end
    return { name = name, description = name, parameters = { type = "object", properties = properties } }
  end
  local deliver = tool("market_deliver", "transaction_id", "output_data")

  local function ask(messages, tools)
    local said = { text = "", tool_calls = {} }
    offline.answer({ system = "", messages = messages, tools = tools }, nil, {
      usage = function() end, stop = function() end,
      text = function(_, piece) said.text = said.text .. piece end,
      tool = function(_, _, call) said.tool_calls[#said.tool_calls + 1] = call end,
    })
    return said
  end
  local function message(task) return { role = "user", content = "You have a new task.\n" .. json.encode(task) .. "\nDeliver it." } end

  it("is delivered by the tool, with what the tool takes and no more", function()
    local answer = ask({ message(TASK) }, { deliver })
    assert.equal(1, #answer.tool_calls)
    assert.equal("market_deliver", answer.tool_calls[1].name)
    assert.same({ transaction_id = TASK.transaction_id, output_data = { word_count = 3 } }, answer.tool_calls[1].arguments)
    local again = ask({ message(TASK), { role = "assistant", content = "", tool_calls = answer.tool_calls },
      { role = "tool", tool_call_id = answer.tool_calls[1].id, content = '{"status":"delivered"}' } }, { deliver })
    assert.same({}, again.tool_calls)
    assert.matches('The marketplace says: {"status":"delivered"}', again.text, 1, true)
  end)

  it("is declined with the reason, by the tool for that where there is one", function()
    local poem = { transaction_id = TASK.transaction_id, title = "Write a poem", description = "Write a poem\n\nabout tea" }
    assert.matches("^I decline this task. I have no language model", ask({ message(poem) }, { deliver }).text)
    local call = ask({ message(poem) }, { deliver, tool("market_decline", "transaction_id", "reason") }).tool_calls[1]
    assert.equal("market_decline", call.name)
    assert.matches("no language model", call.arguments.reason)
  end)

  it("of an event is looked up before it is delivered, and in parts where it has parts", function()
    local looks = tool("market_transaction", "transaction_id")
    local listing = tool("market_listing", "listing_id")
    local tools = { looks, listing, tool("market_deliver", "transaction_id", "output_data", "sequence") }
    local function event(name, facts)
      return { role = "user", content = ("Event of the marketplace: %s\n\nDo it.\n\nFacts: <untrusted>%s</untrusted>"):format(
        name, json.encode(facts)) }
    end
    local messages = { event("transaction.assigned", { transaction_id = TASK.transaction_id, title = "Count the words" }) }
    local function answer_with(call, value)
      messages[#messages + 1] = { role = "assistant", content = "", tool_calls = { call } }
      messages[#messages + 1] = { role = "tool", tool_call_id = call.id, content = "<untrusted>" .. json.encode(value)
        .. "</untrusted>" }
      return ask(messages, tools)
    end
    local first = ask(messages, tools).tool_calls[1]
    assert.same({ "market_transaction", { transaction_id = TASK.transaction_id } }, { first.name, first.arguments })
    local second = answer_with(first, { output_schema = TASK.output_schema, milestones = json.array {},
      transaction = { transaction_id = TASK.transaction_id, listing_id = "l-1" } }).tool_calls[1]
    assert.same({ "market_listing", { listing_id = "l-1" } }, { second.name, second.arguments })
    local third = answer_with(second, { id = "l-1", title = TASK.title, description = TASK.description }).tool_calls[1]
    assert.same({ "market_deliver", { transaction_id = TASK.transaction_id, output_data = { word_count = 3 } } },
      { third.name, third.arguments })

    local parts = { milestones = { { sequence = 1 } }, transaction = { transaction_id = TASK.transaction_id } }
    messages = { messages[1] }
    assert.matches("in parts", answer_with(first, parts).text)
    messages = { event("milestone.active", { transaction_id = TASK.transaction_id, sequence = 1, title = "Count the lines" }) }
    parts.description = "The lines.\n\na\nb"
    assert.same({ transaction_id = TASK.transaction_id, sequence = 1, output_data = { lines = 2 } },
      answer_with(first, parts).tool_calls[1].arguments)
  end)

  it("that is delivered to it is taken when it passes what was agreed; a near counter offer is taken", function()
    local tools = { deliver, tool("market_accept", "transaction_id"), tool("market_take_counter", "bid_id") }
    local function told(name, facts)
      return ask({ { role = "user", content = "Event of the marketplace: " .. name .. "\n\nFacts: " .. json.encode(facts) } },
        tools)
    end
    local id = TASK.transaction_id
    local accepted = told("transaction.delivered", { transaction_id = id, checks = { { passed = true } } }).tool_calls[1]
    assert.same({ "market_accept", { transaction_id = id } }, { accepted.name, accepted.arguments })
    assert.matches("does not pass", told("transaction.delivered", { transaction_id = id, checks = { { passed = false } } }).text)
    assert.matches("cannot tell", told("transaction.delivered", { transaction_id = id, checks = {} }).text)
    assert.equal("market_take_counter", told("bid.countered", { bid_id = "b", price = 10, counter_price_usd = 7 }).tool_calls[1].name)
    assert.equal("market_take_counter",
      told("bid.countered", { about = { bid_id = "b", price = 10, counter_price_usd = 9 } }).tool_calls[1].name)
    assert.matches("too far", told("bid.countered", { bid_id = "b", price = 10, counter_price_usd = 6.99 }).text)
    assert.matches("leave it to a person", told("bid.received", { bid_id = "b" }).text)
  end)

  it("is nothing special where that tool is not offered", function()
    assert.same({}, ask({ message(TASK) }, {}).tool_calls)
  end)
end)
