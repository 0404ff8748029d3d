-- scripts/agent/said.lua -- extracts what a model meant from what it wrote.
-- An answer should be calls of tools, or text for people.  Small models, and servers that do not know a model's
-- notation, produce thinking aloud, calls written as text, the chat's own quoting, their name before each line, and
-- made-up answers of other people.  This keeps what is meant, drops the rest, and never speaks in the name of others.
-- All other text stays as it is: people do ask about tags, and for code.  Pure, linear.

local texts = require "human.text"
local calls = require "agent.said_calls"
local characters = require "agent.said_text"
local hearing = require "agent.hearing"
local markup = require "agent.said_markup"
local values = require "agent.said_values"

local M = {}

local NAME_MAX = 90                              -- bytes before a colon that may be a name
local CANDIDATES = 8                             -- lines at which calls are looked for
local TALK_BYTES = 200                           -- of a line that show whether it is talk
local NOBODY = hearing.nobody
local CONTENT = { "content", "text", "message", "response", "reply", "answer", "body", "msg" }
local BESIDE = { content = true, text = true, message = true, response = true, reply = true, answer = true, body = true,
                 msg = true, type = true, role = true, from = true, message_id = true, reply_to = true, name = true }

M.clean = characters.clean

--- The text in a value: itself, a field of it, or its parts one after another.  Nil: there is none.
function M.content(value, depth)
  depth = depth or 0
  if type(value) == "string" then return value end
  if type(value) == "number" then return tostring(value) end
  if type(value) ~= "table" or depth > 3 then return nil end
  if value[1] ~= nil then
    local parts = {}
    for _, part in ipairs(value) do parts[#parts + 1] = M.content(part, depth + 1) end
    return table.concat(parts)
  end
  for _, key in ipairs(CONTENT) do
    local text = M.content(value[key], depth + 1)
    if text then return text end
  end
end

--- The tool that a name means ("functions.sendMessage"), and the arguments of a call as an object, whether they were
--- written as an object, as its JSON, or as the text alone.
M.tool, M.arguments = calls.tool, calls.arguments

-- Names --------------------------------------------------------------------------------------------------------

local function bare(name)
  return texts.trim((name:lower():gsub("[%c]+", " ")))
end

--- names: what the agent is called; people: what the others are.  As read() takes them.
function M.names(names, people)
  local out = { own = { you = true, me = true, assistant = true, ai = true, bot = true, model = true },
                others = { user = true, human = true }, roles = { user = true, human = true } }
  for _, name in ipairs(people or {}) do
    out.others[bare(name)] = true
    local first = bare(name):match "^%S+"
    if first and #first > 2 then out.others[first] = true end
  end
  for _, name in ipairs(names or {}) do out.own[bare(name)] = true end
  local first = names and names[1] and bare(names[1]):match "^%S+$" or nil
  for word in (names and names[1] and bare(names[1]) or ""):gmatch "%S+" do
    if #word > 2 and not out.others[word] then out.own[word] = true end
  end
  if first then out.own[first] = true end
  for name in pairs(out.own) do out.others[name] = nil end
  return out
end

-- The name before the colon at the beginning of a line ("**Coach Alex** (10:32):"), in lower case, and the text
-- behind it; or nil.
local function speaker(line)
  local colon = line:find(":", 1, true)
  while colon and colon <= NAME_MAX and line:find("^%d", colon + 1) do colon = line:find(":", colon + 1, true) end
  local wide = line:find("：", 1, true)
  local width = 1
  if wide and (not colon or wide < colon) then colon, width = wide, 3 end
  if not colon or colon > NAME_MAX then return nil end
  local head = line:sub(1, colon - 1):gsub("[%(%[]%d[%d:%s,apmAPM.%-/]*[%)%]]", "")
  head = head:gsub("^[%s>*_%[(\"]+", ""):gsub("[*_%])\"]", "")   -- linear: at most 90 bytes
  local rest = line:sub(colon + width):match "^[*_]*%s*(.*)$"
  return bare(head), rest
end

-- Voices ------------------------------------------------------------------------------------------------------

-- The lines of a text that begin with names, outside of code: {[line number] = {name, rest, own}}, and their number.
local function voices_of(lines, names)
  local found, n, code = {}, 0, false
  for i, line in ipairs(lines) do
    local name, rest
    if line:find "^%s*```" then code = not code elseif not code then name, rest = speaker(line) end
    if name and (names.own[name] or names.others[name]) then
      found[i], n = { name = name, rest = rest, own = names.own[name] or false }, n + 1
    end
  end
  return found, n
end

-- Whether somebody says that to somebody: asks, thanks, speaks of himself.
local function is_talk(text)
  local said = hearing.hear(NOBODY, text:sub(1, TALK_BYTES))
  return said.asks or said.thanks or text:find "^I[ ']" ~= nil or text:find "^[Mm][ey] " ~= nil
end

-- Whether the lines with other people's names are made-up talk.  They are if a line begins with the agent's own name,
-- or a role's; if several of them are sentences; or if one of them addresses somebody.  Otherwise the agent is talking
-- about others, or they are not names at all ("Tip: drink water", where somebody is called Tip).
local function is_dialogue(lines, voices, names)
  local who, several, sentences, talk, first = nil, false, false, false, nil
  for i, line in ipairs(lines) do
    local voice = voices[i]
    if voice and (voice.own or names.roles[voice.name]) then return true end
    if voice then
      first = first or i
      several, who = several or who ~= nil and who ~= voice.name, voice.name
      if voice.rest:find "^%d" then return false end
      sentences = sentences or texts.trim(line):find "[.!?]$" ~= nil
      talk = talk or is_talk(voice.rest)
    end
  end
  for i = (first or 1) - 1, 1, -1 do             -- a list, when what stands before it announces one
    local before = texts.trim(lines[i])
    if before:find "[:：]$" then return false end -- linear: one byte at the end of a trimmed text
    if before ~= "" then break end
  end
  return several and sentences or talk
end

-- Lines without the agent's name before them, up to where others begin to speak.
local function without_speakers(text, names)
  if not text:find(":", 1, true) and not text:find("：", 1, true) then return text end
  local lines, out, theirs, said = {}, {}, false, false
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = line end -- linear: each line once
  local voices, n = voices_of(lines, names)
  if n == 0 then return text end
  local dialogue = is_dialogue(lines, voices, names)
  for i, line in ipairs(lines) do
    local voice = voices[i]
    if voice and voice.own then
      if theirs and said then break end
      theirs, line = false, voice.rest
    elseif voice and dialogue then
      if said then break end
      theirs = true
    end
    if not theirs then
      out[#out + 1] = line
      said = said or line:find "%S" ~= nil
    end
  end
  return table.concat(out, "\n")
end

-- Silence --------------------------------------------------------------------------------------------------------

local SILENT = { "stay silent", "stays silent", "staying silent", "remain silent", "remains silent",
                 "remaining silent", "stay_silent", "keep silent", "keeps silent", "stays quiet", "stay quiet" }
local NOTHING = { "silent", "silence", "no response", "no reply", "no answer", "no message", "says nothing",
                  "say nothing", "nothing", "does not respond", "doesn't respond", "no comment", "listening", "listens",
                  "no_reply", "no_response" }

-- Whether the whole text is a way to say nothing: "(stays silent)", "*says nothing*", "stay silent.".
local function is_silence(text)
  if #text > 200 then return false end
  local from, to = text:match "^[%(%[*_<{]+()", text:match "^.*[^%)%]*_>}./%s]()"
  local inner = from and to and from < to and to <= #text and text:sub(from, to - 1)
  local words = (inner or text):lower():gsub("[.!]", ""):gsub("^i ", ""):gsub("^i'll ", ""):gsub("^will ", "")
  for _, phrase in ipairs(SILENT) do
    if words == phrase or (inner and words:sub(1, #phrase) == phrase) then return true end
  end
  for _, phrase in ipairs(NOTHING) do
    if inner and (words == phrase or words:sub(1, #phrase + 1) == phrase .. " ") then return true end
  end
  return words == "no_reply" or words == "no_response" or words == "[silence]"
end

-- Calls without marks ----------------------------------------------------------------------------------------------

-- The inside of a text that is one block of code, and what the block is called; or nil.
local function unfenced(text)
  local label, from = text:match "^```([%w_+-]*)[ \t]*\n()"
  if not label then
    local inner = text:match "^`+([^`]+)`+$"
    return inner and texts.trim(inner), ""
  end
  local stop = text:find("\n```", from - 1, true)
  if not stop then return texts.trim(text:sub(from)), label end
  if text:find("%S", stop + 4) then return nil end
  return texts.trim(text:sub(from, stop - 1)), label
end

-- {"content": "Hi"}: an object that holds a text and says nothing else.
local function only_content(text)
  if not text:find "^{" then return nil end
  local value, behind = values.read(text, 1)
  if not behind or text:find("%S", behind) or calls.of_value(value, {}) then return nil end
  for key in pairs(value) do
    if not BESIDE[key] then return nil end
  end
  return M.content(value)
end

-- Whether a text begins like a call of a tool, and is therefore not for people even if it cannot be parsed.
local function begins_like_call(text)
  local word = text:match "^([%w_.]+)%(" or text:match "^%[?%s*{%s*[\"'](%w+)[\"']%s*:"
  if not word then return false end
  if calls.tool(word) then return true end
  local value = text:match "^%[?%s*{%s*[\"']%w+[\"']%s*:%s*[\"']([%w_%-.]+)"
  return calls.tool(value) ~= nil
end

local function spoken(list)
  for _, call in ipairs(list) do
    if call.name == "send_message" or call.name == "send_reply" or call.name == "stay_silent" then return true end
  end
  return false
end

-- Calls at a place of the text that reach to its end.
local function calls_to_end(text, from)
  local list, behind = calls.read(text, from)
  if #list > 0 and not text:find("%S", behind) then return list end
end

local function fenced_calls(text)
  local inner = unfenced(text)
  return inner and calls_to_end(inner, 1)
end

-- Calls behind the text for people: the last lines of it.
local function calls_behind(text)
  local tries, at = 0, 1
  while tries < CANDIDATES do
    at = text:find("\n", at, true)
    if not at then return nil end
    at = text:match("^%s*()", at)
    local word = text:match("^[%w_.]+", at)
    local fence = text:find("^```", at)
    if fence or text:find("^[{%[`>]", at) or (word and (calls.tool(word) or word:find "^[AaTt][co][to][il]")) then
      tries = tries + 1
      local label = fence and text:match("^```([%w_]*)", at)
      local list = fence and fenced_calls(text:sub(at)) or not fence and calls_to_end(text, at)
      -- Code that somebody asked for is in a block too, but does not look like something only a machine would write.
      if list and (not fence or label:find "^tool" or text:find("^```%w*%s*[{%[]", at)) then
        return list, text:sub(1, at - 1)
      end
    end
  end
end

-- Returns the text that is left and the calls in it.
local function without_calls(text)
  text = texts.trim(text)
  local inner = unfenced(text) or text
  local content = only_content(inner)
  if content then return content, {} end
  if not calls.names_tool(text) then return text, {} end
  local list, behind = calls.read(inner, 1)
  if #list > 0 and not inner:find("%S", behind) then return "", list end
  if #list > 0 and inner == text and text:find("^%s*\n", behind - 1) then return text:sub(behind), list end
  if begins_like_call(inner) then return "", {}, true end
  local found, head = calls_behind(text)
  if found then return head, found end
  return text, {}
end

-- Reading ----------------------------------------------------------------------------------------------------------

-- What wraps the whole of an answer.
local WRAPPERS = { "answer", "response", "reply", "output", "final_answer", "assistant", "msg" }

local function unwrapped(text)
  for _, name in ipairs(WRAPPERS) do
    local from, to = #name + 3, #text - #name - 3
    if text:sub(1, from - 1) == "<" .. name .. ">" and text:sub(to + 1) == "</" .. name .. ">" and to >= from - 1 then
      return texts.trim(text:sub(from, to))
    end
  end
  return text
end

-- gpt-oss without its marks: "analysisThey ask ..assistantfinalHi".
local function final_of(text)
  if not text:find "^analysis%u" then return text end
  local _, last = text:find("assistantfinal", 1, true)
  return last and text:sub(last + 1) or ""
end

--- text: what a model wrote; names: of names().  Returns the text for people ("" for none), the calls of tools
--- that were written as text ({{name, arguments, unknown}}), and whether there was one that cannot be read.
function M.read(text, names)
  if text == "" then return "", {}, false end
  text = final_of(texts.trim(M.clean(text)))
  text = markup.without_beginning(text)
  local list, broken
  text, list, broken = markup.read(text, names)
  text = unwrapped(texts.trim(text))
  local more, unreadable
  text, more, unreadable = without_calls(text)
  for _, call in ipairs(more) do list[#list + 1] = call end
  text = texts.trim(characters.unquoted(texts.trim(without_speakers(texts.trim(text), names))))
  if spoken(list) or is_silence(text) then text = "" end
  return text, list, broken or unreadable or false
end

return M
