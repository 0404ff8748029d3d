-- scripts/gateway/v1/pass.lua -- a request of /v1 that names a model of a provider: it is asked what the client asks,
-- with the client's tools and nobody's memory.  What it costs is the operator's, and within the same budgets.

local config = require "human.config"
local db = require "human.db"
local fail = require "human.fail"
local id = require "human.id"
local llm = require "human.llm"
local task = require "human.task"
local budget = require "agent.budget"
local owner = require "gateway.owner"
local trouble = require "gateway.v1.trouble"

local M = {}

M.sql = {
  record = [[insert into agent_runs (id, agent_id, until_pos, reason, error_code, provider, model, input_tokens,
      output_tokens, cost_micros, finished_at)
    select $1, agent_id, last_pos, case when $3::text is null then 'completed' else 'error' end, $3, $4, $5, $6, $7, $8,
      clock_timestamp() from agent_mailboxes where agent_id = $2]],
}

local function book(payer, ref, spent, code)
  db.tx(function(tx)
    budget.charge(tx, payer, spent)
    tx:ask(M.sql.record, ref, payer.agent_id, code, spent.provider, spent.model, spent.input_tokens or 0,
      spent.output_tokens or 0, budget.known_cost(spent))
  end)
end

local function begin(payer, plan)
  db.tx(function(tx)
    budget.count(tx, payer)
    if plan then llm.write_down(tx, plan) end
  end)
end

local STRICT = { openai = true, azure = true }   -- providers that keep a model's calls to the schema of a tool

-- That calls fit their schema is promised by few.
local function check_strict(req, model)
  for _, tool in ipairs(req.tools or {}) do
    if tool.strict and not STRICT[model:match "^[^/]*"] then
      local why = ("'%s' can only be false for this model: its server does not promise that calls fit the schema")
      fail.throw("unsupported_parameter", { param = tool.strict, message = why:format(tool.strict) })
    end
  end
end

--- Asks: {text, tool_calls, is_cut, input_tokens, output_tokens, model}; throws what clients are told.
--- hear.text(delta), where there is one, gets the text as it comes.
function M.run(req, model, hear)
  check_strict(req, model)
  local payer, ref, spent = owner.get(), id.new(), {}
  if budget.is_over(payer, ref) or budget.agent_is_over(payer.agent_id, ref) then trouble.refuse "budget_exceeded" end
  local ask = { system = req.system, messages = req.messages, tools = req.tools, model = model, ref = ref,
                max_tokens = req.max_tokens or config.gateway.max_tokens, temperature = req.temperature,
                reasoning_effort = req.reasoning_effort, spent = spent, on_delta = hear and hear.text }
  ask.plan = llm.plan(ask)
  begin(payer, ask.plan)
  local ok, reply, err = pcall(llm.chat, ask)
  task.detach(book, payer, ref, spent, not ok and "canceled" or err and err.code or nil)
  if not ok then error(reply, 0) end
  if not reply then trouble.refuse(err.code, err.message) end
  return { text = reply.text or "", tool_calls = reply.tool_calls or {}, is_cut = reply.stop_reason == "length",
           input_tokens = reply.usage.input_tokens or 0, output_tokens = reply.usage.output_tokens or 0,
           model = reply.provider .. "/" .. reply.model }
end

return M
