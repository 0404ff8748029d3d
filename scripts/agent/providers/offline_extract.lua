-- scripts/agent/providers/offline_extract.lua -- what is in a text: lines, sentences, addresses, numbers, prices, tables.
-- Pure.  Each looks at every byte a bounded number of times, since the texts are strangers'.

local json = require "human.json"
local texts = require "human.text"

local M = {}

local ITEMS, ADDRESS_BYTES, COLUMNS, TITLE_BYTES = 2000, 254, 50, 8
local CURRENCIES = { "$", "€", "£", "USD ", "EUR ", "GBP " }

-- The longest run of a class that ends before a place; of at most so many bytes.
local function run_before(text, at, class, most)
  local first, from = at, math.max(1, at - most)
  while first > from and text:sub(first - 1, first - 1):find(class) do first = first - 1 end
  return text:sub(first, at - 1)
end

-- A text without what of a class is at its end.
local function without_last(text, class)
  local to = #text
  while to > 0 and text:sub(to, to):find(class) do to = to - 1 end
  return text:sub(1, to)
end

-- ---- words and sentences -----------------------------------------------------------------------------------

--- Its lines that are not blank, without the space around them and the bullets before them.
function M.lines(text)
  local list = json.array {}
  for line in text:gmatch "[^\r\n]+" do
    line = texts.trim(line)
    line = texts.trim((line:gsub("^[%-%*] ", "")))
    if line ~= "" and #list < ITEMS then list[#list + 1] = line end
  end
  return list
end

--- Calls fn(token) for each word: what has a letter or a digit.
function M.each_word(text, fn)
  for token in text:gmatch "%S+" do
    if token:find "[%w\128-\255]" then fn(token) end
  end
end

-- A stop ends a sentence where space or the end follows, unless a single letter or a title stands before it.
local ABBREVIATIONS = { mr = true, mrs = true, ms = true, dr = true, st = true, vs = true, etc = true, no = true }

local function ends_here(text, at)
  local after = text:sub(at + 1, at + 1)
  if after ~= "" and not after:find "[%s\"')]" then return false end
  local word = run_before(text, at, "%a", TITLE_BYTES)
  return not (text:sub(at, at) == "." and (#word == 1 or ABBREVIATIONS[word:lower()]))
end

--- Its sentences; the end of a paragraph ends one, too.
function M.sentences(text)
  local list = json.array {}
  local function add(piece)
    piece = texts.trim((piece:gsub("%s+", " ")))
    if piece:find "[%w\128-\255]" and #list < ITEMS then list[#list + 1] = piece end
  end
  for paragraph in (text:gsub("\r", "") .. "\n\n"):gsub("\n\n+", "\0"):gmatch "[^%z]+" do
    local from, at = 1, 1
    while true do
      local stop = paragraph:find("[.!?]", at)
      if not stop then break end
      if ends_here(paragraph, stop) then
        add(paragraph:sub(from, stop))
        from = stop + 1
      end
      at = stop + 1
    end
    add(paragraph:sub(from))
  end
  return list
end

--- The list without what comes twice, in whatever case.
function M.unique(list)
  local seen, out = {}, json.array {}
  for _, item in ipairs(list) do
    local key = item:lower()
    if not seen[key] then
      seen[key] = true
      out[#out + 1] = item
    end
  end
  return out
end

--- Its e-mail addresses, each once.
function M.emails(text)
  local list, at = json.array {}, 1
  while #list < ITEMS do
    local sign = text:find("@", at, true)
    if not sign then break end
    local who = run_before(text, sign, "[%w._%%+%-]", ADDRESS_BYTES):gsub("^[.]+", "")
    local where = text:sub(sign + 1, sign + ADDRESS_BYTES):match "^[%w.%-]+"
    where = where and without_last(where, "[.%-]")
    if who ~= "" and where and where:find("%w%.%a%a") then list[#list + 1] = who .. "@" .. where end
    at = sign + 1
  end
  return M.unique(list)
end

--- Its http and https addresses, each once.
function M.urls(text)
  local list, at = json.array {}, 1
  while #list < ITEMS do
    local first, last = text:find("https?://", at)
    if not first then break end
    local url = without_last(text:match("^[^%s<>\"'`|\\^{}]+", first), "[.,;:!?)%]]")
    if #url > last - first + 1 then list[#list + 1] = url end
    at = math.max(last, first + #url) + 1
  end
  return M.unique(list)
end

-- The number that begins at a place, and where it ends: 1,234.50 and 29.99.
local function number_at(text, at)
  local digits = text:match("^%d+", at)
  if not digits or #digits > 15 then return nil, at + (digits and #digits or 1) end
  local to = at + #digits
  while #digits <= 12 do
    local group = text:match("^,(%d%d%d)%f[^%d]", to)
    if not group then break end
    digits, to = digits .. group, to + 4
  end
  local rest = text:match("^%.%d+", to)
  if rest and #rest <= 16 then digits, to = digits .. rest, to + #rest end
  return tonumber(digits), to
end

-- All numbers, as {value, from, to (behind it)}.
local function each_number(text, fn)
  local at = 1
  while true do
    local from = text:find("%d", at)
    if not from then return end
    local value, to = number_at(text, from)
    local sign = text:sub(from - 1, from - 1) == "-" and not text:sub(from - 2, from - 2):find "[%w]"
    if value then fn(sign and -value or value, from, to) end
    at = to
  end
end

--- Its numbers, in their order.
function M.numbers(text)
  local list = json.array {}
  each_number(text, function(value)
    if #list < ITEMS then list[#list + 1] = value end
  end)
  return list
end

local function is_price(text, from, to)
  local before = text:sub(math.max(1, from - 4), from - 1)
  for _, currency in ipairs(CURRENCIES) do
    if before:sub(-#currency) == currency then return currency end
  end
  local after = text:match("^ ?(%u%u%u)%f[%W]", to)
  return after == "USD" or after == "EUR" or after == "GBP" or text:sub(to, to + 2) == "€"
    or text:sub(to, to + 3) == " €"
end

--- Its prices: numbers with a currency.
function M.prices(text)
  local list = json.array {}
  each_number(text, function(value, from, to)
    if is_price(text, from, to) and #list < ITEMS then list[#list + 1] = value end
  end)
  return list
end

local JOINTS = { "—", "–", "-", ":", ";", ",", "|", "=", "(" }

-- A name without what joins it to its price.
local function without_end(name)
  local is_cut
  repeat
    name, is_cut = texts.trim(name), false
    for _, joint in ipairs(JOINTS) do
      if name:sub(-#joint) == joint then name, is_cut = name:sub(1, -#joint - 1), true end
    end
  until not is_cut
  return name
end

--- Lines with a price, as {name, price}.
function M.products(text)
  local list = json.array {}
  for _, line in ipairs(M.lines(text)) do
    local price, at
    each_number(line, function(value, from, to)
      local currency = not price and is_price(line, from, to)
      if currency then price, at = value, from - (type(currency) == "string" and #currency or 0) end
    end)
    local name = price and without_end(line:sub(1, at - 1))
    if name and name ~= "" then list[#list + 1] = { name = name, price = price } end
  end
  return list
end

-- ---- tables ------------------------------------------------------------------------------------------------

-- The fields of the record that begins at a place, and where the next begins; RFC 4180, with this separator.
local function record(text, at, separator)
  local fields, n = {}, #text
  repeat
    local value
    if text:sub(at, at) == '"' then
      local parts = {}
      repeat
        local stop = text:find('"', at + 1, true) or n + 1
        parts[#parts + 1] = text:sub(at + 1, stop - 1)
        at = stop + 1
      until text:sub(at, at) ~= '"'
      value = table.concat(parts, '"')
      at = text:find("[" .. separator .. "\n]", at) or n + 1
    else
      local stop = text:find("[" .. separator .. "\n]", at) or n + 1
      value, at = texts.trim(text:sub(at, stop - 1)), stop
    end
    if #fields < COLUMNS then fields[#fields + 1] = value end
    local behind = text:sub(at, at)
    at = at + 1
  until behind ~= separator
  return fields, at
end

--- The number that a text is and nothing else; nil: it is none, or a code such as 007.
function M.plain_number(text)
  if not text:find "^%-?%d" or text:find "[^%d.%-]" or text:find "^%-?0%d" or #text > 15 then return nil end
  return tonumber(text)
end

--- A table with a header (commas, semicolons or tabs between) as {rows, columns}; numbers are numbers, unless `kinds`
--- ({column = "string"}) says otherwise.
function M.rows(text, kinds)
  text = texts.trim((text:gsub("\r", "")))
  local head = text:match "^[^\n]*"
  local separator = ","
  for _, one in ipairs { ",", ";", "\t" } do
    if select(2, head:gsub(one, "")) > select(2, head:gsub(separator, "")) then separator = one end
  end
  if not head:find(separator, 1, true) then return nil end
  local columns, at = record(text, 1, separator)
  local rows = json.array {}
  while at <= #text and #rows < ITEMS do
    local fields, behind = record(text, at, separator)
    local row = {}
    for i, name in ipairs(columns) do
      local value = fields[i] or ""
      row[name] = (kinds or {})[name] ~= "string" and M.plain_number(value) or value
    end
    if #fields > 1 or fields[1] ~= "" then rows[#rows + 1] = row end
    at = behind
  end
  return rows, json.array(columns)
end

return M
