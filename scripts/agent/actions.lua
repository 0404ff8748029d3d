-- scripts/agent/actions.lua -- from a model's wishes to actions that may be sent.
-- Gathers the facts about each wish (does the message exist, is that an emoji, does the text look like
-- a key) and asks agent.rules.tool_use and agent.rules.safety; what they refuse is dropped.

local json = require "human.json"
local log = require "human.log"
local limits = require "agent.rules.limits"
local parts = require "agent.parts"
local safety = require "agent.rules.safety"
local tool_use = require "agent.rules.tool_use"

local M = {}

-- Emoji -------------------------------------------------------------------------------------------
-- By code point ranges of Unicode 15 (Emoji_Presentation and the text-style ones that VS16 or custom
-- use turns into emoji; emoji-data.txt) and the sequences of UTS #51: modifiers, ZWJ, keycaps, flags.

local RANGES = {
  { 0xA9, 0xA9 }, { 0xAE, 0xAE }, { 0x203C, 0x203C }, { 0x2049, 0x2049 }, { 0x2122, 0x2122 },
  { 0x2139, 0x2139 }, { 0x2194, 0x2199 }, { 0x21A9, 0x21AA }, { 0x231A, 0x231B }, { 0x2328, 0x2328 },
  { 0x23CF, 0x23CF }, { 0x23E9, 0x23F3 }, { 0x23F8, 0x23FA }, { 0x24C2, 0x24C2 }, { 0x25AA, 0x25AB },
  { 0x25B6, 0x25B6 }, { 0x25C0, 0x25C0 }, { 0x25FB, 0x25FE }, { 0x2600, 0x2604 }, { 0x260E, 0x260E },
  { 0x2611, 0x2611 }, { 0x2614, 0x2615 }, { 0x2618, 0x2618 }, { 0x261D, 0x261D }, { 0x2620, 0x2620 },
  { 0x2622, 0x2623 }, { 0x2626, 0x2626 }, { 0x262A, 0x262A }, { 0x262E, 0x262F }, { 0x2638, 0x263A },
  { 0x2640, 0x2640 }, { 0x2642, 0x2642 }, { 0x2648, 0x2653 }, { 0x265F, 0x2660 }, { 0x2663, 0x2663 },
  { 0x2665, 0x2666 }, { 0x2668, 0x2668 }, { 0x267B, 0x267B }, { 0x267E, 0x267F }, { 0x2692, 0x2697 },
  { 0x2699, 0x2699 }, { 0x269B, 0x269C }, { 0x26A0, 0x26A1 }, { 0x26A7, 0x26A7 }, { 0x26AA, 0x26AB },
  { 0x26B0, 0x26B1 }, { 0x26BD, 0x26BE }, { 0x26C4, 0x26C5 }, { 0x26C8, 0x26C8 }, { 0x26CE, 0x26CF },
  { 0x26D1, 0x26D1 }, { 0x26D3, 0x26D4 }, { 0x26E9, 0x26EA }, { 0x26F0, 0x26F5 }, { 0x26F7, 0x26FA },
  { 0x26FD, 0x26FD }, { 0x2702, 0x2702 }, { 0x2705, 0x2705 }, { 0x2708, 0x270D }, { 0x270F, 0x270F },
  { 0x2712, 0x2712 }, { 0x2714, 0x2714 }, { 0x2716, 0x2716 }, { 0x271D, 0x271D }, { 0x2721, 0x2721 },
  { 0x2728, 0x2728 }, { 0x2733, 0x2734 }, { 0x2744, 0x2744 }, { 0x2747, 0x2747 }, { 0x274C, 0x274C },
  { 0x274E, 0x274E }, { 0x2753, 0x2755 }, { 0x2757, 0x2757 }, { 0x2763, 0x2764 }, { 0x2795, 0x2797 },
  { 0x27A1, 0x27A1 }, { 0x27B0, 0x27B0 }, { 0x27BF, 0x27BF }, { 0x2934, 0x2935 }, { 0x2B05, 0x2B07 },
  { 0x2B1B, 0x2B1C }, { 0x2B50, 0x2B50 }, { 0x2B55, 0x2B55 }, { 0x3030, 0x3030 }, { 0x303D, 0x303D },
  { 0x3297, 0x3297 }, { 0x3299, 0x3299 }, { 0x1F004, 0x1F004 }, { 0x1F0CF, 0x1F0CF },
  { 0x1F170, 0x1F171 }, { 0x1F17E, 0x1F17F }, { 0x1F18E, 0x1F18E }, { 0x1F191, 0x1F19A },
  { 0x1F201, 0x1F202 }, { 0x1F21A, 0x1F21A }, { 0x1F22F, 0x1F22F }, { 0x1F232, 0x1F23A },
  { 0x1F250, 0x1F251 }, { 0x1F300, 0x1F321 }, { 0x1F324, 0x1F393 }, { 0x1F396, 0x1F397 },
  { 0x1F399, 0x1F39B }, { 0x1F39E, 0x1F3F0 }, { 0x1F3F3, 0x1F3F5 }, { 0x1F3F7, 0x1F4FD },
  { 0x1F4FF, 0x1F53D }, { 0x1F549, 0x1F54E }, { 0x1F550, 0x1F567 }, { 0x1F56F, 0x1F570 },
  { 0x1F573, 0x1F57A }, { 0x1F587, 0x1F587 }, { 0x1F58A, 0x1F58D }, { 0x1F590, 0x1F590 },
  { 0x1F595, 0x1F596 }, { 0x1F5A4, 0x1F5A5 }, { 0x1F5A8, 0x1F5A8 }, { 0x1F5B1, 0x1F5B2 },
  { 0x1F5BC, 0x1F5BC }, { 0x1F5C2, 0x1F5C4 }, { 0x1F5D1, 0x1F5D3 }, { 0x1F5DC, 0x1F5DE },
  { 0x1F5E1, 0x1F5E1 }, { 0x1F5E3, 0x1F5E3 }, { 0x1F5E8, 0x1F5E8 }, { 0x1F5EF, 0x1F5EF },
  { 0x1F5F3, 0x1F5F3 }, { 0x1F5FA, 0x1F64F }, { 0x1F680, 0x1F6C5 }, { 0x1F6CB, 0x1F6D2 },
  { 0x1F6D5, 0x1F6D7 }, { 0x1F6DC, 0x1F6E5 }, { 0x1F6E9, 0x1F6E9 }, { 0x1F6EB, 0x1F6EC },
  { 0x1F6F0, 0x1F6F0 }, { 0x1F6F3, 0x1F6FC }, { 0x1F7E0, 0x1F7EB }, { 0x1F7F0, 0x1F7F0 },
  { 0x1F90C, 0x1F93A }, { 0x1F93C, 0x1F945 }, { 0x1F947, 0x1F9FF }, { 0x1FA70, 0x1FA7C },
  { 0x1FA80, 0x1FA88 }, { 0x1FA90, 0x1FABD }, { 0x1FABF, 0x1FAC5 }, { 0x1FACE, 0x1FADB },
  { 0x1FAE0, 0x1FAE8 }, { 0x1FAF0, 0x1FAF8 },
}
local VS16, KEYCAP, ZWJ, TAG_END, POINTS_MAX = 0xFE0F, 0x20E3, 0x200D, 0xE007F, 16

local function is_pictograph(c)
  local lo, hi = 1, #RANGES
  while lo <= hi do
    local mid = math.floor((lo + hi) / 2)
    local r = RANGES[mid]
    if c < r[1] then hi = mid - 1 elseif c > r[2] then lo = mid + 1 else return true end
  end
  return false
end

local function is_modifier(c) return c and c >= 0x1F3FB and c <= 0x1F3FF end
local function is_flag_letter(c) return c and c >= 0x1F1E6 and c <= 0x1F1FF end

-- The code points of UTF-8 text; nil when it is not UTF-8 or longer than an emoji can be.
local function code_points(text)
  local out, i = {}, 1
  while i <= #text do
    local b = text:byte(i)
    local n = b < 0x80 and 1 or b >= 0xF0 and b < 0xF8 and 4 or b >= 0xE0 and b < 0xF0 and 3
      or b >= 0xC2 and b < 0xE0 and 2
    if not n or i + n - 1 > #text or #out == POINTS_MAX then return nil end
    local c = n == 1 and b or b % 2 ^ (7 - n)
    for k = i + 1, i + n - 1 do
      local x = text:byte(k)
      if x < 0x80 or x > 0xBF then return nil end
      c = c * 64 + x - 0x80
    end
    out[#out + 1] = c
    i = i + n
  end
  return out
end

-- Behind the tags of a subdivision flag (UTS #51 ED-14a), or i when there are none.
local function skip_tags(p, i)
  local at = i
  while p[at] and p[at] >= 0xE0020 and p[at] <= 0xE007E do at = at + 1 end
  if at > i and p[at] == TAG_END then return at + 1 end
  return i
end

-- Behind one element of a ZWJ sequence that begins at i, or nil.
local function skip_element(p, i)
  if not p[i] or not is_pictograph(p[i]) then return nil end
  i = i + 1
  if p[i] == VS16 or is_modifier(p[i]) then i = i + 1 end
  return skip_tags(p, i)
end

-- Whether text is exactly one emoji.
function M.is_emoji(text)
  local p = code_points(text)
  if not p or #p == 0 then return false end
  local first = p[1]
  if first == 0x23 or first == 0x2A or (first >= 0x30 and first <= 0x39) then
    return (#p == 2 and p[2] == KEYCAP) or (#p == 3 and p[2] == VS16 and p[3] == KEYCAP)
  end
  if is_flag_letter(first) then return #p == 2 and is_flag_letter(p[2]) end
  local i = skip_element(p, 1)
  while i and p[i] == ZWJ do i = skip_element(p, i + 1) end
  return i == #p + 1
end

-- Text --------------------------------------------------------------------------------------------

local KEYS = { "ak_" .. ("%w"):rep(32), "hm_" .. ("%w"):rep(32), "sk%-[%w%-_]+" }
local KEY_MIN = 24                               -- shorter ones are words, not keys
local LEAK_RUN, HOUSE_RUN = 200, 60              -- bytes of a system prompt, and of our own part of it, word by word

local function has_key(text)
  for _, pattern in ipairs(KEYS) do
    for found in text:gmatch(pattern) do
      if #found >= KEY_MIN then return true end
    end
  end
  return false
end

-- Line breaks are the first thing that a model changes of what it repeats.
local function flat(text) return (text:gsub("%s+", " ")) end

-- The pieces of `run` bytes of a source, of which none may be said.  Agents of one type have the same: the last of each
-- length are kept.
local forbidden = {}

local function pieces_of(source, run)
  local known = forbidden[run]
  if not known or known.source ~= source then
    known = { source = source }
    local text = flat(source)
    for from = 1, #text - run + 1, run do known[#known + 1] = text:sub(from, from + run - 1) end
    forbidden[run] = known
  end
  return known
end

-- Whether `run` bytes of the source stand in text, which is flat.
local function leaks(text, source, run)
  if not source or #text < run then return false end
  for _, piece in ipairs(pieces_of(source, run)) do
    if text:find(piece, 1, true) then return true end
  end
  return false
end

-- Deciding ----------------------------------------------------------------------------------------

local function reaction_key(action) return action.messageId .. "\0" .. action.emoji end

local function longest(texts)
  local most = 0
  for _, text in ipairs(texts) do most = math.max(most, parts.length(text)) end
  return most
end

-- What is found in a text is looked for in the whole of it: parts could hide it.
local function said_of(action, pieces, chat, ask)
  if not action.content then return "ok" end
  local text = flat(action.content)
  return ask(safety.may_say, { chars = longest(pieces), has_key = has_key(action.content),
    leaks_prompt = leaks(text, chat.template, LEAK_RUN) or leaks(text, chat.house, HOUSE_RUN) })
end

local function permits(chat, kind) return chat.permits == nil or chat.permits[kind] == true end

local function facts_of(action, pieces, taken, chat, ask)
  return {
    taken = taken, max = chat.max, said = said_of(action, pieces, chat, ask),
    permitted = permits(chat, action.type), may_message = permits(chat, "send-message"),
    known_message = action.messageId ~= nil and chat.messages[action.messageId] == true,
    is_emoji = action.emoji ~= nil and M.is_emoji(action.emoji),
    reacted = action.emoji ~= nil and chat.reactions[reaction_key(action)] == true,
  }
end

-- Adds an action, as several messages when it is a long one: the first of them is the reply.
local function add(out, action, pieces, as_message)
  if not action.content then
    out[#out + 1] = action
    return
  end
  for i, piece in ipairs(pieces) do
    local plain = i > 1 or as_message or action.type == "send-message"
    out[#out + 1] = { type = plain and "send-message" or action.type, content = piece,
                      messageId = not plain and action.messageId or nil }
  end
end

-- The wishes that may be carried out, in order, as actions.
-- chat: {messages = {id = true}, reactions = {"id\0emoji" = true} (the agent's own, as they stand),
-- template (of the system prompt, or nil), house (our own part of that, or nil), max (wishes), permits ({type =
-- true}; nil: all), part_chars (of one message)}; where: {agent_id, run_id} for the log, and
-- ask(rule, facts..) -> verdict, which sees to it that the
-- decision is recorded.
function M.allowed(wishes, chat, where)
  local out, taken = {}, 0
  for _, action in ipairs(wishes) do
    local pieces = action.content and parts.of(action.content, chat.part_chars, limits.message_parts) or {}
    local verdict = where.ask(tool_use.check, action, facts_of(action, pieces, taken, chat, where.ask))
    if verdict == "ok" or verdict == "as-message" then
      add(out, action, pieces, verdict == "as-message")
      taken = taken + 1
      if action.emoji then chat.reactions[reaction_key(action)] = action.type == "add-reaction" end
    else
      log.warn("action dropped", { agent_id = where.agent_id, run_id = where.run_id,
        action = action.type, why = verdict, message_id = action.messageId })
    end
  end
  return out
end

-- The actions that end a run ({typing}) which has done `done`.  Typing never stays on: a message clears it,
-- anything else is preceded by set-typing{false}.
function M.closing(run, done, reason, code)
  local list, said = {}, false
  for _, action in ipairs(done) do
    said = said or action.type == "send-message" or action.type == "send-reply"
  end
  if run.typing and not said then list[1] = { type = "set-typing", isTyping = false } end
  for _, action in ipairs(done) do list[#list + 1] = action end
  list[#list + 1] = { type = "agent-stopped", reason = reason, code = code }
  return list
end

-- The message ids that wishes name, as a JSON array.
function M.message_ids(wishes)
  local ids = {}
  for _, action in ipairs(wishes) do ids[#ids + 1] = action.messageId end
  return json.encode(json.array(ids))
end

return M
