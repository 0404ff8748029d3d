-- scripts/agent/providers/offline_doses.lua -- whether somebody has taken a lot of a medicine: a number, pills, and a
-- word for swallowing ("I took 40 paracetamol").  This file does not know which doses are too many: from eight on, the
-- answer is where to get help rather than a tip.  Pure.

local phrases = require "unicode.phrases"
local words = require "agent.providers.offline_dose_words"

local M = {}

local MUCH, MOST = 8, 999 -- pills; beyond, it is a year or a price
local REACH = 3           -- words from a number to what it counts
local TRIES = 20          -- places of a counter that are looked at

local DIGITS = {}         -- of other scripts
for _, row in ipairs { "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९" } do
  local n = 0
  for digit in row:gmatch "[^\128-\191][\128-\191]*" do DIGITS[digit], n = n, n + 1 end
end

local ANY = {}            -- a medicine of any language
local signs = phrases.book()
for _, language in ipairs(words.languages) do
  for _, role in ipairs { "took", "pills", "many" } do
    phrases.add(signs, language[role], { role = role, lang = language.lang })
  end
end
phrases.add(signs, words.medicines, { role = "pills", lang = ANY })
phrases.add(signs, words.others, { role = "others" })

local BETWEEN = phrases.set(words.between)

local excuses = phrases.book()
phrases.add(excuses, words.excuses, true)

-- "40", "40x", "٤٠": a number, or nil.
local function number_of(key)
  local digits = key:gsub("[\216-\224][\128-\191]+", DIGITS):match "^(%d+)x?$" -- linear: digits end where x begins
  return digits and #digits <= 6 and tonumber(digits) or nil
end

-- "500mg", or 500 and mg in two words: whether that is much, nil where it is no weight.
local function is_much_weight(keys, i)
  local digits, unit = keys[i]:match "^(%d+)(%a*)$" -- linear
  if not digits then return nil end
  local much = words.weights[unit ~= "" and unit or keys[i + 1] or ""]
  return much and tonumber(digits) >= much
end

local function read(keys)
  local found = { took = {}, pills = {}, many = {}, others = {} }
  phrases.each(signs, keys, function(tag, i)
    if tag.role == "took" then
      found.took[tag.lang] = true
    elseif tag.role == "pills" then
      found.pills[i] = found.pills[i] or {}
      found.pills[i][tag.lang] = true
    else
      found[tag.role][i] = true
    end
  end)
  return found
end

-- Whether from word i on so many things of another kind are counted: pills of the languages in which some are taken.
local function add_counted(keys, found, i, out)
  local j, left = i, REACH
  while left > 0 and keys[j + 1] do
    j = j + 1
    if found.others[j] then return end
    left = left - (BETWEEN[keys[j]] and 0 or 1)
    for lang in pairs(found.pills[j] or {}) do
      for taken in pairs(found.took) do
        if lang == ANY or lang == taken then out[taken] = true end
      end
    end
  end
end

local function in_words(keys)
  local found, out = read(keys), {}
  if not (next(found.took) and next(found.pills)) then return out end
  for i = 1, #keys do
    local weighs = is_much_weight(keys, i)
    local n = weighs == nil and number_of(keys[i])
    if weighs or found.many[i] or n and n >= MUCH and n <= MOST then add_counted(keys, found, i, out) end
  end
  return out
end

local function has_any(text, list)
  for _, piece in ipairs(list) do
    if text:find(piece, 1, true) then return true end
  end
  return false
end

local function is_many(before, many)
  local digits = before:match "(%d+)$" -- linear: of at most 12 bytes
  if digits then return tonumber(digits) >= MUCH and tonumber(digits) <= MOST end
  for _, word in ipairs(many) do
    if #word <= #before and before:sub(-#word) == word then return true end
  end
  return false
end

local function counts_many(text, language)
  for _, counter in ipairs(language.counters) do
    local from = 1
    for _ = 1, TRIES do
      local at, stop = text:find(counter, from, true)
      if not at then break end
      if is_many(text:sub(math.max(1, at - 12), at - 1), language.many) then return true end
      from = stop + 1
    end
  end
  return false
end

local function squeezed(keys, out)
  local text = table.concat(keys)
  if not text:find "[\227-\237]" then return end
  for _, language in ipairs(words.squeezed) do
    if has_any(text, language.took) and has_any(text, language.pills) and counts_many(text, language) then
      out[language.lang] = true
    end
  end
end

--- The languages in which a text tells that much of a medicine was taken: {[lang] = true}, or nil.  keys: its words.
function M.found(keys)
  local out, excused = in_words(keys), false
  squeezed(keys, out)
  if not next(out) then return nil end
  phrases.each(excuses, keys, function() excused = true end)
  return not excused and out or nil
end

return M
