-- scripts/gateway/prompts.lua -- what runs have sent to the model, kept for who asks why an answer is as it is.
-- Written in the transaction in which the call is written down.

local config = require "human.config"
local db = require "human.db"
local jobs = require "human.jobs"
local json = require "human.json"
local texts = require "human.text"

local M = {}

local BYTES_MAX = 262144                         -- limit: kept prompt
local EVERY_S, ROWS, ROUNDS = 3600, 500, 200

M.sql = {
  keep = [[insert into gateway_prompts (run_id, step, system, messages, tools, bytes, is_whole)
    values ($1, $2::int, $3, $4, $5, $6::bigint, $7::boolean)
    on conflict (run_id, step) do update set system = excluded.system, messages = excluded.messages,
      tools = excluded.tools, bytes = excluded.bytes, is_whole = excluded.is_whole, created_at = human_now()]],
  of_run = [[select step, system, messages, tools, bytes, is_whole, created_at from gateway_prompts where run_id = $1
    order by step]],
  sweep = [[delete from gateway_prompts where ctid = any (array(select ctid from gateway_prompts
    where created_at < human_now() - $1::int * interval '1 day' order by created_at limit $2::int))]],
}

-- A part of a message, without the bytes of a picture.
local function part_of(part)
  if type(part) ~= "table" or not part.data then return part end
  return { type = part.type, media_type = part.media_type, bytes = #part.data }
end

local function shown(messages)
  local out = json.array {}
  for i, message in ipairs(messages) do
    local one = {}
    for name, value in pairs(message) do
      one[name] = value
      if type(value) == "table" and value[1] ~= nil then
        one[name] = json.array {}
        for n, part in ipairs(value) do one[name][n] = part_of(part) end
      end
    end
    out[i] = one
  end
  return out
end

--- Keeps, in tx, what a step of a run sends.  sent: {system, messages, tools}.
function M.keep(tx, run, sent)
  local names = json.array {}
  for i, tool in ipairs(sent.tools or {}) do names[i] = tool.name end
  local system, messages = sent.system or "", json.encode(shown(sent.messages or {}))
  local bytes = #system + #messages
  local is_whole = bytes <= BYTES_MAX
  if not is_whole then system, messages = texts.cut(system, BYTES_MAX), "[]" end
  tx:ask(M.sql.keep, run.id, run.step, system, messages, json.encode(names), bytes, is_whole)
end

--- Those of a run: {{step, system, messages (JSON), tools (JSON), bytes, is_whole, created_at}, ..}.
function M.of(run_id) return db.query(M.sql.of_run, run_id) end

--- Job: deletes what is as old as decisions may be.
function M.sweep() db.sweep(M.sql.sweep, ROWS, ROUNDS, config.decisions.keep_days, ROWS) end

jobs.every("gateway.prompts", EVERY_S, "gateway.prompts.sweep")

return M
