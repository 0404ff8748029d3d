-- host/lua/sources.lua -- the scripts themselves, as texts: for pages and commands that show, try and change them.
-- What is in force is the bundle of this worker; what a reload would put in force is on disk. Drafts are tried in a
-- process of their own, which may spin or crash.

local fail = require "human.fail"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local json = require "human.json"
local override = require "human.scripts.override"
local own_tree = require "human.scripts.own_tree"
local paths = require "human.scripts.paths"
local sched = require "human.core.sched"

local M = {}
local MARK = "\1"                                -- cli/aside.lua
local TRIES, PAUSE_S = 100, 0.1                  -- while others have something done aside
local summed = setmetatable({}, { __mode = "k" }) -- generation -> {path = {hash, size}}

--- Whether a text is a path of a script in the tree.
function M.is_path(text) return own_tree.is_path(text) end

-- Shipped and own -----------------------------------------------------------------------------------------

-- Whether the file in force at the path is the operator's.  A first directory that is missing is no root.
local function is_own(g, path)
  local entries, roots, own = g.origin.files[path], g.origin.roots, own_tree.directory()
  if not own or entries[1].root ~= 1 or #roots < 2 then return false end
  return roots[1] == own or #roots == own_tree.count()
end

-- The text that an own file at the path overrides, or would; or nil.
local function beneath(g, path)
  if not g.origin.files[path] then return nil end
  return host.bundle_below(g.n, path, is_own(g, path) and 1 or 0)
end

-- {hash, size} of the text in force.
local function in_force(g, path)
  local sums = summed[g] or {}
  summed[g] = sums
  if not sums[path] and g.origin.files[path] then
    local text = host.bundle_file(g.n, path)
    sums[path] = { hash = override.sum(text), size = #text }
  end
  return sums[path]
end

local function state_of(has_own, below) return not has_own and "shipped" or below and "overridden" or "own" end

-- Whether the shipped text is another one than the override was copied from; nil: it does not say.
local function is_outdated(text, below)
  local base = text and below and override.metadata(text).base
  if not base then return nil end
  return override.sum(below) ~= base.value
end

-- What a reload would do to the file: "added", "changed", "removed", or nil.
local function pending(now, hash)
  if not now then return hash and "added" or nil end
  if not hash then return "removed" end
  return now.hash ~= hash and "changed" or nil
end

local function entry(g, path, text)
  local below, now = beneath(g, path), in_force(g, path)
  local hash = text and override.sum(text) or below and override.sum(below) or nil
  return {
    path = path, area = path:match "^[^/]+", state = state_of(text ~= nil, below),
    is_rule = paths.is_rule(paths.name_of(path)),
    size = text and #text or below and #below or now.size, hash = hash or now.hash, pending = pending(now, hash),
    is_outdated = is_outdated(text, below) or false,
  }
end

--- All scripts: {bundle = hash, directory = the operator's (or nil), why = a sentence (if nil), files = {{path, area,
--- state = "shipped" | "overridden" | "own", is_rule, size, hash, pending = "added" | "changed" | "removed" | nil: what
--- a reload would do, is_outdated: the shipped text has changed since it was copied}, ..}}.  Awaits.
function M.list()
  local g, own, files = gen.current(), {}, json.array {}
  local dir, why = own_tree.directory()
  for _, path in ipairs(own_tree.list()) do own[path] = own_tree.read(path) end
  for path in pairs(g.origin.files) do
    if path:find "%.lua$" then files[#files + 1] = entry(g, path, own[path]) end
  end
  for path, text in pairs(own) do
    if not g.origin.files[path] then files[#files + 1] = entry(g, path, text) end
  end
  table.sort(files, function(a, b) return a.path < b.path end)
  return { bundle = g.id, directory = dir, why = why, files = files }
end

--- One script: the fields of list(), and text (as it is edited: without the line that says what it was copied from),
--- shipped (what it overrides, or itself; nil: it is the operator's own).  Or nil and a sentence.  Awaits.
function M.read(path)
  if not own_tree.is_path(path) then return nil, "give the path of a script in the tree, as agent/rules/limits.lua" end
  local g = gen.current()
  local text, why = own_tree.read(path)
  if why then return nil, why end
  if not text and not g.origin.files[path] then return nil, "there is no script " .. path end
  local out, below = entry(g, path, text), beneath(g, path)
  out.text = text and override.without_base(text) or below or ""
  out.shipped = below
  return out
end

-- An override says what it was copied from, and keeps that text beside it (human overrides --diff).
local function with_base(path, text)
  local below, before = beneath(gen.current(), path), own_tree.read(path)
  if not below or override.metadata(text).base then return text end
  local base = before and override.metadata(before).base
  local sum = base and base.value or override.sum(below)
  if not base then own_tree.write(override.base_path(sum), below) end
  return "--% base: " .. sum .. "\n" .. text
end

--- The text of a file on disk as the operator's directory has it, or nil.  Awaits.
function M.own_text(path) return own_tree.is_path(path) and own_tree.read(path) or nil end

--- The paths of the operator's own files.  Awaits.
function M.own_paths() return own_tree.list() end

--- What is in force of the operator's: {bundle, files = {path = text}}.
function M.own_in_force()
  local g, out = gen.current(), {}
  for path in pairs(g.origin.files) do
    if own_tree.is_path(path) and is_own(g, path) then out[path] = host.bundle_file(g.n, path) end
  end
  return { bundle = g.id, files = out }
end

--- The text as put() has to be given it: an override says what it was copied from.  Awaits.
function M.prepared(path, text) return with_base(path, text) end

--- Puts a text into the operator's directory, or removes it from there (nil), as it is.  True, or nil and a sentence.
--- Awaits.
function M.put(path, text)
  if not own_tree.is_path(path) then return nil, path .. " is no path of a script" end
  if text then return own_tree.write(path, text) end
  return own_tree.remove(path)
end

-- Aside ---------------------------------------------------------------------------------------------------

local function aside(request)
  local text = json.encode(request)
  for _ = 1, TRIES do
    local status, said = sched.await(host.aside(sched.owner(), text))
    if status < 0 then error(sched.TooMany, 0) end
    if status == 1 then
      local answer = said:match("\n" .. MARK .. "(.*)$")
      return answer and json.decode(answer) or nil
    end
    if said ~= "busy" then return nil end
    sched.sleep(PAUSE_S)
  end
  fail.throw "overloaded"
end

local function no_end(path)
  local problem = { path = path, message = "loading it did not come to an end, or took the process down" }
  return { ok = false, warnings = json.array {}, examples = json.array {}, problems = json.array { problem } }
end

--- Would the scripts on disk be accepted with this text at the path?  {ok, problems = {{path, line, message}, ..},
--- warnings, examples = {{number, fn, given, expected, got, same, problem, line}, ..} of the rule}.  Writes nothing.
--- Awaits; at most a minute.
function M.check(path, text) return aside { what = "check", files = { [path] = text } } or no_end(path) end

--- The same for several at once, {path = text}, and without the operator's files at the paths of the list `gone` (those
--- that override nothing are left out of account).
function M.check_all(files, gone)
  local all = {}
  for path, text in pairs(files) do all[path] = text end
  for _, path in ipairs(gone) do all[path] = beneath(gen.current(), path) end
  return aside { what = "check", files = next(all) and all or nil } or no_end(nil)
end

--- What would a rule's text have decided?  options: since (a time), limit (decisions), sample (changes that are shown).
--- Returns {report} as `human rules replay --json` prints it (nil: nothing has been recorded), or {problem}.  Awaits;
--- at most a minute.
function M.replay(path, text, options)
  local done = aside { what = "replay", path = path, text = text, since = options.since, limit = options.limit,
                       sample = options.sample }
  return done or { problem = { message = "the replay did not come to its end in a minute" } }
end

--- Reloads as `human reload` does: {ok, text, votes = {{worker, vote = "yes" | "no" | "ended", ms}, ..}}.  The caller
--- goes on with the scripts that it began with.  Awaits.
function M.reload()
  return aside { what = "reload" } or { ok = false, text = "the reload did not end in a minute", votes = json.array {} }
end

return M
