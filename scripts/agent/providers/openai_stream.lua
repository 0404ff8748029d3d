-- scripts/agent/providers/openai_stream.lua -- parses answers in OpenAI's dialect, as real servers speak it.
-- They omit usage, the [DONE] marker, or the ids or indexes of tool calls, or give all calls the same; they end half
-- answers with reasons of their own.  So this file lists the good reasons, and treats all others as failures.

local common = require "agent.providers.common"

local M = {}

local STOP = {
  stop = "stop", stop_sequence = "stop", eos = "stop", eos_token = "stop", end_turn = "stop", complete = "stop",
  length = "length", model_length = "length", max_tokens = "length",
  tool_calls = "tool_calls", function_call = "tool_calls", tool_use = "tool_calls", tool_call = "tool_calls",
}

local BLOCKED = { content_filter = true, content_filtered = true, safety = true, sensitive = true, refusal = true }

-- A piece starts another call if its id or name differs from the last one of its index, or if it names a function
-- although the previous call is complete.
local function is_another(out, call, id, name, arguments)
  if id and call.id and id ~= call.id then return true end
  if not name or not call.name then return false end
  return name ~= call.name or (out:is_whole(call.key) and arguments ~= nil)
end

local function arguments_of(fn)
  return type(fn.arguments) == "table" and fn.arguments or common.text(fn.arguments)
end

local function tool_part(out, state, part)
  part = common.table(part)
  local fn = type(part["function"]) == "table" and part["function"] or part
  local id, name, arguments = common.text(part.id), common.text(fn.name), arguments_of(fn)
  local index = tonumber(part.index) or 0
  state.open = state.open or {}
  local call = state.open[index]
  if not call or is_another(out, call, id, name, arguments) then
    state.n = (state.n or 0) + 1
    call = { key = state.n }
    state.open[index] = call
  end
  call.id, call.name = call.id or id, call.name or name
  out:tool(call.key, { id = id, name = name, arguments = arguments })
end

local function tool_parts(out, state, delta)
  local parts = common.table(delta.tool_calls)
  if parts["function"] or parts.name then parts = { parts } end
  for _, part in ipairs(parts) do tool_part(out, state, part) end
  -- What came before tools, and is still spoken.
  if type(delta.function_call) ~= "table" then return end
  tool_part(out, state, { ["function"] = delta.function_call, index = -1 })
end

local function usage(out, data, choice)
  for _, counted in ipairs { common.table(data.usage), common.table(common.table(data.x_groq).usage),
                             common.table(choice.usage) } do
    out:usage(counted.prompt_tokens, counted.completion_tokens)
  end
end

local function is_error(data, name)
  if common.text(data.error) or next(common.table(data.error)) ~= nil then return true end
  if type(data.choices) == "table" then return false end
  local status = tonumber(common.table(data.base_resp).status_code)
  return name == "error" or data.object == "error" or data.detail ~= nil or data.success == false
    or type(data.errors) == "table" or status ~= nil and status ~= 0
    or data.code ~= nil and (common.text(data.message) or common.text(data.msg)) ~= nil
end

-- The choice to use when a server sends more than it was asked for: always the same one.
local function choice_of(data, state)
  for _, choice in ipairs(common.table(data.choices)) do
    choice = common.table(choice)
    local index = tonumber(choice.index) or 0
    state.choice = state.choice or index
    if index == state.choice then return choice end
  end
  return {}
end

local function finish(name, out, choice)
  local reason = common.text(choice.finish_reason)
  if not reason then return end
  if type(choice.error) == "table" then return out:fail(common.stream_error(name, choice)) end
  if BLOCKED[reason:lower()] then
    return out:fail { code = "blocked", message = name .. ": the answer was withheld by its content filter" }
  end
  local good = STOP[reason:lower()]
  if good then out:stop(good) else out:broken(reason) end
end

-- One event, or a whole answer.  name: of the provider; kind: the event's, "error" where the server says so.
function M.event(name, out, data, state, kind)
  if is_error(data, kind) then return out:fail(common.stream_error(name, data)) end
  local choice = choice_of(data, state)
  usage(out, data, choice)
  local delta = type(choice.delta) == "table" and choice.delta or common.table(choice.message)
  out:text(common.content(delta.content) or common.text(delta.refusal))
  tool_parts(out, state, delta)
  finish(name, out, choice)
end

return M
