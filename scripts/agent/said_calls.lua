-- scripts/agent/said_calls.lua -- parses calls of tools that a model wrote as text, in any notation.
-- Servers that know a model's notation turn it into calls; others pass it on as text, and models that were
-- never taught one make one up.  Only calls of the agent's own tools are recognised.  Pure, linear.

local texts = require "human.text"
local values = require "agent.said_values"

local M = {}

local DEPTH_MAX, CALLS_MAX = 4, 32

M.TOOLS = { "send_message", "send_reply", "add_reaction", "remove_reaction", "stay_silent" }

-- What a call without names means by its first and second argument.
local ORDER = {
  send_message = { "content" }, send_reply = { "content", "message_id" },
  add_reaction = { "message_id", "emoji" }, remove_reaction = { "message_id", "emoji" }, stay_silent = { "reason" },
}

local NAMES = { "name", "tool", "tool_name", "function", "function_name", "recipient_name", "action", "type",
                "command" }
local ARGUMENTS = { "arguments", "parameters", "args", "params", "input", "tool_input", "action_input", "kwargs",
                    "tool_parameters", "function" }
local LISTS = { "tool_calls", "tool_call", "function_call", "calls", "tools", "actions", "tool_uses" }

-- Names ------------------------------------------------------------------------------------------------

-- "functions.send_message:0", "sendMessage", "send-message" -> "send_message"; nil: no tool of ours.
function M.tool(name)
  if type(name) ~= "string" or #name > 60 then return nil end
  name = name:gsub(":%d+", ""):match "^.*[^%w_%- ](.*)$" or name:gsub(":%d+", "")
  name = name:gsub("(%l)(%u)", "%1_%2"):lower():gsub("[%s%-]+", "_")
  return ORDER[name] and name or nil
end

-- Whether a text may contain a call at all: it names a tool.
function M.names_tool(text)
  local flat = text:lower():gsub("[_%- ]", "")
  for _, name in ipairs(M.TOOLS) do
    if flat:find(name:gsub("_", ""), 1, true) then return true end
  end
  return false
end

-- Objects ----------------------------------------------------------------------------------------------

-- Arguments as an object: they may be text that holds one.
function M.arguments(given)
  for _ = 1, 2 do
    if type(given) ~= "string" then break end
    local value, behind = values.read(given, 1)
    if not behind then return { content = given } end
    given = value
  end
  if type(given) ~= "table" then return {} end
  return type(given[1]) == "table" and given[1] or given
end

local function first_of(object, keys, kinds)
  for _, key in ipairs(keys) do
    local value = object[key]
    if kinds[type(value)] then return value, key end
  end
end

local DATA, TABLE = { string = true, table = true }, { table = true }

-- The tool that an object names, and the first name that it has at all.
local function tool_of(object, given)
  for _, key in ipairs(NAMES) do
    local word = object[key]
    if M.tool(word) then return M.tool(word), word end
    if key ~= "type" and type(word) == "string" then given = given or word end
  end
  return nil, given
end

local collect

local function collect_all(list, depth, out)
  local found = false
  for _, value in ipairs(list) do
    if type(value) == "table" and collect(value, depth + 1, out) then found = true end
  end
  return found
end

-- {send_message = {content = ..}}, or {send_message = "Hi"}: the name of the only field is the tool.
local function keyed(object, out)
  local key, value = next(object)
  local name = key ~= nil and next(object, key) == nil and M.tool(key)
  if not name then return false end
  local arguments = type(value) == "table" and value or { [ORDER[name][1]] = value }
  out[#out + 1] = { name = name, arguments = arguments }
  return true
end

-- Adds the calls that a value means to out; false: it means none.
function collect(value, depth, out)
  if depth > DEPTH_MAX or #out >= CALLS_MAX then return false end
  if value[1] ~= nil then return collect_all(value, depth, out) end
  local inner = type(value["function"]) == "table" and value["function"] or {}
  local name, given = tool_of(value)
  if not name then name, given = tool_of(inner, given) end
  local arguments, key = first_of(value, ARGUMENTS, DATA)
  if key == "function" then arguments = type(inner) == "table" and first_of(inner, ARGUMENTS, DATA) or nil end
  if name then
    out[#out + 1] = { name = name, arguments = M.arguments(arguments or value) }
    return true
  end
  if given and type(arguments) == "table" and not value.type then
    out[#out + 1] = { name = given, arguments = M.arguments(arguments), unknown = true }
    return true
  end
  local list = first_of(value, LISTS, TABLE)
  if list then return collect(list[1] ~= nil and list or { list }, depth + 1, out) end
  return keyed(value, out)
end

--- The calls that a decoded value means, added to out; false: none.
function M.of_value(value, out) return type(value) == "table" and collect(value, 0, out) end

-- Notations --------------------------------------------------------------------------------------------
-- Each reads one call at `at` and returns the position behind it, or nil.

local readers = {}

-- {"name": .., "arguments": ..}, and lists of such.
readers[1] = function(text, at, out)
  if not text:find("^[{%[]", at) then return nil end
  local value, behind = values.read(text, at)
  if behind and M.of_value(value, out) then return behind end
end

local function parameters(text, open, close)
  local list, at = {}, 1
  while true do
    local s, e, key = text:find(open, at)
    if not s then return list end
    local stop = text:find(close, e + 1, true)
    local behind = stop and stop + #close
    stop = stop or text:find("<", e + 1, true) or #text + 1
    list[key] = texts.trim(text:sub(e + 1, stop - 1))
    at = behind or stop
  end
end

-- <function=send_message><parameter=content>Hi</parameter></function>, or with JSON between.
readers[2] = function(text, at, out)
  local name, from = text:match("^<function=([%w_.]+)>()", at)
  if not M.tool(name) then return nil end
  local stop = text:find("</function>", from, true)
  local inner = text:sub(from, (stop or #text + 1) - 1)
  local arguments = inner:find("^%s*{") and M.arguments(inner)
    or parameters(inner, "<parameter=([%w_]+)>", "</parameter>")
  out[#out + 1] = { name = M.tool(name), arguments = arguments }
  return stop and stop + #"</function>" or #text + 1
end

-- <invoke name="send_message"><parameter name="content">Hi</parameter></invoke>
readers[3] = function(text, at, out)
  local name, from = text:match('^<[%w:]*invoke name="([%w_.]+)">()', at)
  if not M.tool(name) then return nil end
  local s, e = text:find("</[%w:]*invoke>", from)
  local inner = text:sub(from, (s or #text + 1) - 1):gsub("</[%w]+:parameter>", "</parameter>")
  local arguments = parameters(inner, '<[%w:]*parameter name="([%w_]+)"[^<>]*>', "</parameter>")
  out[#out + 1] = { name = M.tool(name), arguments = arguments }
  return e and e + 1 or #text + 1
end

-- <send_message><content>Hi</content></send_message>, <send_message content="Hi"/>, <send_message>Hi</send_message>
readers[4] = function(text, at, out)
  local head, from = text:match("^<([^<>]+)>()", at)
  local name = head and M.tool(head:match "^[%w_%-]+")
  if not name then return nil end
  local call = { name = name, arguments = {} }
  for key, value in head:gmatch '%f[%w_]([%w_]+)="([^"]*)"' do call.arguments[key] = value end
  out[#out + 1] = call
  if head:sub(-1) == "/" then return from end
  local tag = "</" .. head:match "^[%w_%-]+" .. ">"
  local stop = text:find(tag, from, true)
  local inner = text:sub(from, (stop or #text + 1) - 1)
  local found = false
  for _, key in ipairs { "content", "text", "message", "message_id", "messageId", "emoji", "reason" } do
    local s, e = inner:find("<" .. key .. ">", 1, true)
    local last = s and inner:find("</" .. key .. ">", e + 1, true)
    if last then call.arguments[key], found = texts.trim(inner:sub(e + 1, last - 1)), true end
  end
  if inner:find("^%s*{") then
    call.arguments = M.arguments(inner)
  elseif not found and inner:find "%S" then
    call.arguments[ORDER[name][1]] = texts.trim(inner)
  end
  return stop and stop + #tag or #text + 1
end

-- The name of a tool at `at`, and the place behind it.
local function name_at(text, at)
  local word, from = text:match("^([%w_.%-]+)()", at)
  local name = word and #word <= 60 and M.tool(word)
  if name then return name, text:match("^:%d+()", from) or from end
end

-- `Hi there)` without quotes: up to the parenthesis that ends its line.
local function unquoted(text, at)
  local stop = (text:find("\n", at, true) or #text + 1) - 1
  local line = text:sub(at, stop):match "^.*[^%s;]" or ""
  if line:sub(-1) == ")" then return line:sub(1, -2), stop + 1 end
end

-- send_message(content="Hi"), [send_message(content="Hi"), add_reaction(..)], print(send_message(..))
readers[5] = function(text, at, out)
  local bracket = text:match("^%[%s*()", at) or text:match("^print%(()", at)
  local name, from = name_at(text, bracket or at)
  from = name and text:match("^%s?%(()", from)
  if not from then return nil end
  local given, behind = values.fields(text, from)
  if not given then
    local raw
    raw, behind = unquoted(text, from)
    if not raw or raw:find "^%s*[%w_]+%s*=" then return nil end
    given = { raw }
  end
  if type(given[1]) == "table" then given = given[1] end
  for i, key in ipairs(ORDER[name]) do
    given[key], given[i] = given[key] == nil and given[i] or given[key], nil
  end
  out[#out + 1] = { name = name, arguments = given }
  behind = values.skip(text, behind)
  if text:find("^,%s*[%a_]", behind) and bracket then return behind + 1 end
  return text:match("^[%]);]*()", behind)
end

-- send_message {"content": "Hi"}; Action: send_message, and Action Input: {..} on the next line
readers[6] = function(text, at, out)
  at = text:match("^function<｜tool▁sep｜>()", at) or at
  at = text:match("^[Aa]ction:%s*`?()", at) or text:match("^[Tt]ool:%s*`?()", at) or text:match("^>>>%s?()", at) or at
  local name, from = name_at(text, at)
  if not name then return nil end
  from = text:match("^%[[A-Z_]+%]()", text:match("^%[CALL_ID%][%w]+()", from) or from) or from
  from = text:match("^[`:]*%s*()", from)
  from = text:match("^[Aa]ction [Ii]nput:%s*()", from) or text:match("^[Aa]rgument[%a ]*:%s*()", from)
    or text:match("^<|[%w_ ]+|>%s*()", from) or text:match("^<｜tool▁sep｜>%s*()", from) or from
  from = text:match("^```%a*%s*()", from) or from
  if text:find("^{", from) then
    local value, behind = values.read(text, from)
    if not behind then return nil end
    out[#out + 1] = { name = name, arguments = M.arguments(value) }
    return text:match("^%s*```()", behind) or behind
  end
  if not text:find("^<arg_key>", from) then return nil end
  local call = { name = name, arguments = {} }
  while true do
    local key, after = text:match("^%s*<arg_key>([%w_]+)</arg_key>%s*<arg_value>()", from)
    local stop = key and text:find("</arg_value>", after, true)
    if not stop then break end
    call.arguments[key], from = text:sub(after, stop - 1), stop + #"</arg_value>"
  end
  out[#out + 1] = call
  return from
end

-- stay_silent, alone on its line
readers[7] = function(text, at, out)
  local name, from = name_at(text, at)
  if name ~= "stay_silent" then return nil end
  local stop = text:find("\n", from, true) or #text + 1
  if text:sub(from, from) == ":" or not text:sub(from, stop - 1):find "[^%s.`*]" then
    out[#out + 1] = { name = name, arguments = {} }
    return stop
  end
end

local function read_one(text, at, out)
  for _, reader in ipairs(readers) do
    local before = #out
    local behind = reader(text, at, out)
    if behind then return behind end
    for i = #out, before + 1, -1 do out[i] = nil end
  end
end

--- Reads calls from `at` on.  Returns {{name, arguments, unknown}} and the position where they end.
function M.read(text, at)
  local out = {}
  while #out < CALLS_MAX do
    at = text:match("^[%s,;]*()", at)
    local behind = read_one(text, at, out)
    if not behind then break end
    at = behind
  end
  return out, text:match("^[%s,;]*()", at)
end

return M
