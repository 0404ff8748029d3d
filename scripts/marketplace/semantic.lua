-- scripts/marketplace/semantic.lua -- what listings and agents mean (human.embed): made by the queue, whose row is
-- written in the transaction of the change; kept in market_vectors; searched by pgvector where the server has it, else
-- in this host's memory.  Without weights nothing is made, and nothing is found by its meaning.

local crypto = require "human.crypto"
local db = require "human.db"
local embed = require "human.embed"
local jobs = require "human.jobs"
local json = require "human.json"
local log = require "human.log"
local queue = require "human.queue"

local M = {}

local TYPES = { "task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template",
                "evaluation_service" }
local AGENT = 2 ^ 12                             -- below it: what is sold, by type, then what is asked for
local PAGE, MISSING = 1000, 500                  -- rows that are read, and embedded anew, at a time
local ROW = 16 + 4 + 512                         -- bytes of one in a page: id, kind, vector

M.sql = {
  listing = [[select l.direction, l.listing_type, l.title, l.description, l.is_active,
      to_json(l.category_tags) as tags from market_listings l where l.id = $1::uuid]],
  agent = [[select a.bio, to_json(a.capability_tags) as tags, to_json(a.specialization) as fields,
      a.state = 'active' and a.type = 'delegated_agent' as is_active from market_actors a where a.id = $1::uuid]],
  save = [[insert into market_vectors as v (id, kind, model, vector)
    values ($1::uuid, $2::int, $3, decode($4, 'base64'))
    on conflict (id) do update set kind = excluded.kind, model = excluded.model, vector = excluded.vector,
      written_in = pg_current_xact_id()]],
  near = "select market_set_near($1::uuid, $2)",
  forget = [[update market_vectors set kind = 0, written_in = pg_current_xact_id()
    where id = $1::uuid and kind <> 0]],
  has_pgvector = "select market_has_pgvector()",
  nearest = "select id, score from market_near($1, $2, $3::int, $4::int)",
  until_now = "select pg_snapshot_xmin(pg_current_snapshot())::text",
  -- As one text: rows of many bytes are slow to take apart.
  page = [[with page as (
      select id, kind, coalesce(vector, decode(repeat('00', 512), 'hex')) as vector, written_in, model
      from market_vectors where (written_in, id) > ($1::xid8, $2::uuid) order by written_in, id limit ]] .. PAGE .. [[)
    select count(*)::int as n,
      translate(encode(string_agg(uuid_send(id) || int4send(case when model = $3 then kind else 0 end) || vector, ''
        order by written_in, id), 'base64'), E'\n', '') as rows,
      (array_agg(id order by written_in desc, id desc))[1] as last_id, max(written_in::text::numeric)::text as last_in
    from page]],
  missing = [[select l.id from market_listings l where l.is_active
    and not exists (select from market_vectors v where v.id = l.id and v.model = $1) limit ]] .. MISSING,
  missing_agents = [[select a.id from market_actors a where a.state = 'active' and a.type = 'delegated_agent'
    and a.tag_index <> '{}' and not exists (select from market_vectors v where v.id = a.id and v.model = $1) limit ]]
    .. MISSING,
  restored = [[update market_vectors set written_in = pg_current_xact_id() where written_in > pg_current_xact_id()]],
}

local NOBODY = "00000000-0000-0000-0000-000000000000"

-- Kinds -------------------------------------------------------------------------------------------------

--- The kind of a listing, a bit.
function M.kind_of(direction, listing_type)
  for i, name in ipairs(TYPES) do
    if name == listing_type then return 2 ^ (i - 1 + (direction == "buy" and #TYPES or 0)) end
  end
  error("a listing of no known type: " .. tostring(listing_type))
end

--- All kinds of listings with this direction and type; nil: any.
function M.kinds(direction, listing_type)
  local sum = 0
  for _, way in ipairs { "sell", "buy" } do
    for _, name in ipairs(TYPES) do
      local counts = (not direction or direction == way) and (not listing_type or listing_type == name)
      if counts then sum = sum + M.kind_of(way, name) end
    end
  end
  return sum
end

M.AGENTS = AGENT

-- Texts -------------------------------------------------------------------------------------------------

-- "data:extraction" reads as "data extraction".
local function read_tags(tags) return (table.concat(tags, ", "):gsub("[:_-]", " ")) end

--- The text by which a listing is found: what matters most comes first, since only the first hundred words count.
function M.text_of_listing(l) return ("%s. %s. %s"):format(l.title, read_tags(l.tags), l.description) end

--- The same of an agent.
function M.text_of_agent(a)
  local said = read_tags(a.tags)
  if #a.fields > 0 then said = said .. ". " .. read_tags(a.fields) end
  return a.bio ~= "" and said .. ". " .. a.bio or said
end

-- What is kept ------------------------------------------------------------------------------------------

--- Somebody's listing, or an agent, has changed, in tx: its vector is made anew.
function M.changed(tx, id) queue.add(tx, "market.embed", id, nil, { id = id }, { unique = "first" }) end

-- The text and the kind of what has this id, or nil when it is not to be found (any more).
local function described(id)
  local l = db.row(M.sql.listing, id)
  if l then
    l.tags = json.decode(l.tags)
    return l.is_active and M.text_of_listing(l) or nil, M.kind_of(l.direction, l.listing_type)
  end
  local a = db.row(M.sql.agent, id)
  if not (a and a.is_active) then return nil end
  a.tags, a.fields = json.decode(a.tags), json.decode(a.fields)
  local text = M.text_of_agent(a)
  return text ~= "" and text or nil, AGENT
end

-- As pgvector reads it.
local function as_numbers(vector)
  local list = {}
  for i = 1, #vector do
    local n = vector:byte(i)
    list[i] = n < 128 and n or n - 256
  end
  return "[" .. table.concat(list, ",") .. "]"
end

local function save(tx, id, kind, model, vector)
  tx:exec(M.sql.save, id, kind, model, crypto.base64(vector))
  if tx:row(M.sql.has_pgvector).market_has_pgvector then tx:exec(M.sql.near, id, as_numbers(vector)) end
end

--- Makes the vector of a listing or an agent, or takes it out of the search.
function M.make(row)
  local id = row.payload.id
  local text, kind = described(id)
  local vector, model, code
  if text then
    vector, model, code = embed.encode(text)
    if code == "busy" then error(model, 0) end
    if code == "no_weights" then return end      -- `complete` makes it once there are some
  end
  db.tx(function(tx)
    if vector then save(tx, id, kind, model, vector) else tx:exec(M.sql.forget, id) end
    row:done(tx)
  end)
end

queue.define("market.embed", "marketplace.semantic.make", { per_key = true, concurrency = 2 })

--- What has no vector of the present weights gets one: when there are weights for the first time, or others.
function M.complete()
  local vector, model = embed.encode "data"
  if not vector then return end
  for _, statement in ipairs { M.sql.missing, M.sql.missing_agents } do
    local found = db.query(statement, model)
    if #found > 0 then
      db.tx(function(tx)
        for _, row in ipairs(found) do M.changed(tx, row.id) end
      end)
    end
  end
end

jobs.every("market.embed", 30, "marketplace.semantic.complete")

-- This host's copy --------------------------------------------------------------------------------------

local function put_page(text)
  local bytes, is_full = crypto.unbase64(text), false
  for at = 1, #bytes, ROW do
    local k1, k2, k3, k4 = bytes:byte(at + 16, at + 19)
    local kind = ((k1 * 256 + k2) * 256 + k3) * 256 + k4
    if not embed.put_raw(bytes:sub(at, at + 15), kind, bytes:sub(at + 20, at + ROW - 1)) then is_full = true end
  end
  return is_full
end

-- What was written since that cursor, a transaction; returns the next one.
local function read_changes(model, cursor, keep)
  local reached, is_full = db.value(M.sql.until_now), false
  local from, id = cursor ~= "" and cursor or "0", NOBODY
  repeat
    local page = db.row(M.sql.page, from, id, model)
    if page.n > 0 then
      is_full = put_page(page.rows) or is_full
      from, id = page.last_in, page.last_id
    end
    if not keep() then return nil end
  until page.n < PAGE
  if is_full then log.warn("search.listings: not all listings are found by their meaning", { room = embed.size() }) end
  return reached
end

local function refresh(model)
  return embed.refresh(model, function(cursor, keep) return read_changes(model, cursor, keep) end)
end

--- Fills this host's copy before anybody asks.
function M.warm()
  local vector, model = embed.encode "data"
  if not vector then return end
  db.exec(M.sql.restored)
  M.complete()
  if not db.value(M.sql.has_pgvector) then refresh(model) end
end

jobs.start "marketplace.semantic.warm"

-- Search ------------------------------------------------------------------------------------------------

local was_there = false
local pgvector                                   -- whether the database has it, once that is known

local function has_pgvector()
  if pgvector == nil then pgvector = db.value(M.sql.has_pgvector) end
  return pgvector
end

--- Whether the last search by meaning on this worker found weights and an index.
function M.was_there() return was_there end

local function nearest(text, kinds, most)
  local vector, model = embed.encode(text)
  if not vector then return nil, model end
  if has_pgvector() then return db.query(M.sql.nearest, model, as_numbers(vector), kinds, most) end
  if not refresh(model) then return nil, "the index is being filled" end
  return embed.nearest(model, vector, kinds, most)
end

--- The listings or agents of these kinds whose meaning is nearest to the text's, the best first: {{id, score}, ..}; nil
--- and why when search by meaning is not there, or not yet.
function M.nearest(text, kinds, most)
  local hits, why = nearest(text, kinds, most)
  was_there = hits ~= nil
  return hits, why
end

return M
