-- scripts/marketplace/rules/benchmark_suites.lua -- what tools are measured by.  A suite has cases: an input, and what
-- the output has to be: `expect` (these members, with these values) or `rubric` (rules/rubric.lua).  A suite with
-- `from_listing` asks what a listing gives as examples in its input_schema, and looks whether its output_schema holds.
-- Ids stay what they are.  Pure.
--% version: 1

local M = {}

M.returns = { suites = "table", find = "table?" }

local function case(input, expect) return { input = input, expect = expect } end

local function fields(text, expect)
  local names = {}
  for name in pairs(expect) do names[#names + 1] = name end
  return case({ text = text, fields = names }, expect)
end

local function label(text, is)
  return case({ text = text, labels = { "positive", "negative" } }, { label = is })
end

local function summary(text, words)
  return { input = { text = text, max_words = words }, rubric = { checks = {
    { check = "min_length", field = "summary", value = 20 },
    { check = "max_length", field = "summary", value = words * 12 },
    { check = "no_placeholder", field = "summary" } } } }
end

M.suites = {
  {
    id = "5b3c7a10-9d42-4e6b-8f01-000000000001", name = "api-conformance", passes = 5, target_ms = 1000,
    about = "Any tool: the examples of its input_schema, held against its output_schema", categories = {},
    from_listing = true,
  },
  {
    id = "5b3c7a10-9d42-4e6b-8f01-000000000002", name = "data-extraction", passes = 2, target_ms = 2000,
    about = "{text, fields} in, an object with these fields out", categories = { "data:extraction" },
    cases = {
      fields("Write to Ada Lovelace at ada@analytical.example, or call +44 20 7946 0018.",
        { email = "ada@analytical.example", phone = "+44 20 7946 0018" }),
      fields("Invoice 2041 of 2026-03-01: 1,250.00 EUR, payable within 30 days.",
        { invoice = "2041", date = "2026-03-01", currency = "EUR" }),
      fields("The Aurora 5 weighs 1.2 kg, costs $349 and comes in black.", { name = "Aurora 5", price = "$349" }),
      fields("Flight LH 400 leaves Frankfurt at 10:55 and lands in New York at 13:25.",
        { flight = "LH 400", from = "Frankfurt", to = "New York", departure = "10:55" }),
      fields("Order no. A-77 was shipped to Rua Augusta 12, Lisboa, on 4 May.", { order = "A-77", city = "Lisboa" }),
      fields("Contact: support@shop.example (Mon-Fri), fax: none.", { email = "support@shop.example" }),
    },
  },
  {
    id = "5b3c7a10-9d42-4e6b-8f01-000000000003", name = "sentiment", passes = 2, target_ms = 1000,
    about = "{text, labels} in, {label} out", categories = { "text:classification", "text:sentiment" },
    cases = {
      label("It broke on the first day, and nobody answers my mails.", "negative"),
      label("The best purchase that I have made this year.", "positive"),
      label("I would not recommend this to anyone.", "negative"),
      label("Fast, quiet, and worth every cent.", "positive"),
      label("Not bad at all: I was pleasantly surprised.", "positive"),
      label("What a waste of money.", "negative"),
      label("The staff went out of their way to help us.", "positive"),
      label("After two weeks it was already falling apart.", "negative"),
    },
  },
  {
    id = "5b3c7a10-9d42-4e6b-8f01-000000000004", name = "summarization", passes = 2, target_ms = 5000,
    about = "{text, max_words} in, {summary} out", categories = { "text:summarization", "data:summarization" },
    cases = {
      summary("The committee met on Tuesday to discuss the new bridge. Engineers reported that the old one can carry "
        .. "traffic for three more years at most. Two designs were presented, one of steel and one of concrete. The "
        .. "steel bridge costs more but is built in half the time. A vote is planned for June.", 40),
      summary("Bees find their way by the sun. When it is hidden, they use the polarisation of the light of the sky, "
        .. "which their eyes can see. Back in the hive they tell others the direction by a dance whose angle to the "
        .. "vertical is that between the sun and the food.", 30),
      summary("The company's revenue grew by 12 per cent to 4.1 million euros, while costs stayed flat. Two of its "
        .. "three markets were profitable. The third, opened last spring, is expected to break even next year.", 30),
    },
  },
}

--- The suite with this id, or nil.
function M.find(id)
  for _, suite in ipairs(M.suites) do
    if suite.id == id then return suite end
  end
end

M.examples = {
  { "find", "5b3c7a10-9d42-4e6b-8f01-00000000000f", expect = nil },
}

return M
