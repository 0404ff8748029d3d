-- scripts/gateway/scripts.lua -- scripts as an operator changes them by the control protocol: each change is written
-- down, with both texts, before it is carried out; what was in force can be brought back.

local config = require "human.config"
local crypto = require "human.crypto"
local db = require "human.db"
local decisions = require "human.decisions"
local fail = require "human.fail"
local json = require "human.json"
local sources = require "human.sources"
local cut = require("human.text").cut
local devices = require "gateway.devices"
local news = require "gateway.news"
local rules = require "gateway.rules.scripts"

local M = {}
local LOCK = 7305114                             -- one change at a time
local JSON_BYTES = 2000                          -- of a value that is shown

M.sql = {
  lock = "select pg_advisory_xact_lock($1::bigint)",
  keep = "insert into gateway_script_texts (hash, body) values ($1, $2) on conflict do nothing",
  begin = [[insert into gateway_script_changes (place, actor, address, action, path, before_hash, after_hash)
    values ($1, $2, $3, $4, $5, $6, $7) returning id]],
  finish = "update gateway_script_changes set state = $2, problem = $3 where id = $1",
}

-- Hosts of one database that have the same directory are expected to have the same files in it.
local function place_of(directory) return directory or "" end

local function facts_of(ctx)
  local is_local, why = ctx:is_local()
  return { edits = config.gateway.script_edits, is_local = is_local, why = why }
end

--- Throws unless who asks may try and change scripts.  ctx: of the call.
function M.must_be_allowed(ctx)
  decisions.enforce(db, rules.may_edit, { subject = "scripts" }, facts_of(ctx))
end

--- Whether they may, and why not.
function M.may_edit(ctx)
  local verdict = rules.may_edit(facts_of(ctx))
  return verdict.verdict == "allow", verdict.data and verdict.data.message
end

--- Who asks, for what is written down: {actor, address}.
function M.by(ctx)
  local actor = ctx.actor.id
  for _, device in ipairs(ctx.actor.device_id and devices.list() or {}) do
    if device.id == ctx.actor.device_id then actor = ("%s (%s)"):format(device.label, actor) end
  end
  return { actor = actor, address = ctx.ip }
end

-- Replaying -----------------------------------------------------------------------------------------------

local function cut_json(v) return cut(json.encode_sorted(v), JSON_BYTES) end

local function shown(one)
  local read = json.array {}
  for i, fact in ipairs(one.read or {}) do read[i] = { path = fact.path, value = cut_json(fact.value) } end
  one.inputs, one.was, one.read = cut_json(one.inputs), cut_json(one.was), read
  one.now = one.now ~= nil and cut_json(one.now) or nil
  return one
end

--- What a rule's text would have decided: scripts.replay.  p: its params.
function M.replay(p)
  local found = sources.replay(p.path, p.text, { since = p.since, limit = p.limit, sample = p.sample })
  for i, one in ipairs(found.report and found.report.sample or {}) do found.report.sample[i] = shown(one) end
  return found
end

-- Changing ------------------------------------------------------------------------------------------------

local function hash_of(text) return text and crypto.sha256_hex(text) or nil end

-- The directory to write to, or an error.
local function must_have_directory()
  local list = sources.list()
  if not list.directory then fail.throw("scripts_read_only", { message = list.why }) end
  return list.directory
end

local function kept(tx, text)
  local hash = hash_of(text)
  if hash then tx:exec(M.sql.keep, hash, text) end
  return hash
end

-- Writes a change down: {id, path, before, after}.  check(before) throws if it must not be.
local function begin(by, action, directory, path, after, check)
  return db.tx(function(tx)
    tx:query(M.sql.lock, LOCK)
    local before = sources.own_text(path)
    if check then check(before) end
    local id = tx:value(M.sql.begin, place_of(directory), by.actor, by.address, action, path, kept(tx, before),
      kept(tx, after))
    return { id = id, path = path, before = before, after = after }
  end)
end

-- Carries it out, unless the file is another one by now; throws what went wrong, which is written down, too.
local function carry_out(change)
  local why, code = db.tx(function(tx)
    tx:query(M.sql.lock, LOCK)
    local is_other = hash_of(sources.own_text(change.path)) ~= hash_of(change.before)
    local ok, problem = nil, "it was changed meanwhile"
    if not is_other then ok, problem = sources.put(change.path, change.after) end
    tx:exec(M.sql.finish, change.id, ok and "done" or "failed", not ok and problem or nil)
    return not ok and problem or nil, is_other and "script_conflict" or "scripts_read_only"
  end)
  if why then fail.throw(code, { message = why }) end
end

local function change(by, action, directory, path, after, check)
  carry_out(begin(by, action, directory, path, after, check))
  news.tell("scripts.changed", { path = path, action = action })
end

-- What write() refuses: a file that is not as it was read.
local function as_read(path, hash)
  return function()
    local now = sources.read(path)
    if (now and now.hash or "") ~= hash then fail.throw "script_conflict" end
  end
end

local function refuse(problems)
  local first = problems[1] or { message = "the scripts would not load" }
  local at = (first.path or "") .. (first.line and ":" .. first.line or "")
  fail.throw("script_refused", { message = (at ~= "" and at .. ": " or "") .. first.message, problems = problems })
end

--- Puts a text into the operator's directory, if the scripts would load with it and the file is still the one with this
--- hash ("": there was none).  by: {actor, address}.  The script as it is now.
function M.save(by, path, text, hash)
  local directory = must_have_directory()
  as_read(path, hash)()
  local found = sources.check(path, text)
  if not found.ok then refuse(found.problems) end
  change(by, "save", directory, path, sources.prepared(path, text), as_read(path, hash))
  return sources.read(path)
end

--- Takes the operator's file away: the shipped one comes back.  Refused if the scripts would not load without it.
function M.remove(by, path, hash)
  local directory = must_have_directory()
  local now = sources.read(path)
  if not now or now.state == "shipped" then fail.throw "script_not_found" end
  as_read(path, hash)()
  local found = now.shipped and sources.check(path, now.shipped)
  if found and not found.ok then refuse(found.problems) end
  change(by, "remove", directory, path, nil, as_read(path, hash))
end

-- Reloading -----------------------------------------------------------------------------------------------

--- Puts what is on disk in force on all workers, or on none: {ok, text, votes}.
function M.reload(by)
  local place = place_of(sources.list().directory)
  local id = db.value(M.sql.begin, place, by.actor, by.address, "reload", nil, nil, nil)
  local verdict = sources.reload()
  db.exec(M.sql.finish, id, verdict.ok and "done" or "failed", not verdict.ok and verdict.text or nil)
  if verdict.ok then require("gateway.scripts.bundles").record(by.actor) end
  news.tell("scripts.changed", { action = "reload" })
  return verdict
end

--- Brings back the operator's files that were in force with a record of scripts.history: {changed = paths}, and the
--- verdict of the reload that follows.
function M.roll_back(by, id)
  local bundles = require "gateway.scripts.bundles"
  local directory = must_have_directory()
  local wanted = bundles.texts(place_of(directory), id)
  if not wanted then fail.throw "bundle_not_found" end
  local texts, gone = {}, {}
  for path, text in pairs(wanted) do
    if sources.own_text(path) ~= text then texts[path] = text end
  end
  for _, path in ipairs(sources.own_paths()) do
    if not wanted[path] then gone[#gone + 1] = path end
  end
  local found = sources.check_all(texts, gone)
  if not found.ok then refuse(found.problems) end
  local changed = json.array {}
  for path, text in pairs(texts) do
    change(by, "rollback", directory, path, text)
    changed[#changed + 1] = path
  end
  for _, path in ipairs(gone) do
    change(by, "rollback", directory, path, nil)
    changed[#changed + 1] = path
  end
  table.sort(changed)
  local verdict = M.reload(by)
  verdict.changed = changed
  return verdict
end

M.place_of = place_of

return M
