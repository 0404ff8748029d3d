-- host/lua/cli/check.lua -- `human check`: would these scripts be accepted?  For operators and CI.
-- Builds the generation without installing it: syntax, globals, modules, routes, error codes, jobs and
-- the examples of rules.  Needs no database and no running server.

local cli = require "human.cli.words"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local json = require "human.json"
local override = require "human.scripts.override"

local M = {}
local FIRST = { "ok", "error", "bundle", "modules", "routes", "examples", "overridden", "added", "warnings" }

local function plural(n, noun) return n .. " " .. noun .. (n == 1 and "" or "s") end

local function size(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end

local function examples(g)
  local n = 0
  for _, r in ipairs(g.rule_sources) do n = n + #(r.mod.examples or {}) end
  return n
end

-- A summary of what was checked, in one line.
function M.summary(g)
  return ("scripts %s: %s, %s, %s, %s"):format(g.id, plural(size(g.loaded), "module"),
    plural(#g.routes, "route"), plural(size(g.jobs) + #g.starts, "job"), plural(examples(g), "rule example"))
end

-- The checker's process (host/server/reload.c), which reads a line with a tab as the file being loaded, any
-- other as the verdict.  The JIT is off: then an endless loop can be interrupted, and names its line.
function M.prove()
  jit.off()
  local function say(mark, text)
    io.stdout:write(mark, text, "\n")
    io.stdout:flush()
  end
  local ok, g = pcall(gen.build, host.native.generation, {
    on_load = function(path) say("\t", path) end,
  })
  say("", ok and M.summary(g) or tostring(g))
  for _, warning in ipairs(ok and g.warnings or {}) do say("warning: ", warning) end
  for _, name in ipairs(ok and g.settings.pending or {}) do say("warning: ", "a restart is needed for " .. name) end
  return ok and 0 or 1
end

local function verdict()
  if host.native.refused ~= "" then return false, host.native.refused end
  return pcall(gen.build, host.native.generation)
end

local function overridden(g)
  local n, added = 0, 0
  for _, o in ipairs(override.list(g.origin)) do
    if o.state == "added" then added = added + 1 else n = n + 1 end
  end
  return n, added
end

local function as_json(ok, g)
  if not ok then return { ok = false, error = tostring(g) } end
  local n, added = overridden(g)
  return { ok = true, bundle = g.id, modules = size(g.loaded), routes = #g.routes, examples = examples(g),
           overridden = n, added = added, warnings = json.array(g.warnings) }
end

local function say(ok, g)
  if not ok then
    io.stderr:write("refused: ", tostring(g), "\n")
    return
  end
  for _, warning in ipairs(g.warnings) do io.stderr:write("warning: ", warning, "\n") end
  local n, added = overridden(g)
  local own = n + added > 0 and (", %s overridden, %d added"):format(plural(n, "script"), added) or ""
  io.stdout:write(M.summary(g), own, "\n")
end

-- `human check [DIR] [--json]`.  Returns the exit code: 0 accepted, 1 refused, 2 wrong usage.  The verdict
-- is printed, a refusal and warnings to stderr; with --json everything to stdout.
function M.run(args)
  local words, o = cli.parse("check", args, { ["--json"] = true })
  cli.count("check", words, {}, 0, 1)
  local ok, g = verdict()
  if o.json then io.stdout:write(json.encode_sorted(as_json(ok, g), FIRST), "\n") else say(ok, g) end
  return ok and 0 or 1
end

return M
