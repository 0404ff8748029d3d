-- scripts/gateway/skills.lua -- skills: installed, enabled, brought up to date, searched for.
-- What is installed is in the database, with its files and their hash; nothing of it runs, and it is off until somebody
-- enables that very hash.  An installation is one transaction: a worker that dies before it has left nothing.

local config = require "human.config"
local db = require "human.db"
local decisions = require "human.decisions"
local fail = require "human.fail"
local index = require "gateway.skills.index"
local json = require "human.json"
local limits = require "gateway.rules.skills"
local needs = require "gateway.skills.needs"
local news = require "gateway.news"
local pack = require "gateway.skills.pack"
local scan = require "gateway.skills.scan"
local source = require "gateway.skills.source"
local store = require "gateway.skills.store"
local task = require "human.task"
local text_of = require "gateway.skills.text"

local M = {}

local AT_ONCE = 4                                -- limit: downloads of a worker
local busy = 0

local function refuse(code, message) fail.throw(code, message and { message = message }) end

local function until_at(wait_s)
  return task.clock() + math.min(wait_s and wait_s * 1000 or limits.wait_ms, limits.longest_wait_ms) / 1000
end

-- Few at a time: each may be as large as limits.archive_bytes.
local function few(fn)
  if busy >= AT_ONCE then refuse("skills_busy") end
  busy = busy + 1
  local ok, value, why = pcall(fn)
  busy = busy - 1
  if not ok then error(value, 0) end
  return value, why
end

-- Runs fn() as a task of its own, which ends with ours: a request may only wait so often.
local function aside(fn)
  local me, over, ok, value, why = task.current(), false, nil, nil, nil
  local child = task.spawn(function()
    ok, value, why = pcall(fn)
    over = true
    task.wake(me)
  end)
  local waited, err = pcall(function()
    while not over do task.wait(5) end
  end)
  if not waited then
    task.kill(child)
    error(err, 0)
  end
  if not ok then error(value, 0) end
  return value, why
end

-- The skill that is at a source, looked at; or nil and why there is none.
local function fetched(from, name, deadline)
  local list, why = source.files(from, deadline)
  if not list then return nil, why end
  local skill, says
  skill, why = pack.read(list, name)
  if not skill then return nil, why end
  says, why = text_of.read(skill)
  if not says then return nil, why end
  name = name or says.about.says
  if not name or not name:find "^[%l%d][%l%d_-]*$" or #name > 64 then
    return nil, "its name is no name here (small letters, digits, - and _; at most 64): give it one"
  end
  local warnings, hosts = scan.look(skill.files, says.about, name)
  says.about.hosts = json.array(hosts)
  return { name = name, description = says.description, body = says.body, is_listed = says.is_listed,
           about = says.about, warnings = json.array(warnings), source = from, hash = skill.hash, files = skill.files,
           bytes = skill.bytes }
end

local function codes_of(warnings)
  local set, list = {}, json.array {}
  for _, warning in ipairs(warnings) do
    if not set[warning.code] then list[#list + 1] = warning.code end
    set[warning.code] = true
  end
  table.sort(list)
  return list
end

-- What rules are told of a skill.
local function facts_of(skill, more)
  local facts = { name = skill.name, hash = skill.hash, source = skill.source, warnings = codes_of(skill.warnings) }
  for key, value in pairs(more) do facts[key] = value end
  return facts
end

local function tell(tx, action, skill, enabled)
  news.after(tx, "skills.changed", { name = skill.name, action = action, hash = skill.hash, enabled = enabled })
end

-- ---- installing ------------------------------------------------------------------------------------------

local function insert(tx, skill, by)
  store.lock(tx)
  local old = store.get(tx, skill.name)
  if old then
    if old.hash == skill.hash then return false end
    refuse("skill_exists", ("There is another skill %s: update it, or uninstall it first"):format(skill.name))
  end
  if store.count(tx) >= limits.skills then refuse "too_many_skills" end
  local facts = facts_of(skill, { files = #skill.files, bytes = skill.bytes })
  local verdict = decisions.decide(tx, limits.install, { ref = skill.hash, subject = skill.name }, facts)
  if verdict.action ~= "install" then refuse("skill_refused", "The rules refuse this skill: " .. verdict.reason) end
  store.insert(tx, skill, by)
  tell(tx, "installed", skill, false)
  return true
end

--- Installs what is at asked.url, as asked.name (nil: as it calls itself).  by: {id, is_here (who works on this
--- machine, and may name a path of it)}.  Returns the skill as M.show does.  Refuses.  Awaits.
function M.install(asked, by)
  local problem = source.problem(asked.url)
  if problem then
    fail.throw("skill_refused", { message = "It was not installed: url: " .. problem,
                                  details = { { path = "url", message = problem } } })
  end
  if source.is_path(asked.url) and not by.is_here then refuse "skill_path" end
  local deadline = until_at(asked.wait_s)
  local skill, why = aside(function()
    return few(function() return fetched(asked.url, asked.name, deadline) end)
  end)
  if not skill then refuse("skill_refused", "It was not installed: " .. why) end
  db.tx(function(tx) return insert(tx, skill, by.id) end)
  return M.show(skill.name)
end

-- ---- looking -----------------------------------------------------------------------------------------------

--- A skill with its files, and what it needs that is not here.  Refuses.
function M.show(name)
  local row = store.find(name)
  if not row then refuse "skill_not_found" end
  row.files = store.files(name)
  row.unmet = needs.unmet({ row }, store.list())[name]
  return row
end

--- All of them, with `unmet`.
function M.list()
  local rows = store.list()
  local unmet = needs.unmet(rows, rows)
  for _, row in ipairs(rows) do row.unmet = unmet[row.name] end
  return rows
end

--- The text of one of its files, for those who look.  Refuses.
function M.text(name, path)
  local file = store.text(name, path)
  if not file then refuse("skill_not_found", "There is no such file in it") end
  return file
end

-- ---- enabling -------------------------------------------------------------------------------------------------

local function locked(tx, name)
  store.lock(tx)
  return store.get(tx, name) or refuse "skill_not_found"
end

--- Enables what is installed.  hash: of what was shown, or nil; another one is a conflict.
function M.enable(name, hash, by)
  return db.tx(function(tx)
    local skill = locked(tx, name)
    if hash and hash ~= skill.hash then refuse "skill_changed" end
    if skill.enabled then return skill end
    local verdict = decisions.decide(tx, limits.enable, { ref = skill.hash, subject = name },
      facts_of(skill, { by = by.id }))
    if verdict.action ~= "enable" then refuse("skill_refused", "The rules refuse this skill: " .. verdict.reason) end
    tx:exec(store.sql.enable, name, by.id)
    tell(tx, "enabled", skill, true)
    return skill
  end)
end

function M.disable(name)
  return db.tx(function(tx)
    local skill = locked(tx, name)
    if skill.enabled then
      tx:exec(store.sql.disable, name)
      tell(tx, "disabled", skill, false)
    end
    return skill
  end)
end

function M.uninstall(name)
  return db.tx(function(tx)
    local skill = locked(tx, name)
    tx:exec(store.sql.remove, name)
    tell(tx, "uninstalled", skill, false)
    return skill
  end)
end

-- ---- bringing up to date -----------------------------------------------------------------------------------------

local function by_path(files)
  local out = {}
  for _, file in ipairs(files) do out[file.path] = file.sha256 end
  return out
end

-- What is different: {added, removed, changed}, lists of paths.
local function difference(before, now)
  local old, new = by_path(before), by_path(now)
  local out = { added = json.array {}, removed = json.array {}, changed = json.array {} }
  for _, file in ipairs(now) do
    local list = not old[file.path] and out.added or old[file.path] ~= file.sha256 and out.changed
    if list then list[#list + 1] = file.path end
  end
  for _, file in ipairs(before) do
    if not new[file.path] then out.removed[#out.removed + 1] = file.path end
  end
  return out
end

local function replace(old, skill)
  return db.tx(function(tx)
    local now = locked(tx, old.name)
    if now.hash ~= old.hash then refuse "skill_changed" end
    local facts = facts_of(skill, { files = #skill.files, bytes = skill.bytes })
    local verdict = decisions.decide(tx, limits.install, { ref = skill.hash, subject = skill.name }, facts)
    if verdict.action ~= "install" then refuse("skill_refused", "The rules refuse it: " .. verdict.reason) end
    store.replace(tx, skill)
    tell(tx, "updated", skill, false)
  end)
end

-- What becomes of one: {name, changed, hash, previous_hash, added, removed, changed_files, warnings, problem}.
local function renew(old, by, deadline)
  local out = { name = old.name, changed = false, hash = old.hash, was_enabled = old.enabled }
  if source.is_path(old.source) and not by.is_here then
    out.problem = "it came from a path: update it on that machine"
    return out
  end
  local skill, why = few(function() return fetched(old.source, old.name, deadline) end)
  if not skill then
    out.problem = why
  elseif skill.hash ~= old.hash then
    local files = difference(store.files(old.name), skill.files)
    replace(old, skill)
    out.changed, out.previous_hash, out.hash, out.warnings = true, old.hash, skill.hash, skill.warnings
    out.added, out.removed, out.changed_files = files.added, files.removed, files.changed
  end
  return out
end

local function renew_all(by, deadline)
  local out = {}
  for i, row in ipairs(store.list()) do
    local ok, done = pcall(renew, row, by, deadline)
    if not ok and not fail.is(done) then error(done, 0) end
    out[i] = ok and done or { name = row.name, changed = false, hash = row.hash, problem = done.message }
  end
  return out
end

--- Fetches a skill, or without a name all of them, from where they came.  One whose hash is another one now is off.
--- Refuses for a name; for all, what went wrong is said of each.  Awaits.
function M.update(name, by, wait_s)
  local deadline = until_at(wait_s)
  if name then
    local old = store.find(name) or refuse "skill_not_found"
    local done = aside(function() return renew(old, by, deadline) end)
    if done.problem then refuse("skill_refused", "It was not updated: " .. done.problem) end
    return { done }
  end
  return aside(function() return renew_all(by, deadline) end)
end

-- ---- searching ------------------------------------------------------------------------------------------------------

--- Entries of the index (skills.index_url) in which all words of a query are.  Nil where there is no index.  Refuses.
--- Awaits.
function M.search(query)
  if config.skills.index_url == "" then return nil end
  local text, why = few(function() return source.download(config.skills.index_url, until_at(nil)) end)
  local entries = text and json.decode(text)
  if type(entries) ~= "table" or not json.is_array(entries) then
    refuse("skills_index", "The index of skills cannot be read: " .. (why or "it is no JSON array"))
  end
  return index.find(entries, query)
end

return M
