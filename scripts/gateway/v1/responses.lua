-- scripts/gateway/v1/responses.lua -- answers of POST /v1/responses: one object, or the events that make it up.  Pure.
-- Nothing is stored: previous_response_id is refused, and what was said comes with each request.

local id = require "human.id"
local json = require "human.json"
local time = require "human.time"

local M = {}
local null = json.null

local function tools_of(req)
  local list = json.array {}
  for i, tool in ipairs(req.tools or {}) do
    list[i] = { type = "function", name = tool.name, description = tool.description, parameters = tool.parameters,
                strict = false }
  end
  return list
end

local function response(req, response_id)
  return {
    id = response_id, object = "response", created_at = math.floor(time.now_ms() / 1000), status = "in_progress",
    background = false, error = null, incomplete_details = null, instructions = req.instructions or null,
    max_output_tokens = req.max_tokens or null, model = req.model, output = json.array {},
    parallel_tool_calls = not req.one_call, previous_response_id = null, metadata = {},
    reasoning = { effort = req.reasoning_effort or null, summary = null }, store = false,
    temperature = req.temperature or null, text = { format = { type = "text" } }, tool_choice = "auto",
    tools = tools_of(req), top_p = null, truncation = "disabled", usage = null, user = null,
  }
end

local function part_of(text)
  return { type = "output_text", text = text, annotations = json.array {}, logprobs = json.array {} }
end

local function message_of(item_id, text, status)
  return { id = item_id, type = "message", status = status, role = "assistant",
           content = text and { part_of(text) } or json.array {} }
end

local function call_of(item_id, call, arguments, status)
  return { id = item_id, type = "function_call", status = status, call_id = call.id, name = call.name,
           arguments = arguments }
end

local function finished(doc, req, result, output)
  doc.status, doc.output, doc.model = result.is_cut and "incomplete" or "completed", json.array(output), result.model
  if result.is_cut then doc.incomplete_details = { reason = "max_output_tokens" } end
  doc.usage = {
    input_tokens = result.input_tokens, input_tokens_details = { cached_tokens = 0 },
    output_tokens = result.output_tokens, output_tokens_details = { reasoning_tokens = 0 },
    total_tokens = result.input_tokens + result.output_tokens,
  }
  doc.max_output_tokens = req.max_tokens or null
  return doc
end

--- The whole answer, as JSON.
function M.document(req, result)
  local output = {}
  if result.text ~= "" or not result.tool_calls[1] then
    local item_id = "msg_" .. (result.id or id.new())
    output[1] = message_of(item_id, result.text, result.is_cut and "incomplete" or "completed")
  end
  for _, call in ipairs(result.tool_calls) do
    output[#output + 1] = call_of("fc_" .. id.new(), call, json.encode(call.arguments), "completed")
  end
  local doc = response(req, "resp_" .. (result.id or id.new()))
  doc.created_at = result.created or doc.created_at
  return json.encode(finished(doc, req, result, output))
end

local Events = {}
Events.__index = Events

--- The same as events, which send(name, text) gets: begin(), text(delta), finish(result).
function M.chunks(req, send)
  local doc = response(req, "resp_" .. id.new())
  return setmetatable({ req = req, send = send, n = 0, output = {}, said = {}, doc = doc }, Events)
end

local function put(self, name, event)
  event.type, event.sequence_number = name, self.n
  self.n = self.n + 1
  self.send(name, json.encode(event))
end

function Events:begin()
  put(self, "response.created", { response = self.doc })
  put(self, "response.in_progress", { response = self.doc })
end

local function open_message(self)
  self.item_id = "msg_" .. id.new()
  put(self, "response.output_item.added", { output_index = 0, item = message_of(self.item_id, nil, "in_progress") })
  put(self, "response.content_part.added", { item_id = self.item_id, output_index = 0, content_index = 0,
                                             part = part_of "" })
end

function Events:text(text)
  if not self.item_id then open_message(self) end
  self.said[#self.said + 1] = text
  put(self, "response.output_text.delta", { item_id = self.item_id, output_index = 0, content_index = 0, delta = text,
                                            logprobs = json.array {} })
end

local function close_message(self, status)
  local text = table.concat(self.said)
  local where = { item_id = self.item_id, output_index = 0, content_index = 0 }
  put(self, "response.output_text.done", { item_id = where.item_id, output_index = 0, content_index = 0, text = text,
                                           logprobs = json.array {} })
  where.part = part_of(text)
  put(self, "response.content_part.done", where)
  self.output[1] = message_of(self.item_id, text, status)
  put(self, "response.output_item.done", { output_index = 0, item = self.output[1] })
end

local function tell_call(self, call)
  local item_id, at, arguments = "fc_" .. id.new(), #self.output, json.encode(call.arguments)
  put(self, "response.output_item.added", { output_index = at, item = call_of(item_id, call, "", "in_progress") })
  put(self, "response.function_call_arguments.delta", { item_id = item_id, output_index = at, delta = arguments })
  put(self, "response.function_call_arguments.done", { item_id = item_id, output_index = at, name = call.name,
                                                       arguments = arguments })
  self.output[at + 1] = call_of(item_id, call, arguments, "completed")
  put(self, "response.output_item.done", { output_index = at, item = self.output[at + 1] })
end

function Events:finish(result)
  if not self.item_id and not result.tool_calls[1] then open_message(self) end
  if self.item_id then close_message(self, result.is_cut and "incomplete" or "completed") end
  for _, call in ipairs(result.tool_calls) do tell_call(self, call) end
  local doc = finished(self.doc, self.req, result, self.output)
  put(self, result.is_cut and "response.incomplete" or "response.completed", { response = doc })
end

return M
