-- scripts/agent/tools.lua -- how a model acts: five tools, and what an answer means.
-- Plain text counts as a message, as far as it is one (agent.said).  The result is a list of wishes; agent.actions
-- decides about them.

local texts = require "human.text"
local said = require "agent.said"

local M = {}

local message_id = { type = "string", description = "The id attribute of a message of this chat." }
local emoji = { type = "string", description = "One emoji, for example 👍." }

local function text_of(what) return { type = "string", description = what } end

local function definition(name, description, properties, required)
  return {
    name = name, description = description,
    parameters = { type = "object", properties = properties, required = required,
                   additionalProperties = false },
  }
end

M.definitions = {
  definition("send_message", "Post a message to the chat.",
    { content = text_of "The text, as people shall read it." }, { "content" }),
  definition("send_reply", "Post a reply that refers to one message, when it is not the last one.",
    { content = text_of "The text, as people shall read it.", message_id = message_id },
    { "content", "message_id" }),
  definition("add_reaction", "React to a message with an emoji, when that says enough.",
    { message_id = message_id, emoji = emoji }, { "message_id", "emoji" }),
  definition("remove_reaction", "Take back a reaction of yours.",
    { message_id = message_id, emoji = emoji }, { "message_id", "emoji" }),
  definition("stay_silent", "Say nothing, when the chat does not need you now.",
    { reason = text_of "Why, in a few words; nobody in the chat sees it." }, { "reason" }),
}

local TYPES = {
  send_message = "send-message", send_reply = "send-reply",
  add_reaction = "add-reaction", remove_reaction = "remove-reaction",
}

local function set_of(list)
  local set = {}
  for _, name in ipairs(list or {}) do set[name] = true end
  return set
end

-- What an agent with these settings may do: the tools that its model is offered, and {type of action = true}.
function M.permitted(settings)
  local only, offered, types = settings.tools and set_of(settings.tools), {}, {}
  for _, tool in ipairs(M.definitions) do
    local kind = TYPES[tool.name]
    local may = not only or only[tool.name]
    if kind and settings.reactions_only then may = may and kind:find("reaction", 1, true) ~= nil end
    if may or not kind then offered[#offered + 1] = tool end
    if may and kind then types[kind] = true end
  end
  return offered, types
end

local IDS = { "message_id", "messageId", "id", "reply_to", "replyTo", "in_reply_to", "to" }

local function string_of(value)
  if type(value) == "number" then value = tostring(value) end
  return type(value) == "string" and said.clean(value) or ""
end

-- The id of a message among arguments, without the quoting that it had in the prompt.
local function id_of(a)
  for _, key in ipairs(IDS) do
    local id = texts.trim(string_of(a[key]))
    if id ~= "" then return id:match '^id="([^"]*)"$' or id:match '^"([^"]*)"$' or id end
  end
  return ""
end

-- The text of a message among arguments.  It is parsed like an answer: a model may think aloud and call tools within
-- a call.
local function content_of(a, names)
  local text, calls = said.read(said.content(a) or "", names)
  for _, call in ipairs(calls) do
    if text == "" and not call.unknown then text = said.read(said.content(call.arguments) or "", names) end
  end
  return text
end

local function wish(call, names)
  local a, kind = said.arguments(call.arguments), TYPES[call.name]
  if kind == "send-message" then return { type = kind, content = content_of(a, names) } end
  if kind == "send-reply" then return { type = kind, content = content_of(a, names), messageId = id_of(a) } end
  return { type = kind, messageId = id_of(a), emoji = texts.trim(string_of(a.emoji or a.reaction or a.content)) }
end

-- Drops a message that this answer already contains, plain or as a reply.
local function is_repeated(action, taken)
  if not action.content then return false end
  local key = action.content:gsub("%s+", " "):lower()
  if taken[key] then return true end
  taken[key] = true
  return false
end

-- All calls of an answer, including those written as text; and its text.
local function calls_of(reply, names)
  local text, written, broken = said.read(reply.text or "", names)
  local list = {}
  for _, call in ipairs(reply.tool_calls or {}) do
    list[#list + 1] = { name = said.tool(call.name) or string_of(call.name), arguments = call.arguments }
  end
  for _, call in ipairs(written) do list[#list + 1] = call end
  return list, text, broken
end

-- reply: of llm.chat; names: of agent.said.names.  Returns the wishes in order ({type, content?, messageId?,
-- emoji?}), a list of tool names that do not exist, and whether a call could not be read.
function M.wishes(reply, names)
  local out, unknown, taken, spoke = {}, {}, {}, false
  local calls, text, broken = calls_of(reply, names or said.names())
  for _, call in ipairs(calls) do
    if TYPES[call.name] then
      local action = wish(call, names or said.names())
      if not is_repeated(action, taken) then out[#out + 1] = action end
      spoke = spoke or action.content ~= nil
    elseif call.name == "stay_silent" then
      spoke = true
    else
      unknown[#unknown + 1] = call.name
    end
  end
  if text ~= "" and not spoke then table.insert(out, 1, { type = "send-message", content = text }) end
  return out, unknown, broken
end

return M
