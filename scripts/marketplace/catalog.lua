-- scripts/marketplace/catalog.lua -- imports tools from OpenAPI documents.  An imported tool is unclaimed: it may be
-- found, subscribed to at no cost and called, until somebody shows that its address is his (catalog_claims.lua).

local config = require "human.config"
local crypto = require "human.crypto"
local db = require "human.db"
local decisions = require "human.decisions"
local fail = require "human.fail"
local fetch = require "human.fetch"
local json = require "human.json"
local task = require "human.task"
local documents = require "marketplace.catalog_document"
local history = require "marketplace.history"
local listings = require "marketplace.listings"
local rules = require "marketplace.rules.catalog"
local tool_meta = require "marketplace.tool_meta"

local M = {}

local FETCH_S, COUNTED = 20, 10000

M.sql = {
  lock_source = "select pg_advisory_xact_lock(hashtextextended('market.catalog ' || $1, 0))",
  find = [[select listing_id, actor_id, state from market_catalog where source = $1 and operation_id = $2
    for no key update]],
  keep = [[insert into market_catalog (listing_id, actor_id, source, operation_id, origin)
    values ($1::uuid, $2::uuid, $3, $4, $5)]],
  renew = "update market_catalog set origin = $2, imported_at = human_now() where listing_id = $1::uuid",
  count = [[select count(*)::int from (select from market_catalog where actor_id = $1::uuid and state = 'unclaimed'
    limit $2::int) few]],
  state = "select state from market_catalog where listing_id = $1::uuid",
  unclaimed = [[select c.listing_id, l.title, c.origin, c.operation_id, c.imported_at
    from market_catalog c join market_listings l on l.id = c.listing_id
    where c.state = 'unclaimed' and l.is_active order by c.imported_at desc, c.listing_id
    limit $1::int offset $2::int]],
  total = [[select count(*)::int from (select from market_catalog c join market_listings l on l.id = c.listing_id
    where c.state = 'unclaimed' and l.is_active limit $1::int) few]],
}

local function refuse(field, why)
  fail.throw("invalid_openapi", { details = { { path = field, message = why } } })
end

local function unsafe(message)
  fail.throw("unsafe_url", { details = { { path = "openapi_url", message = message } } })
end

-- The text of a document at an address; the guard of human.fetch decides where that may lead.
local function fetched(url)
  if not tool_meta.is_safe(url) and config.egress.allow == "" then
    unsafe "must be an https address with a public host name, on port 443 or 8443"
  end
  local answer, err = fetch { url = url, guard = true, timeout_s = FETCH_S, max_bytes = rules.document_bytes,
                              headers = { Accept = "application/json, application/yaml, text/yaml" } }
  if answer and answer.status == 200 then return answer.body end
  if answer then refuse("openapi_url", ("answers with status %d"):format(answer.status)) end
  if err.code == "denied" then unsafe "leads to an address that may not be called" end
  refuse("openapi_url", err.code == "too_large" and ("is longer than %d bytes"):format(rules.document_bytes)
    or err.code == "timeout" and "does not answer in time" or "cannot be fetched")
end

-- An inline document's text, and JSON as it is.
local function inline(value)
  local text = value:find '^%s*"' and json.decode(value)
  return type(text) == "string" and text or value
end

-- Where a document is from: an address, or, where it was sent, who has sent which API.
local function source_of(actor, ask, document)
  if ask.url then return "url " .. ask.url end
  local info = type(document.info) == "table" and document.info or {}
  return "sent " .. actor.id .. " " .. crypto.sha256_hex(tostring(info.title))
end

local function create(tx, actor, tool, key, tags)
  if tx:value(M.sql.count, actor.id, rules.unclaimed) >= rules.unclaimed then
    return nil, ("%d imported tools are unclaimed already"):format(rules.unclaimed)
  end
  local plan = json.encode(json.array { rules.plan })
  local made = listings.create(actor, { direction = "sell", listing_type = "compute_access", title = tool.title,
    description = tool.description, category_tags = tags, input_schema = tool.input_schema, subscription_plans = plan,
    tool_meta = tool.meta, min_seller_tier = 0, negotiation_permitted = false })
  tx:exec(M.sql.keep, made.id, actor.id, key.source, key.operation_id, key.origin)
  history.note(tx, { entity = "catalog", id = made.id, to = "unclaimed", actor_id = actor.id,
                     cause = "catalog-manage" })
  return made.id
end

-- The listing of an operation: a new one, or the one that it has already; nil and why there is none.
local function keep(actor, tool, key, tags)
  return db.tx(function(tx)
    tx:exec(M.sql.lock_source, key.source)
    local known = tx:row(M.sql.find, key.source, key.operation_id)
    if not known then return create(tx, actor, tool, key, tags) end
    if known.actor_id ~= actor.id then
      return nil, known.state == "claimed" and "is its provider's" or "has been imported by another; it may be claimed"
    end
    listings.update(actor, known.listing_id, { title = tool.title, description = tool.description,
      category_tags = tags, input_schema = tool.input_schema, tool_meta = tool.meta }, true)
    tx:exec(M.sql.renew, known.listing_id, key.origin)
    return known.listing_id
  end)
end

-- Runs fn() as a task of its own, since a request waits for only so many things, and waits for it.
local function aside(fn)
  local me, is_done, ok, err = task.current(), false, nil, nil
  task.spawn(function()
    ok, err = pcall(fn)
    is_done = true
    task.wake(me)
  end)
  while not is_done do task.wait(60) end
  if not ok then error(err, 0) end
end

local function why_of(err)
  if not fail.is(err) then error(err, 0) end
  local first = err.details and err.details[1]
  return first and (first.path .. " " .. first.message) or err.code
end

local function import_one(actor, document, entry, o)
  local tool, why = documents.tool(document, entry, o.url)
  if not tool then return nil, why end
  local key = { source = o.source, operation_id = entry.id, origin = tool.tool_meta.upstream_url:match "^%a+://[^/]+" }
  tool.meta = json.encode(tool.tool_meta)
  local ok, id, reason = pcall(keep, actor, tool, key, o.tags)
  if ok then return id, reason end
  local told = fail.is(id) and id.code
  if told == "agent_frozen" or told == "actor_banned" then error(id, 0) end
  return nil, why_of(id)
end

--- Makes a tool of each operation of a document: ask = {url, document (JSON, or a text of YAML as JSON), tags,
--- operations (only those, by their ids; nil: all)}.  Returns {{listing_id, operationId}, ..}, and what was left out,
--- {{operationId, reason}, ..}, and how many that were.  Fails with invalid_openapi, unsafe_url and agent_frozen.
function M.import(actor, ask)
  local field = ask.url and "openapi_url" or "openapi"
  local document, why = documents.read(ask.url and fetched(ask.url) or inline(ask.document))
  if not document then refuse(field, why) end
  local entries, reason = documents.operations(document)
  if not entries then refuse(field, reason) end
  local o = { url = ask.url, source = source_of(actor, ask, document), tags = ask.tags }
  local wanted, imported, skipped, left_out = nil, json.array {}, json.array {}, 0
  for _, id in ipairs(ask.operations or {}) do
    wanted = wanted or {}
    wanted[id] = true
  end
  local function one(entry)
    local id, left = nil, ("is beyond the %d of one import"):format(rules.operations)
    if #imported < rules.operations then id, left = import_one(actor, document, entry, o) end
    if id then
      imported[#imported + 1] = { listing_id = id, operationId = entry.id }
      return
    end
    left_out = left_out + 1
    if left_out <= rules.skipped_shown then skipped[left_out] = { operationId = entry.id, reason = left } end
  end
  aside(function()
    for _, entry in ipairs(entries) do
      if not wanted or wanted[entry.id] then
        one(entry)
        task.sleep(0)                            -- others have their turn
      end
    end
  end)
  return imported, skipped, left_out
end

--- Refuses, in tx, a change of a tool that its import does not allow.  listing: as it is, locked.
function M.must_allow(tx, listing, changes)
  local state = tx:value(M.sql.state, listing.id)
  if not state then return end
  local function address(meta) return json.decode(meta).upstream_url end
  local moves = changes.tool_meta and address(changes.tool_meta) ~= address(listing.tool_meta) or false
  local costs = false
  for _, plan in ipairs(changes.subscription_plans and json.decode(changes.subscription_plans) or {}) do
    costs = costs or plan.amount_cents > 0 or (plan.overage_cents_per_call or 0) > 0
  end
  decisions.enforce(tx, rules.may_change, { subject = listing.actor_id, ref = listing.id }, {
    state = state, moves = moves, costs = costs })
end

--- Imported tools that nobody has claimed, newest first: {rows, total}; total is at most some 10,000.
function M.unclaimed(limit, offset)
  return db.query(M.sql.unclaimed, limit, offset), db.value(M.sql.total, COUNTED)
end

return M
