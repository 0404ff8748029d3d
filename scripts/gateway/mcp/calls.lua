-- scripts/gateway/mcp/calls.lua -- a call of a tool of a server, and what its answer means for the model.  Since
-- revision 2026-07-28 a server may answer that it wants more: input of the user or of a model, which it does not get
-- here, or only to be called again with what it noted (requestState).

local json = require "human.json"
local jsonschema = require "jsonschema"
local task = require "human.task"
local era = require "gateway.mcp.era"
local headers = require "gateway.mcp.headers"
local tools = require "gateway.tools"
local words = require "gateway.mcp.words"

local M = {}

local ROUNDS_MAX, STATE_BYTES, PAUSE_S = 5, 65536, 0.25 -- limit: calls that are one; what is given back; between them
local MISFIT_BYTES = 500
local HEADER_MISMATCH = -32020

-- What was noted of a call that is to be made again; or nil and why it is not.
local function noted(server, result, round)
  local wanted, state = words.wanted(result), result.requestState
  if wanted then
    return nil, ("The server %s asks for more before it does it (%s), which nobody here answers."):format(server.name,
      wanted)
  end
  if type(state) ~= "string" or #state > STATE_BYTES then
    return nil, ("The server %s asks to be called again, but not how."):format(server.name)
  end
  if round == ROUNDS_MAX then
    return nil, ("The server %s asked to be called again %d times."):format(server.name, ROUNDS_MAX)
  end
  return state
end

-- Why what a tool gave is not what it says that it gives; nil: it is.
local function misfit(schema, value)
  if value == nil then return "there is no structuredContent" end
  local validator = jsonschema.compile(schema, { null = json.null, is_array = json.is_array })
  local ok, errors = validator:validate(value)
  return not ok and words.plain(tools.misfits(errors, "structuredContent"), MISFIT_BYTES) or nil
end

local function read(result, row)
  if type(result) ~= "table" then return nil, "Its server answered with nothing." end
  local text, is_fine = words.result(result)
  if not is_fine then return nil, text ~= "" and text or "It failed." end
  local why = row.output and misfit(row.output, result.structuredContent)
  if not why then return text end
  return nil, "It was done, but what its server answered does not fit the outputSchema of the tool, so it is left out: "
    .. why .. "."
end

-- No answer, or an error.
local function failed(server, conn, failure, err)
  if err then
    local again = conn.book.described and (err.code == era.UNSUPPORTED and "greet"
      or err.code == HEADER_MISMATCH and "list") or nil
    return nil, "The server refused the call: " .. words.plain(failure, 1000), again
  end
  return nil, ("The server %s did not do it: %s. It may or may not have happened."):format(server.name, failure),
    conn.is_idle and "greet" or nil -- its session was over
end

--- Calls a tool: what it gave, as text; or nil, why not, and what must be done before it may be called again, if it
--- may: "list" its server's tools, or "greet" that.
function M.call(server, conn, row, call)
  local until_at, left_s, state = task.clock() + server.timeout_s, server.timeout_s, nil
  local options = { on_progress = call.progress }
  if conn.book.described then options.headers = headers.of(json.decode(row.parameters), call.arguments) end
  for round = 1, ROUNDS_MAX do
    local result, failure, err = conn:request("tools/call",
      { name = row.tool, arguments = call.arguments, requestState = state }, left_s, options)
    if result == nil then return failed(server, conn, failure, err) end
    local kind = conn.book.described and type(result) == "table" and result.resultType or "complete"
    if kind == "complete" then return read(result, row) end
    if kind ~= "input_required" then return nil, "Its server answered with something else than a result." end
    state, failure = noted(server, result, round)
    if not state then return nil, failure end
    task.sleep(PAUSE_S)
    left_s = math.max(PAUSE_S, until_at - task.clock())
  end
end

return M
