-- scripts/agent/tools.lua -- how a model acts: five tools, and what an answer means.
-- Plain text counts as a message.  What comes out are wishes; agent.actions decides about them.

local texts = require "human.text"

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

-- Models now and then imitate how the chat is quoted to them.
local function clean(text)
  text = texts.trim(text)
  return texts.trim(text:match "^<message[^>]*>(.*)</message>$" or text)
end

local function string_of(value) return type(value) == "string" and value or "" end

local function wish(call)
  local a = type(call.arguments) == "table" and call.arguments or {}
  local kind = TYPES[call.name]
  if kind == "send-message" then return { type = kind, content = clean(string_of(a.content)) } end
  if kind == "send-reply" then
    return { type = kind, content = clean(string_of(a.content)), messageId = string_of(a.message_id) }
  end
  return { type = kind, messageId = string_of(a.message_id), emoji = string_of(a.emoji) }
end

-- reply: of llm.chat.  Returns the wishes in order ({type, content?, messageId?, emoji?}) and a list
-- of tool names that do not exist.
function M.wishes(reply)
  local out, unknown, spoke = {}, {}, false
  for _, call in ipairs(reply.tool_calls or {}) do
    if TYPES[call.name] then
      out[#out + 1] = wish(call)
      spoke = spoke or call.name == "send_message" or call.name == "send_reply"
    elseif call.name == "stay_silent" then
      spoke = true
    else
      unknown[#unknown + 1] = tostring(call.name)
    end
  end
  local text = clean(reply.text or "")
  if text ~= "" and not spoke then table.insert(out, 1, { type = "send-message", content = text }) end
  return out, unknown
end

return M
