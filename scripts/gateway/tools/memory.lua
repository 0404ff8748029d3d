-- scripts/gateway/tools/memory.lua -- notes that outlast a session: stored by name, found by words.

local db = require "human.db"
local json = require "human.json"
local limits = require "gateway.rules.limits"
local texts = require "agent.texts"
local tools = require "gateway.tools"

local M = {}

local FOUND_MAX, WORDS_MAX = 20, 16

M.sql = {
  lock = "select id from agents where id = $1 for no key update",
  count = "select count(*) from gateway_memory where agent_id = $1 and name <> $2",
  store = [[insert into gateway_memory (agent_id, name, text) values ($1, $2, $3)
    on conflict (agent_id, name) do update set text = excluded.text, updated_at = human_now()]],
  recall = [[select name, text, updated_at, hits from (select m.*,
        (select count(*) from jsonb_array_elements_text($2::jsonb) w
          where position(w in lower(m.name || ' ' || m.text)) > 0) as hits
      from gateway_memory m where agent_id = $1) x
    where hits > 0 or $2::jsonb = '[]' order by hits desc, updated_at desc, name limit $3::int]],
  all = "select count(*) from gateway_memory where agent_id = $1",
  forget = "delete from gateway_memory where agent_id = $1 and name = $2",
}

--- Remembers a note of an agent; one of that name is replaced.  True, or nil and why not.
function M.store(agent_id, name, text)
  name, text = texts.valid(name), texts.valid(text)
  return db.tx(function(tx)
    if not tx:row(M.sql.lock, agent_id) then return nil, "The agent is gone." end
    if tx:value(M.sql.count, agent_id, name) >= limits.memories then
      return nil, ("There are %d notes already, as many as there may be."):format(limits.memories)
    end
    tx:exec(M.sql.store, agent_id, name, text)
    return true
  end)
end

--- Notes with these words, those with most of them first; without words the newest: {{name, text, updated_at, hits}},
--- and how many words were looked for.
function M.recall(agent_id, query, limit)
  local words = {}
  for word in (query or ""):lower():gmatch "[^%s%p]+" do
    if #words < WORDS_MAX then words[#words + 1] = texts.valid(word) end
  end
  return db.query(M.sql.recall, agent_id, json.encode(json.array(words)), limit), #words
end

--- How many there are.
function M.count(agent_id) return tonumber(db.value(M.sql.all, agent_id)) end

--- Forgets a note; whether there was one.
function M.forget(agent_id, name) return db.exec(M.sql.forget, agent_id, texts.valid(name)) > 0 end

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
  local done, why = M.store(call.agent_id, call.arguments.name, call.arguments.text)
  if not done then return nil, why end
  return "Remembered."
end)

tools.define("memory_recall", {
  description = "Finds notes by words in their names and texts; without words the newest ones.",
  parameters = { type = "object", additionalProperties = false,
    properties = { query = { type = "string", maxLength = 500, description = "Words to look for." } } },
  risk = "low", parallel = true, repeatable = true, timeout_ms = 15000,
}, function(call)
  local notes = json.array {}
  for i, row in ipairs((M.recall(call.agent_id, call.arguments.query, FOUND_MAX))) do
    notes[i] = { name = row.name, text = row.text, updated_at = row.updated_at }
  end
  return { notes = notes }
end)

tools.define("memory_forget", {
  description = "Forgets the note of this name.",
  parameters = { type = "object", required = { "name" }, additionalProperties = false,
    properties = { name = text_of(200, "Its name.") } },
  risk = "medium", repeatable = true, timeout_ms = 15000,
}, function(call)
  if not M.forget(call.agent_id, call.arguments.name) then return nil, "There is no such note." end
  return "Forgotten."
end)

return M
