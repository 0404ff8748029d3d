-- host/lua/scripts/draft.lua -- drafts of scripts: would these texts be accepted, and what do the examples say?
-- Builds a generation that serves nothing, in a process of its own (cli/aside.lua): a draft may spin or crash.

local catalogue = require "human.scripts.catalogue"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local json = require "human.json"
local paths = require "human.scripts.paths"
local replay = require "human.cli.replay"
local rule_examples = require "human.scripts.rule_examples"

local M = {}
local MESSAGE_MAX, PROBLEMS_MAX = 2000, 50

-- {name in messages = path in the tree}.
local function paths_by_name(g)
  local out = {}
  for path, entries in pairs(g and g.origin.files or {}) do
    for _, entry in ipairs(entries) do out[entry.full], out[entry.name] = path, path end
  end
  return out
end

--- A refusal ("file:line: why") as {path, line, message}; path is nil where it names no script.  names: of
--- paths_by_name.
function M.problem(text, names)
  local file, line, why = text:match "^([^\n:]+):(%d+): (.+)$"
  if not file then file, why = text:match "^([^\n:]+%.lua): (.+)$" end
  local path = file and (names[file] or file:find "^[%w_][%w_/.-]*%.lua$" and file) or nil
  return { path = path, line = path and tonumber(line) or nil, message = (path and why or text):sub(1, MESSAGE_MAX) }
end

local function first(files)
  local path = next(files)
  return path
end

-- Builds the scripts with these files, {path = text}: the generation, or nil and the problem.
local function build(files)
  if host.native.refused ~= "" then return nil, M.problem(host.native.refused, {}) end
  local n = host.native.generation
  for path in pairs(files) do
    if not host.native.overridable(path) then
      return nil, { path = path, message = "the setting `overrides` does not allow it (it allows: "
        .. host.conf().overrides .. ")" }
    end
  end
  local ok, g = pcall(gen.build, n, { overlay = files, examples = false })
  if ok then return g end
  return nil, M.problem(tostring(g), paths_by_name { origin = require("human.scripts.provenance").read(n) })
end
M.build = build

local function example_of(ex, text, count)
  return { number = ex.number, fn = ex.fn, given = ex.given:sub(1, MESSAGE_MAX), expected = ex.expected, got = ex.got,
           same = ex.problem == nil, problem = ex.problem, line = rule_examples.line_of(text, ex.number, count) }
end

-- Runs the examples of the rules that change with these files; those of `shown` are listed.
local function run_examples(g, files, shown, problems)
  local names, out = {}, json.array {}
  for path in pairs(files) do names[#names + 1] = paths.name_of(path) end
  local affected = #names > 0 and replay.affected(g, names)
  for _, r in ipairs(g.rule_sources) do
    local list = (not affected or affected[r.name]) and rule_examples.run(r.mod, catalogue.of_rule(g, r.name)) or {}
    local text = #list > 0 and (files[r.path] or host.bundle_file(g.n, r.path)) or ""
    for _, ex in ipairs(list) do
      local one = example_of(ex, text, #list)
      if r.path == shown then out[#out + 1] = one end
      if ex.problem and #problems < PROBLEMS_MAX then
        problems[#problems + 1] = { path = r.path, line = one.line,
          message = ("example %d (%s): %s"):format(ex.number, ex.fn, ex.problem):sub(1, MESSAGE_MAX) }
      end
    end
  end
  return out
end

--- Would the scripts on disk be accepted with these files in their place?  files: {path = text}, maybe none.  Returns
--- {ok, problems = {{path, line, message}, ..}, warnings = {text, ..}, examples = {{number, fn, given, expected, got,
--- same, problem, line}, ..}}: those of the first file, if it is a rule.
function M.check(files)
  local g, why = build(files)
  local problems = json.array { why }
  if not g then return { ok = false, problems = problems, warnings = json.array {}, examples = json.array {} } end
  local examples = run_examples(g, files, first(files), problems)
  return { ok = #problems == 0, problems = problems, warnings = json.array(g.warnings), examples = examples }
end

return M
