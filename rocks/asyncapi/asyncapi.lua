-- rocks/asyncapi/asyncapi.lua -- an AsyncAPI 3.1 document from plain declarations of channels.
-- Pure: no I/O, no globals, independent of any server.  The result is a Lua table to be encoded as JSON with
-- names in the order `asyncapi.first` before the alphabetical rest.  Source: AsyncAPI 3.1.0.

local M = {}

--- The names that should come first, for an encoder that can order them.
M.first = { "asyncapi", "info", "servers", "channels", "operations", "components", "action", "address", "name",
            "title", "summary", "description", "channel", "messages", "payload", "reply", "type" }

-- Keys of channels, messages and operations are for references: letters, digits, ".", "-", "_".
local function check_key(key)
  if not key:find "^[%w%.%-_]+$" then error("'" .. key .. "' cannot be the name of a channel or message", 0) end
  return key
end

local function ref(...) return { ["$ref"] = "#/" .. table.concat({ ... }, "/") } end

local function message(m, array)
  return { name = m.event, title = m.title, summary = m.summary, description = m.description, payload = m.payload,
           examples = m.examples and array(m.examples) or nil, contentType = "application/json" }
end

-- A message's name is unique, however it is used: of two with the same name the document would keep one.
local function add_messages(out, channel, list, array)
  for _, m in ipairs(list or {}) do
    if out[check_key(m.name)] then error(channel.name .. ": message '" .. m.name .. "' is declared twice", 0) end
    out[m.name] = message(m, array)
  end
end

local function refs(channel, list, array)
  local out = {}
  for i, m in ipairs(list) do out[i] = ref("channels", channel.name, "messages", m.name) end
  return array(out)
end

local function channel_object(channel, array)
  local messages = {}
  for _, list in ipairs { "receives", "sends", "replies" } do add_messages(messages, channel, channel[list], array) end
  return { address = channel.address, title = channel.title, summary = channel.summary,
           description = channel.description, messages = messages, bindings = channel.bindings }
end

-- One operation for each incoming message, because each has its own answer; one for all messages that are sent.
local function add_operations(out, channel, array)
  for _, m in ipairs(channel.receives or {}) do
    out["receive." .. channel.name .. "." .. m.name] = {
      action = "receive", channel = ref("channels", channel.name), summary = m.summary,
      messages = refs(channel, { m }, array),
      reply = channel.replies and { channel = ref("channels", channel.name),
                                    messages = refs(channel, channel.replies, array) } or nil,
    }
  end
  if channel.sends and #channel.sends > 0 then
    out["send." .. channel.name] = { action = "send", channel = ref("channels", channel.name),
                                     summary = channel.sends_summary, messages = refs(channel, channel.sends, array) }
  end
end

--- The document.
--- doc: info = {title, version, ..}; servers = {name = {host, protocol, pathname, ..}};
---   channels = {{name, address, title, summary, description, bindings, sends_summary,
---     receives, sends, replies = {{name, event, title, summary, description, payload = JSON Schema, examples}}}}:
---   incoming messages, messages sent unasked, and answers to incoming ones.  event: the name on the wire.
---   extensions = {["x-.."] = value}.
--- options.array: marks a table as a JSON array, so that an empty one is written as [].
function M.document(doc, options)
  local array = options and options.array or function(t) return t end
  local channels, operations = {}, {}
  for _, channel in ipairs(doc.channels) do
    if channels[check_key(channel.name)] then error("channel '" .. channel.name .. "' is declared twice", 0) end
    channels[channel.name] = channel_object(channel, array)
    add_operations(operations, channel, array)
  end
  local out = { asyncapi = "3.1.0", info = doc.info, servers = doc.servers, defaultContentType = "application/json",
                channels = channels, operations = operations }
  for name, value in pairs(doc.extensions or {}) do out[name] = value end
  return out
end

return M
