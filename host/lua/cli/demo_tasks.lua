-- host/lua/cli/demo_tasks.lua -- what the demo's buyers ask for: small jobs on data that are in the request, drawn from
-- the seed.  Pure.

local bit = require "bit"
local json = require "human.json"

local M = {}

--- A generator of numbers: rng(n) is a whole number from 1 to n; the same seed gives the same ones.
function M.rng(seed)
  local state = bit.bxor(seed % 2 ^ 31, 0x5bd1e995)
  if state == 0 then state = 1 end
  return function(n)
    state = bit.bxor(state, bit.lshift(state, 13))
    state = bit.bxor(state, bit.rshift(state, 17))
    state = bit.bxor(state, bit.lshift(state, 5))
    return math.abs(state) % n + 1
  end
end

-- n of a list, in an order of their own.
local function some(rng, list, n)
  local pool, out = { unpack(list) }, {}
  for i = 1, math.min(n, #pool) do out[i] = table.remove(pool, rng(#pool)) end
  return out
end

local GOODS = { "Walnut desk", "Desk lamp", "Ceramic mug", "Wool blanket", "Steel bottle", "Paper notebook",
                "Oak shelf", "Linen apron", "Garden hose", "Bike pump", "Tea kettle", "Rain jacket", "Door mat",
                "Chess set" }
local PEOPLE = { "Mara Lind", "Tom Okafor", "Ines Duarte", "Kofi Mensah", "Lena Petrov", "Raj Patel", "Sofia Rossi" }
local CITIES = { "Lisbon", "Oslo", "Accra", "Turin", "Pune", "Lyon", "Porto", "Ghent", "Cork", "Graz", "Malmö", "Brno" }
local SENTENCES = {
  "The harbour reopened on Monday after two years of repairs.", "Its new crane lifts forty tons.",
  "Fishermen had feared that the fees would double.", "The council kept them as they were.",
  "A ferry to the islands will run from May.", "Tickets cost 12 euros, and children travel free.",
  "Neighbours complain about the noise at night.", "An engineer promised quieter pumps by autumn.",
  "Trade through the port grew by 8 percent last year.", "Most of it was timber and grain.",
  "The mayor called the work a gift to the town.", "Critics say that it came three years late.",
}

local function price(rng) return rng(90) + rng(100) / 100 end

local function goods_and_prices(rng)
  local lines = {}
  for i, name in ipairs(some(rng, GOODS, 4 + rng(4))) do lines[i] = ("%s — $%.2f"):format(name, price(rng)) end
  return table.concat(lines, "\n")
end

local function prose(rng, n) return table.concat(some(rng, SENTENCES, n), " ") end

local function object(properties)
  local required = json.array {}
  for name in pairs(properties) do required[#required + 1] = name end
  table.sort(required)
  return { type = "object", properties = properties, required = required }
end

local function list_of(items) return { type = "array", items = items } end
local STRING, NUMBER, INTEGER = { type = "string" }, { type = "number" }, { type = "integer" }
local PRODUCTS = list_of(object { name = STRING, price = NUMBER })

local function asked(title, tag, usd, text, output, rubric)
  return { title = title, tags = { tag }, usd = usd, description = text, output_schema = output and object(output),
           evaluation_rubric = rubric }
end

local kinds = {}

function kinds.prices(rng)
  return asked("Extract the products and prices of a page", "data:extract", 20 + rng(20),
    "Extract the products with their prices, and the total.\n\n" .. goods_and_prices(rng),
    { products = PRODUCTS, total = NUMBER }, { schema_valid = true, field_complete = { "products" } })
end

-- Nobody bids on this by itself: it is offered in two parts, which are paid one after the other.
function kinds.parts(rng)
  local request = asked("Read a price list, then sum it up", "reports:prices", 60 + rng(40),
    "First the products with their prices, then the total of all prices.\n\n" .. goods_and_prices(rng))
  request.parts = { { title = "Extract the products and prices", pct_of_total = 60, sla_hours = 24 },
                    { title = "The total of the prices", pct_of_total = 40, sla_hours = 24 } }
  return request
end

-- A rubric that no honest summary of so short a text can pass: what comes of it is disputed.
function kinds.hopeless(rng)
  return asked("Summarize a short notice, at length", "text:summary", 15 + rng(15),
    "Summarize this; the summary has to have 600 characters.\n\n" .. prose(rng, 3), { summary = STRING },
    { min_length = { summary = 600 } })
end

function kinds.summary(rng)
  return asked("Summarize a news item", "text:summary", 15 + rng(15),
    "Summarize this in two sentences.\n\n" .. prose(rng, 8), { summary = STRING },
    { schema_valid = true, min_length = { summary = 60 }, no_placeholder = true })
end

function kinds.convert(rng)
  local lines = { "order,customer,item,quantity,unit_price" }
  for i, item in ipairs(some(rng, GOODS, 5)) do
    lines[i + 1] = ('%d,"%s",%s,%d,%.2f'):format(1000 + rng(900), PEOPLE[rng(#PEOPLE)], item, rng(9), price(rng))
  end
  return asked("Convert orders from CSV to JSON", "data:convert", 20 + rng(15),
    "Convert this CSV to JSON, a row for each order.\n\n" .. table.concat(lines, "\n"),
    { rows = list_of(object { order = INTEGER, customer = STRING, item = STRING, quantity = INTEGER,
                              unit_price = NUMBER }) }, { schema_valid = true, field_complete = { "rows" } })
end

function kinds.count(rng)
  return asked("Count the words of a draft", "text:count", 6 + rng(8),
    "Count the words and the sentences.\n\n" .. prose(rng, 5 + rng(6)),
    { word_count = INTEGER, sentences = INTEGER }, { schema_valid = true })
end

function kinds.contacts(rng)
  local lines = {}
  for i, name in ipairs(some(rng, PEOPLE, 4)) do
    local user = name:lower():gsub(" ", ".")
    lines[i] = ("%s writes from %s@%s.example, and has a page at https://%s.example/%s."):format(name, user,
      CITIES[rng(#CITIES)]:lower():gsub("[^%l]", "o"), "people", user)
  end
  return asked("Find the e-mail addresses and links in notes", "data:extract", 10 + rng(15),
    "Extract all e-mail addresses and all links.\n\n" .. table.concat(lines, "\n"),
    { emails = list_of(STRING), urls = list_of(STRING) },
    { schema_valid = true, field_complete = { "emails", "urls" } })
end

function kinds.clean(rng)
  local lines = some(rng, CITIES, 7)
  for _, city in ipairs(some(rng, lines, 3)) do table.insert(lines, rng(#lines), city) end
  return asked("Sort a list of cities, without duplicates", "data:clean", 5 + rng(8),
    "Remove the duplicates, and sort the list.\n\n" .. table.concat(lines, "\n"), { sorted = list_of(STRING) },
    { schema_valid = true, field_complete = { "sorted" } })
end

local ORDER = { "prices", "parts", "hopeless", "summary", "convert", "count", "contacts", "clean" }
local LATER = { "prices", "summary", "convert", "count", "contacts", "clean" }

--- The request number n: {kind, title, tags, usd, description, output_schema, evaluation_rubric, parts}.
function M.request(seed, n)
  local rng = M.rng(seed * 1009 + n * 7919)
  for _ = 1, 5 do rng(2) end                     -- the first ones of neighbours are alike
  local kind = ORDER[n] or LATER[rng(#LATER)]
  local request = kinds[kind](rng)
  request.kind, request.counters = kind, n % 3 == 1
  return request
end

return M
