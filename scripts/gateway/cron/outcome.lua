-- scripts/gateway/cron/outcome.lua -- the outcome of a job's run, from how the session's run ended: its state, the
-- output that the history shows, and the sentence that says what went wrong.

local json = require "human.json"
local given = require "gateway.given"
local limits = require "gateway.rules.cron"
local text = require "human.text"
local texts = require "agent.texts"

local M = {}

local SHELL = "/bin/sh"

--- The call that a job's command is: of the tool shell, so that whatever rules that one rules this.
function M.call_of(job)
  local argv = job.argv and json.decode(job.argv) or { SHELL, "-c", job.body }
  return { name = "shell", arguments = { argv = json.array(argv) } }
end

-- What a program prints may hold any bytes.
local function with_output(outcome, said)
  if not said or said == "" then return outcome end
  said = texts.valid(said)
  outcome.bytes, outcome.output = #said, text.cut(said, limits.output_bytes)
  if #said > limits.output_bytes then outcome.whole = text.cut(said, limits.whole_bytes) end
  return outcome
end

-- What a program printed, errors last.
local function printed(result)
  local out, err = tostring(result.stdout or ""), tostring(result.stderr or "")
  local gap = out ~= "" and err ~= "" and not out:find "\n$" and "\n" or ""
  return out .. gap .. err
end

local function problem(result)
  if result.timed_out == true then return "It took too long and was ended." end
  local signal = result.signal
  if signal ~= nil and signal ~= json.null then return ("It was ended by signal %s."):format(tostring(signal)) end
  if result.status ~= 0 then return ("It ended with status %s."):format(tostring(result.status)) end
end

local CALLS = { interrupted = "interrupted", aborted = "aborted" }

local function of_call(call)
  if not call then return { state = "failed", error = "It did not begin." } end
  if call.status ~= "done" then
    return { state = CALLS[call.status] or "failed", error = call.result, reason = call.status }
  end
  local said = call.whole or call.result or ""
  local result = json.decode(said)
  if type(result) ~= "table" then                -- so much that it was cut
    local status = tonumber(said:match '"status":(%d+)')
    return with_output({ state = status == 0 and "completed" or "failed",
                         error = status ~= 0 and "It did not end well, or printed too much to tell." or nil }, said)
  end
  local why = problem(result)
  return with_output({ state = why and "failed" or "completed", error = why }, printed(result))
end

local ABORTED = { ["timed-out"] = "It took longer than %d seconds and was ended.",
                  removed = "Its job was removed." }

--- {state, output, bytes, whole, error, reason} of a run of a job. run: of the session; ending: as gateway.ends has it.
function M.of(tx, job, mine, run, ending)
  if ending.state == "aborted" then
    local is_late = mine.reason == "timed-out"
    local why = ABORTED[mine.reason] or "Somebody ended it."
    return { state = is_late and "failed" or "aborted", error = why:format(job.timeout_s) }
  end
  if job.kind == "shell" then return of_call(given.call(tx, run.id)) end
  if ending.state == "done" then return with_output({ state = "completed" }, ending.text) end
  local is_cut = ending.error_code == "interrupted"
  return { state = is_cut and "interrupted" or "failed", error = ending.text or ending.error_code,
           reason = ending.error_code }
end

return M
