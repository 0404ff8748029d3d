-- scripts/gateway/skills/index.lua -- searches an index of skills, which strangers wrote: types are checked, what is
-- shown is on one line, and an entry that nobody could install is left out.  Pure.

local limits = require "gateway.rules.skills"
local source = require "gateway.skills.source"
local text_of = require "gateway.skills.text"

local M = {}

local TAGS = 64

local function line(v, max)
  return (type(v) == "string" or type(v) == "number") and text_of.line(tostring(v), max) or ""
end

local function tags_of(v)
  if type(v) ~= "table" then return line(v, 500) end
  local out = {}
  for i = 1, math.min(#v, TAGS) do
    local tag = line(v[i], 64)
    if tag ~= "" then out[#out + 1] = tag end
  end
  return table.concat(out, ",")
end

local function entry_of(one)
  if type(one) ~= "table" or type(one.name) ~= "string" or type(one.url) ~= "string" then return nil end
  if source.is_path(one.url) or source.problem(one.url) then return nil end
  return { name = line(one.name, 64), description = line(one.description, 1000), version = line(one.version, 64),
           author = line(one.author, 200), url = one.url, tags = tags_of(one.tags) }
end

local function fits(entry, words)
  local text = (entry.name .. " " .. entry.description .. " " .. entry.tags):lower()
  for _, word in ipairs(words) do
    if not text:find(word, 1, true) then return false end
  end
  return true
end

--- The first entries (a list of what JSON gave) in which all words of a query are.
function M.find(entries, query)
  local words, out = {}, {}
  for word in query:lower():gmatch "%S+" do words[#words + 1] = word end
  for _, one in ipairs(entries) do
    if #out >= limits.found then break end
    local entry = entry_of(one)
    if entry and fits(entry, words) then out[#out + 1] = entry end
  end
  return out
end

return M
