-- scripts/agent/said_markup.lua -- separates the answer from the markup in what a model wrote.
-- One pass over the tags (agent.said_tags): thinking is dropped, calls of tools are parsed, quoted lines are
-- unquoted, and the answer ends where the model goes on in somebody else's name.  A tag without a meaning here is
-- text.  Pure; whatever could be tried at every tag is tried a bounded number of times.

local calls = require "agent.said_calls"
local tags = require "agent.said_tags"

local M = {}

local TRIES = 16                                 -- at reading calls that turn out to be none
local HEAD_MAX = 300                             -- bytes of a header, and of what is looked at before a tag

local function set(words)
  local out = {}
  for word in words:gmatch "%S+" do out[word] = true end
  return out
end

local THINKING = set [[think thinking thought thoughts reasoning reflection analysis scratchpad inner_monologue
  inner_thoughts internal_monologue antthinking chain_of_thought seed:think longcat_think unused94 unused95]]
local CALLS = set [[tool_call tool_calls function_call function_calls tool_use use_tool tool_code tools action
  python_tag tool_request minimax:tool_call antml:function_calls tool_calls_section functions toolcall
  function invoke antml:invoke]]
local RESULTS = set [[tool_response tool_result tool_results tool_output function_result function_results
  function_response observation]]
local OTHERS = set "user human system tool ipython developer"
local OURS = set "turn day pause sent silence nothing-new participants earlier chat"

-- What is collected ----------------------------------------------------------------------------------------
-- w: text, lower (the same in lower case), at (from there on it is still to come), names (whose is it?), out (pieces
-- of text), calls, said (there is some), muted (this is nobody's answer), to and arguments (a channel that calls a
-- tool), over (others speak), broken (a call that cannot be read), tries, absent (texts that do not come any more)

local function put(w, text)
  if w.over or text == "" then return end
  if w.to then
    w.arguments[#w.arguments + 1] = text
  elseif not w.muted then
    w.out[#w.out + 1] = text
    w.said = w.said or text:find "%S" ~= nil
  end
end

local function has_said(w) return w.said or #w.calls > 0 end

local function others_speak(w)
  if has_said(w) then w.over = true end
end

local function literally(w, tag)
  put(w, w.text:sub(tag.from, tag.to))
  w.at = tag.to + 1
end

-- Where `what` (lower case) begins and ends from `at` on.
local function find_next(w, what, at)
  if w.absent[what] then return nil end
  local s, e = w.lower:find(what, at, true)
  if not s then w.absent[what] = true end
  return s, e
end

-- The first of several.
local function find_first(w, list, at)
  local first, last
  for _, what in ipairs(list) do
    local s, e = find_next(w, what, at)
    if s and (not first or s < first) then first, last = s, e end
  end
  return first, last
end

local function begins_line(w, tag)
  local i = tag.from - 1
  while i > 0 and tag.from - i < HEAD_MAX and w.text:find("^[ \t>*]", i) do i = i - 1 end
  return i == 0 or w.text:byte(i) == 10
end

-- Whether a tag is a mark rather than a word of a sentence.
local function stands_apart(w, tag)
  return begins_line(w, tag) or w.text:find("^[ \t]*\n", tag.to + 1) or tag.to == #w.text
    or not w.text:find("^%s", tag.from - 1)
end

-- Thinking -------------------------------------------------------------------------------------------------

local function closings(name)
  return { "</" .. name .. ">", "[/" .. name .. "]", "◁/" .. name .. "▷", "<|end_" .. name .. "|>",
           "<|end_of_" .. name .. "|>", "<|/" .. name .. "|>", "<unused95>" }
end

local function thinking(w, tag)
  if tag.close or tag.name == "unused95" then
    if not stands_apart(w, tag) then return literally(w, tag) end
    w.out, w.calls, w.said, w.at = {}, {}, false, tag.to + 1 -- it began before the answer did
    return
  end
  local _, last = find_first(w, closings(tag.name), tag.to + 1)
  if not last and not begins_line(w, tag) then return literally(w, tag) end
  w.at = (last or #w.text) + 1
end

--- Drops thinking that has an end mark but no beginning: some servers swallow the first mark.
function M.without_beginning(text)
  if not (text:find("</", 1, true) or text:find("[/", 1, true) or text:find("◁/", 1, true)) then return text end
  local lower = text:lower()
  for name in pairs(set "think thinking thought reasoning") do
    for _, open in ipairs { "<" .. name, "[" .. name .. "]", "◁" .. name .. "▷" } do
      local close = open:gsub("^[<%[]", "%0/"):gsub("^◁", "◁/") .. (open:sub(1, 1) == "<" and ">" or "")
      local s, e = lower:find(close, 1, true)
      local begun = lower:find(open, 1, true)
      if s and not (begun and begun < s) and not text:find("^`", s - 1)
        and (text:find("^[ \t]*\n", e + 1) or not text:find("^[ \t]", s - 1)) then
        return text:sub(e + 1)
      end
    end
  end
  return text
end

-- Calls ----------------------------------------------------------------------------------------------------

local CALL_ENDS = { "</tool_call>", "</tool_calls>", "</function_call>", "</function_calls>", "</tool_use>",
                    "</use_tool>", "</tool_code>", "</tools>", "</action>", "</functions>", "[/tool_calls]",
                    "[/tool_request]", "[end_tool_request]", "<|/tool_call|>", "<|tool_call_end|>", "<|end_action|>",
                    "<|tool_calls_section_end|>", "<｜tool▁calls▁end｜>", "</minimax:tool_call>", "</toolcall>",
                    "</" .. "antml:function_calls>" }

local function add_calls(w, list)
  for _, call in ipairs(list) do w.calls[#w.calls + 1] = call end
end

-- A mark that announces calls (from `from` on).
local function call(w, tag, from)
  if tag.close then
    w.at = tag.to + 1
    if not stands_apart(w, tag) then literally(w, tag) end
    return
  end
  local list, behind = {}, nil
  if w.tries < TRIES then
    w.tries = w.tries + 1
    list, behind = calls.read(w.text, from)
  end
  local s, e = find_first(w, CALL_ENDS, tag.to + 1)
  local after = w.text:match("^%s*()", tag.to + 1)
  if #list > 0 then
    if not w.muted and not w.over then add_calls(w, list) end
    w.at = e and w.text:sub(behind, s - 1):find "^%s*$" and e + 1 or behind
  elseif w.text:find("^[<\239]", after) and tags.next(w.text, after) then
    w.at = tag.to + 1                            -- a list of such marks
  elseif tag.special or (begins_line(w, tag) and (e or w.text:find("^[{%[]", after))) then
    w.broken, w.at = true, (e or #w.text) + 1
  else
    literally(w, tag)
  end
end

local function result(w, tag)
  local _, last = find_next(w, "</" .. tag.name .. ">", tag.to + 1)
  if tag.close or not (last or begins_line(w, tag)) then return literally(w, tag) end
  w.at = (last or #w.text) + 1
end

-- Lines of the chat ----------------------------------------------------------------------------------------

local function is_ours(w, from)
  return not from or w.names.own[from:lower()] == true
end

local function message(w, tag)
  local a = tags.attributes(tag)
  local bare = next(a) == nil
  local s, e = find_next(w, "</message>", tag.to + 1)
  if tag.close then
    w.at = tag.to + 1
    return
  end
  if bare and not (s and begins_line(w, tag)) then return literally(w, tag) end
  local another = find_next(w, "<message ", tag.to + 1)
  if another and (not s or another < s) then s, e = another, another - 1 end
  w.at = (e or #w.text) + 1
  if not is_ours(w, a.from) then return others_speak(w) end
  w.muted = false
  put(w, tags.unescape(w.text:sub(tag.to + 1, (s or #w.text + 1) - 1)) .. "\n")
end

local function reaction(w, tag)
  local a = tags.attributes(tag)
  if not a.emoji then return literally(w, tag) end
  w.at = tag.to + 1
  if not is_ours(w, a.from) then return others_speak(w) end
  if w.over then return end
  w.calls[#w.calls + 1] = { name = a.removed and "remove_reaction" or "add_reaction",
                            arguments = { message_id = a.to, emoji = a.emoji } }
end

-- Elements of agent.prompt other than lines.
local function our_element(w, tag)
  if tag.inner:sub(-1) == "/" then
    w.at = tag.to + 1
    return
  end
  local s, e = find_next(w, "</" .. tag.name .. ">", tag.to + 1)
  if not s or not begins_line(w, tag) then return literally(w, tag) end
  w.at = e + 1
end

-- Turns and channels ---------------------------------------------------------------------------------------

-- The end of a turn, or of a channel: what was for a tool is a call of it.
local function turn_ends(w)
  if w.to then
    w.calls[#w.calls + 1] = { name = w.to, arguments = calls.arguments(table.concat(w.arguments)) }
    w.to, w.arguments = nil, {}
  end
  w.muted = false
  if has_said(w) then w.over = true end
end

-- Who speaks, and by which channel, from a header such as "assistant to=functions.send_message".
local function header(w, head)
  local role = head:match "^%s*([%w_]+)"
  role = role and role:lower()
  local to = calls.tool(head:match "to=([%w_.]+)")
  if to then w.to, w.arguments = to, {} end
  if OTHERS[role] then others_speak(w) end
  w.muted = OTHERS[role] or role == "analysis" or role == "commentary" or role == "thought"
end

local function turn_begins(w, tag)
  local head = w.text:match("^[^<\n]*", tag.to + 1)
  w.at = tag.to + 1 + #head
  header(w, head)
end

local special = {}
special.channel, special.start, special.im, special.header_id = turn_begins, turn_begins, turn_begins, turn_begins
for _, role in ipairs { "user", "system", "assistant", "model", "human" } do
  special[role] = function(w, tag)
    w.at = tag.to + 1
    header(w, role)
  end
end
special.inst = special.user
for _, name in ipairs { "end", "return", "call", "eot_id", "eom_id", "endoftext", "eos", "endofturn" } do
  special[name] = function(w, tag)
    w.at = tag.to + 1
    turn_ends(w)
  end
end

local function token(w, tag)
  if not special[tag.name] and w.text:byte(tag.from) ~= 60 then return literally(w, tag) end
  w.at = tag.to + 1
  if tag.name == "header_id" and tag.close then return end
  if tag.close and tag.name ~= "inst" then
    if tag.name == "im" or tag.name == "text" or tag.name == "turn" or tag.name == "sentence" then turn_ends(w) end
  elseif special[tag.name] then
    special[tag.name](w, tag)
  end
end

-- <start_of_turn>, </s>: marks that look like HTML.
local function turn_mark(w, tag)
  if tag.inner == "start_of_turn" then return turn_begins(w, tag) end
  w.at = tag.to + 1
  if tag.name == "s" then
    local s, e = find_next(w, "</s>", tag.from)
    local opened = not tag.close or find_next(w, "<s>", 1)
    if (not s and tag.from > 1) or (s and opened and w.text:find("%S", e + 1)) then return literally(w, tag) end
  end
  if tag.close then turn_ends(w) end
end

-- The walk -------------------------------------------------------------------------------------------------

local function handle(w, tag)
  local name = tag.name
  if THINKING[name] then return thinking(w, tag) end
  if CALLS[name] then
    local itself = name == "function" or name:find "invoke$"
    if itself and not tag.close and not tag.inner:find "[=]" then return literally(w, tag) end
    return call(w, tag, itself and tag.from or tag.to + 1)
  end
  if RESULTS[name] then return result(w, tag) end
  if tag.special and tag.name ~= "message" then return token(w, tag) end
  if tag.special then                            -- what stood before it was the header
    w.at, w.arguments = tag.to + 1, {}
    return
  end
  if calls.tool(name) then return call(w, tag, tag.from) end
  if name == "message" then return message(w, tag) end
  if name == "reaction" then return reaction(w, tag) end
  if tag.inner == "start_of_turn" or tag.inner == "end_of_turn" or name == "s" then return turn_mark(w, tag) end
  if OURS[name] then return our_element(w, tag) end
  literally(w, tag)
end

--- text: an answer; names: {own = {name = true}} in lower case.  Returns what of it is text, the calls that it
--- holds ({{name, arguments, unknown}}), and whether there was one that cannot be read.
function M.read(text, names)
  local w = { text = text, lower = text:lower(), at = 1, names = names, out = {}, calls = {}, arguments = {},
              muted = false, tries = 0, absent = {} }
  while not w.over do
    local tag = tags.next(text, w.at)
    put(w, text:sub(w.at, (tag or { from = #text + 1 }).from - 1))
    if not tag then break end
    w.at = tag.to + 1
    handle(w, tag)
  end
  if w.to then turn_ends(w) end
  return table.concat(w.out), w.calls, w.broken or false
end

return M
