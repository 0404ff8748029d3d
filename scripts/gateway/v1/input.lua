-- scripts/gateway/v1/input.lua -- requests of OpenAI's API in our terms: what is asked, of whom, and how.
-- Whatever would change the answer and cannot be honoured is refused by its name; what only tunes or labels it (top_p,
-- seed, penalties, user, metadata, store, ..) is ignored, as are names that are not known.  Pure: it awaits nothing.

local fail = require "human.fail"
local json = require "human.json"
local texts = require "agent.texts"
local addresses = require "gateway.web_address"

local M = {}

M.MESSAGES_MAX, M.TOOLS_MAX = 2000, 128          -- limit: messages and tools of a request to /v1
local TOKENS_MAX, NAME_MAX = 1000000, 200
local EFFORTS = { none = true, minimal = true, low = true, medium = true, high = true, xhigh = true }

--- Refuses a parameter: `what` completes "messages[1].role ..".
function M.refuse(param, what, code)
  fail.throw(code or "invalid_value", { message = ("'%s' %s"):format(param, what), param = param })
end
local refuse = M.refuse

local function unsupported(param, what) refuse(param, what or "is not supported here", "unsupported_parameter") end

local function is_list(value) return type(value) == "table" and json.is_array(value) end
local function is_object(value) return type(value) == "table" and not json.is_array(value) end

-- A member that is not null.
local function get(object, name)
  local value = object[name]
  if value ~= json.null then return value end
end

local function text_of(object, name, param)
  local value = get(object, name)
  if value ~= nil and type(value) ~= "string" then refuse(param .. name, "must be a string") end
  return value
end

local function list_of(value, param, max, otherwise)
  if not is_list(value) then refuse(param, otherwise or "must be an array") end
  if #value > max then refuse(param, ("has more than %d entries"):format(max)) end
  return value
end

local function flag_of(object, name, param)
  local value = get(object, name)
  if value ~= nil and type(value) ~= "boolean" then refuse((param or "") .. name, "must be true or false") end
  return value == true
end

-- A member that is an object; an empty one where there is none.
local function object_in(object, name)
  local value = get(object, name)
  if value ~= nil and not is_object(value) then refuse(name, "must be an object") end
  return value or {}
end

local function number_of(object, name, min, max, whole)
  local value = get(object, name)
  if value == nil then return nil end
  if type(value) ~= "number" or value < min or value > max or whole and value % 1 ~= 0 then
    refuse(name, ("must be %s from %g to %.0f"):format(whole and "an integer" or "a number", min, max))
  end
  return value
end

-- ---- what both APIs have ---------------------------------------------------------------------------------

local function object_of(raw)
  local value, why = json.decode(raw)
  if value == nil then fail.throw("invalid_value", { message = "The body " .. why }) end
  if not is_object(value) then fail.throw("invalid_value", { message = "The body must be a JSON object" }) end
  return value
end

-- An address of an image as models take it.
local function image(url, param)
  if type(url) ~= "string" then refuse(param, "must be a string") end
  local kind, data = url:match "^data:(image/[%w.+-]+);base64,([%w+/=]+)$"
  if kind then return { media_type = kind, data = data } end
  local address, why = addresses.read(url, 4000)
  if not address then
    refuse(param, "must be an http or https address, or a data: URL of an image in base64: " .. why)
  end
  return { url = address.url }
end

local TEXT = { text = true, input_text = true, output_text = true, refusal = true }

-- One part of a content, added to `out`.
local function part(out, one, param)
  if not is_object(one) then refuse(param, "must be an object") end
  if TEXT[one.type] then
    local name = one.type == "refusal" and "refusal" or "text"
    out[#out + 1] = text_of(one, name, param .. ".") or refuse(param .. "." .. name, "is required")
  elseif one.type == "image_url" and is_object(one.image_url) then
    table.insert(out.images, image(one.image_url.url, param .. ".image_url.url"))
  elseif one.type == "input_image" and one.image_url then
    table.insert(out.images, image(one.image_url, param .. ".image_url"))
  else
    unsupported(param .. ".type", "is none of the parts that are taken: text, and images")
  end
end

-- A content as text, and its images (nil without any).
local function content(value, param)
  if value == nil then return "" end
  if type(value) == "string" then return value end
  local out = { images = {} }
  for i, one in ipairs(list_of(value, param, M.MESSAGES_MAX, "must be a string or an array")) do
    part(out, one, ("%s[%d]"):format(param, i - 1))
  end
  return table.concat(out, "\n"), out.images[1] and out.images or nil
end

-- A call of a tool that the model has made before: its arguments are JSON.
local function call(id, name, arguments, param)
  if type(id) ~= "string" or id == "" then refuse(param, "needs the id of the call") end
  if type(name) ~= "string" or name == "" or #name > NAME_MAX then refuse(param, "needs the name of a function") end
  local value = type(arguments) == "string" and json.decode(arguments == "" and "{}" or arguments)
  if not is_object(value) then refuse(param, "has arguments that are no JSON object") end
  return { id = id, name = name, arguments = value }
end

local function add_system(out, text) if text:find "%S" then out.system[#out.system + 1] = text end end

local function function_of(one, param)
  local name, parameters = get(one, "name"), get(one, "parameters")
  if type(name) ~= "string" or #name > 64 or not name:find "^[%w_-]+$" then
    refuse(param .. ".name", "must be 1 to 64 letters, digits, _ and -")
  end
  if parameters ~= nil and not is_object(parameters) then refuse(param .. ".parameters", "must be a JSON Schema") end
  return { name = name, description = text_of(one, "description", param .. ".") or "",
           parameters = parameters or { type = "object", properties = {} },
           strict = flag_of(one, "strict", param .. ".") and param .. ".strict" or nil }
end

-- The tools of the client.  inner(one, param): the function in an entry.
local function tools_of(body, inner)
  local value, out, taken = get(body, "tools"), {}, {}
  if value == nil then return nil end
  for i, one in ipairs(list_of(value, "tools", M.TOOLS_MAX)) do
    local param = ("tools[%d]"):format(i - 1)
    if not is_object(one) then refuse(param, "must be an object") end
    if one.type ~= "function" then unsupported(param .. ".type", "is none that is offered here: only function is") end
    out[i] = function_of(inner(one, param))
    if taken[out[i].name] then refuse(param, "has the name of another one") end
    taken[out[i].name] = true
  end
  return out[1] and out or nil
end

local function choose_tools(body, tools)
  local choice = get(body, "tool_choice")
  if choice == nil or choice == "auto" then return tools end
  if choice == "none" then return nil end
  unsupported("tool_choice", 'can be "auto" or "none": nobody can make these models call a tool')
end

local function check_format(format, param)
  if format == nil then return end
  if not is_object(format) then refuse(param, "must be an object") end
  if format.type ~= "text" then
    unsupported(param, 'can only be {"type": "text"}: ask for JSON in your messages, or call a tool for it')
  end
end

local function effort_of(value, param)
  if value == nil then return nil end
  if not EFFORTS[value] then refuse(param, "must be none, minimal, low, medium, high or xhigh") end
  return value
end

-- What both read.  Members whose neutral value alone is taken are in `neutral`: {name = value}.
local function common(body, neutral)
  local model = text_of(body, "model", "")
  if not model or model == "" then refuse("model", "is required") end
  if #model > 2 * NAME_MAX then refuse("model", "is longer than any name") end
  for name, value in pairs(neutral) do
    local is = get(body, name)
    if is ~= nil and is ~= value and not (is_list(is) and #is == 0) and not (is_object(is) and next(is) == nil) then
      unsupported(name, value ~= json.null and ("can only be " .. json.encode(value)) or nil)
    end
  end
  return { model = model, stream = flag_of(body, "stream"), temperature = number_of(body, "temperature", 0, 2),
           one_call = get(body, "parallel_tool_calls") ~= nil and not flag_of(body, "parallel_tool_calls") }
end

local function finish(req, out)
  if #out.messages == 0 then refuse(req.source, "needs a message that is not the system's") end
  req.system, req.messages = out.system[1] and table.concat(out.system, "\n\n") or nil, out.messages
  return req
end

-- ---- /v1/chat/completions ----------------------------------------------------------------------------------

local NEUTRAL_CHAT = { n = 1, logprobs = false, top_logprobs = 0, logit_bias = json.null, stop = json.null,
                       functions = json.null, function_call = json.null, audio = json.null }

local SAY = {}

function SAY.system(out, m, param) add_system(out, (content(get(m, "content"), param .. ".content"))) end
SAY.developer = SAY.system

function SAY.user(out, m, param)
  if get(m, "content") == nil then refuse(param .. ".content", "is required") end
  local text, images = content(m.content, param .. ".content")
  table.insert(out.messages, { role = "user", content = text, images = images })
end

function SAY.assistant(out, m, param)
  local message = { role = "assistant", content = (content(get(m, "content"), param .. ".content")) }
  for i, one in ipairs(get(m, "tool_calls") and list_of(m.tool_calls, param .. ".tool_calls", M.TOOLS_MAX) or {}) do
    local at = ("%s.tool_calls[%d]"):format(param, i - 1)
    local fn = is_object(one) and one["function"]
    if not is_object(fn) then refuse(at, "must be a call of a function") end
    message.tool_calls = message.tool_calls or {}
    message.tool_calls[i] = call(one.id, fn.name, fn.arguments, at)
  end
  table.insert(out.messages, message)
end

function SAY.tool(out, m, param)
  local id = text_of(m, "tool_call_id", param .. ".")
  if not id then refuse(param .. ".tool_call_id", "is required") end
  local text = content(get(m, "content"), param .. ".content")
  table.insert(out.messages, { role = "tool", tool_call_id = id, content = text })
end

local function messages_of(body)
  local out = { system = {}, messages = {} }
  local list = get(body, "messages")
  if list == nil then refuse("messages", "is required") end
  for i, m in ipairs(list_of(list, "messages", M.MESSAGES_MAX)) do
    local param = ("messages[%d]"):format(i - 1)
    if not is_object(m) then refuse(param, "must be an object") end
    local say = SAY[m.role]
    if not say then refuse(param .. ".role", "must be system, developer, user, assistant or tool") end
    say(out, m, param)
  end
  return out
end

local function stream_options(body)
  return flag_of(object_in(body, "stream_options"), "include_usage", "stream_options.")
end

-- To ask for sound, or for the web, with whatever options, is no label.
local function check_kinds(body)
  if get(body, "web_search_options") ~= nil then unsupported "web_search_options" end
  local kinds = get(body, "modalities")
  for _, kind in ipairs(kinds ~= nil and list_of(kinds, "modalities", 10) or {}) do
    if kind ~= "text" then unsupported("modalities", 'can only be ["text"]') end
  end
end

--- A body of POST /v1/chat/completions: {model, stream, include_usage, system, messages, tools, one_call, max_tokens,
--- temperature, reasoning_effort}; throws for one that is refused.
function M.chat(raw)
  local body = object_of(raw)
  local req = common(body, NEUTRAL_CHAT)
  req.source = "messages"
  req.max_tokens = number_of(body, "max_completion_tokens", 1, TOKENS_MAX, true)
    or number_of(body, "max_tokens", 1, TOKENS_MAX, true)
  req.reasoning_effort = effort_of(get(body, "reasoning_effort"), "reasoning_effort")
  req.include_usage = stream_options(body)
  check_kinds(body)
  check_format(get(body, "response_format"), "response_format")
  req.tools = choose_tools(body, tools_of(body, function(one, param)
    if not is_object(one["function"]) then refuse(param .. ".function", "must be an object") end
    return one["function"], param .. ".function"
  end))
  return finish(req, messages_of(body))
end

-- ---- /v1/responses ---------------------------------------------------------------------------------------

local NEUTRAL_RESPONSE = { background = false, previous_response_id = json.null, conversation = json.null,
                           prompt = json.null, top_logprobs = 0 }

local ITEM = {}

function ITEM.message(out, item, param)
  local say = item.role ~= "tool" and SAY[item.role]
  if not say then refuse(param .. ".role", "must be system, developer, user or assistant") end
  say(out, item, param)
end

-- Calls that follow one another, or a text, are of one message.
function ITEM.function_call(out, item, param)
  local last = out.messages[#out.messages]
  if not last or last.role ~= "assistant" then
    last = { role = "assistant", content = "" }
    table.insert(out.messages, last)
  end
  last.tool_calls = last.tool_calls or {}
  table.insert(last.tool_calls, call(get(item, "call_id"), item.name, item.arguments, param))
end

function ITEM.function_call_output(out, item, param)
  local id = text_of(item, "call_id", param .. ".")
  if not id then refuse(param .. ".call_id", "is required") end
  table.insert(out.messages, { role = "tool", tool_call_id = id,
                               content = (content(get(item, "output"), param .. ".output")) })
end

function ITEM.reasoning() end                    -- of another model, for it alone

local function items_of(body)
  local out, input = { system = {}, messages = {} }, get(body, "input")
  add_system(out, text_of(body, "instructions", "") or "")
  if type(input) == "string" then input = json.array { { type = "message", role = "user", content = input } } end
  if input == nil then refuse("input", "is required") end
  for i, item in ipairs(list_of(input, "input", M.MESSAGES_MAX, "must be a string or an array")) do
    local param = ("input[%d]"):format(i - 1)
    if not is_object(item) then refuse(param, "must be an object") end
    local read = ITEM[get(item, "type") or "message"]
    if not read then
      unsupported(param .. ".type", "is none of those that are taken: message, function_call, function_call_output")
    end
    read(out, item, param)
  end
  return out
end

--- The same of POST /v1/responses.
function M.response(raw)
  local body = object_of(raw)
  local req = common(body, NEUTRAL_RESPONSE)
  req.source = "input"
  req.max_tokens = number_of(body, "max_output_tokens", 1, TOKENS_MAX, true)
  req.reasoning_effort = effort_of(get(object_in(body, "reasoning"), "effort"), "reasoning.effort")
  check_format(get(object_in(body, "text"), "format"), "text.format")
  req.instructions = text_of(body, "instructions", "")
  req.tools = choose_tools(body, tools_of(body, function(one, param) return one, param end))
  return finish(req, items_of(body))
end

--- What the newest message says, which has to be the user's; nil where it is not, or says nothing.
function M.last_text(req)
  local last = req.messages[#req.messages]
  if last.role ~= "user" then return nil end
  if last.content:find "[^%s%z]" then return texts.valid(last.content) end
  return last.images and "[image]" or nil
end

return M
