-- scripts/agent/hearing_mentions.lua -- who is mentioned in a text by handle, and which parts of it are not speech.
-- Reads the syntaxes of Telegram, WhatsApp, Discord, Slack, Google Chat and Teams; Signal puts a placeholder into
-- the text and the rest into the event's mentions.  Pure, and linear in the length of the text.

local unicode = require "unicode"

local M = {}

local PHONE_MIN = 6    -- digits
local MENTIONS_MAX = 200 -- in one text; more can only be a joke
local COMMAND_MAX = 64 -- bytes of "/command" before its "@"
local EVERYONE = { everyone = true, here = true, all = true, channel = true, todos = true, alle = true, room = true }

-- Knowing who it is -----------------------------------------------------------------------------------

local function squash(text) return (unicode.fold(text):gsub("[^%w\128-\255]", "")) end

-- The digits of a telephone number, with or without a server behind it ("4917…@c.us").
local function phone(text)
  local digits = text:match("^[^@:]*"):gsub("[ ()+.-]", "")
  return #digits >= PHONE_MIN and not digits:find "%D" and digits or nil
end

local function learn(map, key, who)
  if key and key ~= "" and not map[key] then map[key] = who end
end

--- ids: handles and ids that mean `who` beyond doubt.
function M.learn_ids(ear, list, who)
  for _, id in ipairs(list) do
    learn(ear.ids, id:lower():gsub("^@", ""), who)
    learn(ear.ids, phone(id), who)
    learn(ear.handles, squash(id), who)
    learn(ear.ids, id:match "^users/(.+)$", who)
  end
end

--- A name that may be written as a handle ("Coach Alex", @CoachAlex).
function M.learn_name(ear, name, who) learn(ear.handles, squash(name), who) end

--- Who a handle or an id belongs to, or nil.
function M.who(ear, handle)
  local id = handle:lower():gsub("^@", "")
  local known = ear.ids[id] or ear.ids[id:match "^[^:]*"] or ear.ids[phone(id) or false]
  if known then return known end
  local flat = squash(handle)
  if flat == "" then return nil end
  local bare = flat:match "^(..+)bot$" or flat:match "^(..+)ai$"
  if ear.handles[flat] then return ear.handles[flat] end
  return ear.handles[bare] == ear.me and ear.me or nil
end

-- Leaving out what is not speech ----------------------------------------------------------------------

local function blank(text) return (text:gsub("[^\n]", " ")) end

-- Where a link begins in a piece without spaces, or nil.
local function link_at(piece)
  local at = piece:find("://", 1, true)
  if at then
    while at > 1 and piece:find("^[%w+.-]", at - 1) do at = at - 1 end
    return at
  end
  if piece:find "^[Ww][Ww][Ww]%." then return 1 end
  if piece:find "^[/~.]+%a" and not piece:find("@", 1, true) then return 1 end
  local slash = piece:find("/", 1, true)
  if piece:find("\\", 1, true) or slash and piece:find("/", slash + 1, true) then return 1 end
  at = piece:find("@", 2, true)
  local is_mail = at and piece:find("^[%w_]", at - 1) and piece:find("^%w", at + 1) and not piece:find "^[<@/]"
  return is_mail and 1 or nil
end

local function without_links(text)
  local out, from = {}, 1
  for start, piece in text:gmatch "()(%S+)" do
    local at = link_at(piece)
    if at then
      out[#out + 1] = text:sub(from, start + at - 2)
      out[#out + 1] = blank(piece:sub(at))
      from = start + #piece
    end
  end
  out[#out + 1] = text:sub(from)
  return table.concat(out)
end

-- Lines that quote somebody ("> so he said").
local function without_quotes(text)
  if not (text:find "^> " or text:find("\n> ", 1, true)) then return text end
  return (text:gsub("[^\n]+", function(line) return line:find "^> " and blank(line) or nil end))
end

-- Mentions --------------------------------------------------------------------------------------------

local SHAPES = { -- linear: each begins with "<" and holds no other
  "^<@!?([%w_.:+-]+)>", "^<@!?([%w_.:+-]+)|[^<>]*>", "^<(users/[%w_.-]+)>", "^<at[^<>]*>([^<>]*)</at>",
}

local function marked(text, at)
  for _, shape in ipairs(SHAPES) do
    local who = text:match(shape, at)
    if who then return who, select(2, text:find(shape, at)) end
  end
end

local function note(ear, found, handle)
  if EVERYONE[handle:lower():match "^[^/]*$"] or handle == "users/all" then
    found.everyone = true
  else
    local who = M.who(ear, handle)
    if who == ear.me then found.me = true else found.others[#found.others + 1] = who or handle end
  end
end

-- Mentions in angle brackets, taken out of the text.
local function bracketed(ear, text, found)
  local out, from, at = {}, 1, text:find("<", 1, true)
  while at and #found.others < MENTIONS_MAX do
    local slack = text:match("^<!(%a+)[|>]", at) -- linear: letters end where the rest begins
    local handle, stop = marked(text, at)
    if slack and EVERYONE[slack] then found.everyone = true end
    if handle then
      note(ear, found, handle)
      out[#out + 1] = text:sub(from, at - 1)
      out[#out + 1] = (" "):rep(stop - at + 1)
      from = stop + 1
    end
    at = text:find("<", stop or at + 1, true)
  end
  out[#out + 1] = text:sub(from)
  return table.concat(out)
end

local function telegram_links(ear, text, found)
  local from = 1
  while true do
    local _, stop = text:find("tg://user?id=", from, true)
    if not stop then return end
    local id = text:match("^%d+", stop + 1)
    if id then note(ear, found, id) end
    from = stop + 1
  end
end

--- The text that people say themselves: links, addresses, paths, code, quoted lines and mentions in brackets are
--- blanked, and positions stay the same.  found: {me, everyone, others} is filled with the mentions.
function M.spoken(ear, text, found)
  text = text:gsub("＠", "  @") -- of full width, and as long
  if text:find("<", 1, true) then
    telegram_links(ear, text, found)
    text = bracketed(ear, text, found)
  elseif text:find("tg://", 1, true) then
    telegram_links(ear, text, found)
  end
  if text:find("`", 1, true) then text = text:gsub("`[^`]*`", blank) end -- linear: ends where the next begins
  return without_links(without_quotes(text))
end

--- Mentions with "@".  name_at(byte) returns who is named by the words from there on, and the last byte of the name.
--- Returns their positions: {{from, to}, ..}.
function M.at_signs(ear, text, found, name_at)
  local spans, at = {}, text:find("@", 1, true)
  while at and #spans < MENTIONS_MAX do
    local before = at > 1 and text:sub(at - 1, at - 1) or " "
    local command = at <= COMMAND_MAX and before:find "%w" and text:sub(1, at - 1):find "^%s*/[%w_]+$"
    local stop
    if command or not before:find "[%w_.]" then
      local who, last = name_at(at + 1)
      local handle = text:match("^[%w_.:+-]+", at + 1)
      handle = handle and handle:match "^.*[%w_]" or not who and text:match("^[\128-\255]+", at + 1)
      local longer = who and handle and at + #handle > last
      if handle and (not who or longer and (M.who(ear, handle) or text:find("^[_.-]", last + 1))) then
        note(ear, found, handle)
        stop = at + #handle
      elseif who then
        if who == ear.me then found.me = true else found.others[#found.others + 1] = who end
        stop = last
      end
      if stop then spans[#spans + 1] = { at, stop } end
    end
    at = text:find("@", (stop or at) + 1, true)
  end
  return spans
end

return M
