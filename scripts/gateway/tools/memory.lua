-- scripts/gateway/tools/memory.lua -- notes that outlast a session: stored by name, found by words.

local db = require "human.db"
local json = require "human.json"
local limits = require "gateway.rules.limits"
local texts = require "gateway.texts"
local tools = require "gateway.tools"

local M = {}

local FOUND_MAX, WORDS_MAX = 20, 16

M.sql = {
  lock = "select id from agents where id = $1 for no key update",
  count = "select count(*) from gateway_memory where agent_id = $1 and name <> $2",
  store = [[insert into gateway_memory (agent_id, name, text) values ($1, $2, $3)
    on conflict (agent_id, name) do update set text = excluded.text, updated_at = human_now()]],
  recall = [[select name, text, updated_at from (select m.*,
        (select count(*) from jsonb_array_elements_text($2::jsonb) w
          where position(w in lower(m.name || ' ' || m.text)) > 0) as hits
      from gateway_memory m where agent_id = $1) x
    where hits > 0 or $2::jsonb = '[]' order by hits desc, updated_at desc, name limit $3::int]],
}

local function text_of(max, what)
  return { type = "string", minLength = 1, maxLength = max, description = what }
end

tools.define("memory_store", {
  description = "Remembers a note under a name, for later sessions too; a note of that name is replaced.",
  parameters = { type = "object", required = { "name", "text" }, additionalProperties = false,
    properties = { name = text_of(200, "A short name for it."),
                   text = text_of(limits.memory_chars, "What to remember.") } },
  risk = "low", repeatable = true, timeout_ms = 15000,
}, function(call)
  local name, text = texts.valid(call.arguments.name), texts.valid(call.arguments.text)
  return db.tx(function(tx)
    if not tx:row(M.sql.lock, call.agent_id) then return nil, "The agent is gone." end
    if tx:value(M.sql.count, call.agent_id, name) >= limits.memories then
      return nil, ("There are %d notes already, as many as there may be."):format(limits.memories)
    end
    tx:exec(M.sql.store, call.agent_id, name, text)
    return "Remembered."
  end)
end)

tools.define("memory_recall", {
  description = "Finds notes by words in their names and texts; without words the newest ones.",
  parameters = { type = "object", additionalProperties = false,
    properties = { query = { type = "string", maxLength = 500, description = "Words to look for." } } },
  risk = "low", parallel = true, repeatable = true, timeout_ms = 15000,
}, function(call)
  local words = {}
  for word in (call.arguments.query or ""):lower():gmatch "[^%s%p]+" do
    if #words < WORDS_MAX then words[#words + 1] = texts.valid(word) end
  end
  local rows = db.query(M.sql.recall, call.agent_id, json.encode(json.array(words)), FOUND_MAX)
  return { notes = json.array(rows) }
end)

return M
