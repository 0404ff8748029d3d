-- scripts/api/gateway/scripts.lua -- scripts.*: the scripts of this server: read, tried, changed, brought back.
-- Whoever changes them has code run here, so each method asks gateway.script_edits first; see gateway.scripts.

local s = require "human.schema"
local sources = require "human.sources"
local bundles = require "gateway.scripts.bundles"
local rules = require "gateway.rules.scripts"
local scripts = require "gateway.scripts"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Scripts"

local path = s.string { min = 1, max = 200 }:describe "in the tree, as agent/rules/limits.lua"
local text = s.string { max = rules.file_bytes }
local hash = s.string { max = 64 }:describe "that scripts.read gave: the file must still be that one"
local State = s.enum { "shipped", "overridden", "own" }
local FIELDS = {
  { "path", s.string }, { "area", s.string }, { "state", State }, { "is_rule", s.bool }, { "size", s.int },
  { "hash", s.string:describe "of the file on disk" },
  { "pending", s.enum { "added", "changed", "removed" }:optional():describe "what a reload would do" },
  { "is_outdated", s.bool:describe "the shipped text has changed since it was copied" },
}
local Problem = s.object {
  { "path", s.string:optional() }, { "line", s.int:optional() }, { "message", s.string },
}
local Example = s.object {
  { "number", s.int }, { "fn", s.string }, { "given", s.string }, { "expected", s.string },
  { "got", s.string:optional():describe "absent: it failed" }, { "same", s.bool }, { "problem", s.string:optional() },
  { "line", s.int:optional() },
}
local Vote = s.object { { "worker", s.int }, { "vote", s.enum { "yes", "no", "ended" } }, { "ms", s.number } }
local VERDICT = {
  { "ok", s.bool:describe "all workers serve the scripts on disk; false: nothing has changed" },
  { "text", s.string:describe "what `human reload` says" },
  { "votes", s.array(Vote):describe "of the workers that were asked" },
}

local function with(fields, more)
  local out = {}
  for i, field in ipairs(fields) do out[i] = field end
  for _, field in ipairs(more) do out[#out + 1] = field end
  return s.object(out)
end

local Script = with(FIELDS, {
  { "text", s.string:describe "without the line that says what it was copied from" },
  { "shipped", s.string:optional():describe "what it overrides, or itself; absent: it is the operator's own" },
})

local function read(ctx, p)
  local script, why = sources.read(p.path)
  if not script then ctx:fail("script_not_found", { message = why }) end
  return script
end

g:rpc("scripts.list", {
  summary = "All scripts, with who overrides what", roles = surface.OPERATOR,
  result = s.object {
    { "bundle", s.string:describe "what is in force" },
    { "directory", s.string:optional():describe "where changes go" },
    { "why", s.string:optional():describe "there is none" },
    { "may_edit", s.bool:describe "by this client (gateway.script_edits)" },
    { "why_not", s.string:optional() },
    { "files", s.array(s.object(FIELDS)) },
  },
}, function(ctx)
  local list = sources.list()
  list.may_edit, list.why_not = scripts.may_edit(ctx)
  return list
end)

g:rpc("scripts.read", {
  summary = "The text of a script, and of the shipped one that it overrides", roles = surface.OPERATOR,
  params = { path = path }, result = Script, errors = { "script_not_found" },
}, read)

local DRAFT = { path = path, text = text }
local DRAFT_ERRORS = { "scripts_forbidden", "script_path", "overloaded" }

-- What is loaded aside must be what the tree could have.
local function draft(ctx, p)
  scripts.must_be_allowed(ctx)
  if not sources.is_path(p.path) then ctx:fail "script_path" end
end

g:rpc("scripts.check", {
  summary = "Would the scripts load with this text? With the examples of a rule", roles = surface.OPERATOR,
  description = "The text is loaded in a process of its own, in a minute at most. Nothing is written.",
  params = DRAFT, errors = DRAFT_ERRORS, timeout_s = 70,
  result = s.object {
    { "ok", s.bool }, { "problems", s.array(Problem) }, { "warnings", s.array(s.string) },
    { "examples", s.array(Example) },
  },
}, function(ctx, p)
  draft(ctx, p)
  return sources.check(p.path, p.text)
end)

g:rpc("scripts.examples", {
  summary = "The examples of a rule, run on this text", roles = surface.OPERATOR, params = DRAFT, errors = DRAFT_ERRORS,
  timeout_s = 70,
  result = { examples = s.array(Example), problems = s.array(Problem):describe "also why there are none" },
}, function(ctx, p)
  draft(ctx, p)
  local found = sources.check(p.path, p.text)
  return { examples = found.examples, problems = found.problems }
end)

local Group = s.object { { "rule", s.string }, { "from", s.string }, { "to", s.string }, { "count", s.int } }
local Failed = s.object { { "rule", s.string }, { "message", s.string }, { "count", s.int } }
local Read = s.object { { "path", s.string }, { "value", s.string:describe "as JSON, cut" } }
local Change = s.object {
  { "id", s.int }, { "at", s.time }, { "rule", s.string }, { "ref", s.string:optional() },
  { "subject", s.string:optional() }, { "what", s.enum { "changed", "failed" } }, { "from", s.string },
  { "to", s.string:optional() }, { "was", s.string }, { "now", s.string:optional() },
  { "problem", s.string:optional() }, { "inputs", s.string:describe "as JSON, cut" },
  { "read", s.array(Read):describe "the facts that the answer came from" },
}
local count = s.int:describe "decisions"
local Report = s.object {
  { "examined", count }, { "taken", s.int:describe "about how many those stand for" }, { "unchanged", count },
  { "changed", count }, { "failed", count }, { "skipped", s.int:describe "too large to have been kept whole" },
  { "groups", s.array(Group) }, { "errors", s.array(Failed) }, { "sample", s.array(Change) },
}

g:rpc("scripts.replay", {
  summary = "What a rule's text would have decided: the recorded decisions, asked again", roles = surface.OPERATOR,
  params = {
    path = path, text = text, limit = s.int { min = 1, max = rules.replayed }:default(1000),
    sample = s.int { min = 0, max = rules.shown }:default(50), since = s.time:optional(),
  },
  result = s.object { { "report", Report:optional():describe "absent: nothing has been recorded yet" },
                      { "problem", Problem:optional() } },
  errors = DRAFT_ERRORS, timeout_s = 70,
}, function(ctx, p)
  draft(ctx, p)
  return scripts.replay(p)
end)

local CHANGE_ERRORS = { "scripts_forbidden", "script_path", "script_not_found", "script_conflict", "script_refused",
                        "scripts_read_only", "overloaded" }

g:rpc("scripts.save", {
  summary = "Put a text into the operator's directory, for the next reload", roles = surface.OPERATOR,
  description = "Refused if the scripts would not load with it, or if the file is another one than was read. What was "
    .. "there is kept.",
  params = { path = path, text = text, hash = hash }, result = Script, errors = CHANGE_ERRORS, timeout_s = 70,
}, function(ctx, p)
  draft(ctx, p)
  return scripts.save(scripts.by(ctx), p.path, p.text, p.hash)
end)

g:rpc("scripts.remove", {
  summary = "Take the operator's file away, for the next reload: the shipped one comes back", roles = surface.OPERATOR,
  params = { path = path, hash = hash }, result = { removed = s.bool }, errors = CHANGE_ERRORS, timeout_s = 70,
}, function(ctx, p)
  draft(ctx, p)
  scripts.remove(scripts.by(ctx), p.path, p.hash)
  return { removed = true }
end)

g:rpc("scripts.reload", {
  summary = "Put the scripts on disk in force, on all workers or on none", roles = surface.OPERATOR,
  result = s.object(VERDICT), errors = { "scripts_forbidden", "overloaded" }, timeout_s = 120,
}, function(ctx)
  scripts.must_be_allowed(ctx)
  return scripts.reload(scripts.by(ctx))
end)

local Bundle = s.object {
  { "id", s.int }, { "at", s.time }, { "bundle", s.string },
  { "actor", s.string:nullable():describe "null: it was not by this protocol" },
  { "own", s.int:describe "files of the operator" }, { "is_current", s.bool },
  { "changes", s.array(s.object { { "path", s.string }, { "what", s.enum { "added", "changed", "removed" } } })
    :describe "of the operator's files, since the one before" },
}
local Written = s.object {
  { "id", s.int }, { "at", s.time }, { "actor", s.string }, { "address", s.string },
  { "action", s.enum { "save", "remove", "rollback", "reload" } }, { "path", s.string:nullable() },
  { "state", s.enum { "begun", "done", "failed" } }, { "problem", s.string:nullable() },
}

g:rpc("scripts.history", {
  summary = "Which scripts were in force when, and who changed what", roles = surface.OPERATOR,
  params = { limit = s.int { min = 1, max = rules.bundles }:default(50) },
  result = { bundles = s.array(Bundle), changes = s.array(Written) },
}, function(_, p) return bundles.history(p.limit) end)

g:rpc("scripts.rollback", {
  summary = "Bring back the operator's files that were in force with a record of scripts.history, and reload",
  roles = surface.OPERATOR, params = { id = s.int { min = 1 } },
  result = with(VERDICT, { { "changed", s.array(s.string):describe "paths" } }), timeout_s = 180,
  errors = { "scripts_forbidden", "bundle_not_found", "script_refused", "script_conflict", "scripts_read_only",
             "overloaded" },
}, function(ctx, p)
  scripts.must_be_allowed(ctx)
  return scripts.roll_back(scripts.by(ctx), p.id)
end)

g:event("scripts.changed", {
  summary = "A script was changed on disk, or others are in force",
  payload = { path = s.string:optional(), action = s.enum { "save", "remove", "rollback", "reload" } },
})

return M
