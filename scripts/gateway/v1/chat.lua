-- scripts/gateway/v1/chat.lua -- answers of POST /v1/chat/completions: one object, or chunks of it.  Pure.

local id = require "human.id"
local json = require "human.json"
local time = require "human.time"

local M = {}

local function usage_of(result)
  return { prompt_tokens = result.input_tokens, completion_tokens = result.output_tokens,
           total_tokens = result.input_tokens + result.output_tokens }
end

local function reason_of(result)
  if result.tool_calls[1] then return "tool_calls" end
  return result.is_cut and "length" or "stop"
end

-- The calls of tools as the API has them; numbered in a chunk.
local function calls_of(result, numbered)
  local list = {}
  for i, call in ipairs(result.tool_calls) do
    list[i] = { index = numbered and i - 1 or nil, id = call.id, type = "function",
                ["function"] = { name = call.name, arguments = json.encode(call.arguments) } }
  end
  return list[1] and list or nil
end

local function head(kind, of)
  return { id = "chatcmpl-" .. (of or id.new()), object = kind, created = math.floor(time.now_ms() / 1000) }
end

--- The whole answer, as JSON.
function M.document(_, result)
  local doc = head("chat.completion", result.id)
  doc.created = result.created or doc.created
  local message = { role = "assistant", content = result.text, refusal = json.null, tool_calls = calls_of(result) }
  if message.tool_calls and result.text == "" then message.content = json.null end
  doc.model, doc.usage = result.model, usage_of(result)
  doc.choices = { { index = 0, message = message, logprobs = json.null, finish_reason = reason_of(result) } }
  return json.encode(doc)
end

local Chunks = {}
Chunks.__index = Chunks

--- The same in chunks, which send(name, text) gets: begin(), text(delta), finish(result).
function M.chunks(req, send)
  local doc = head "chat.completion.chunk"
  doc.model = req.model
  return setmetatable({ doc = doc, send = send, with_usage = req.include_usage }, Chunks)
end

local function put(self, choices, usage)
  self.doc.choices, self.doc.usage = choices, usage
  return self.send(nil, json.encode(self.doc))
end

local function delta(self, value, reason)
  put(self, { { index = 0, delta = value, logprobs = json.null, finish_reason = reason or json.null } },
    self.with_usage and json.null or nil)
end

function Chunks:begin() delta(self, { role = "assistant", content = "" }) end

function Chunks:text(text) delta(self, { content = text }) end

function Chunks:finish(result)
  local calls = calls_of(result, true)
  if calls then delta(self, { tool_calls = calls }) end
  delta(self, {}, reason_of(result))
  if self.with_usage then put(self, json.array {}, usage_of(result)) end
  self.send(nil, "[DONE]")
end

return M
