-- host/lua/check.lua -- `human check`: would these scripts be accepted?  For operators and CI.
-- Builds the generation without installing it: syntax, globals, modules, routes, error codes, jobs and
-- the examples of rules.  Needs no database and no running server.

local gen = require "human.gen"
local host = require "human.host"

local M = {}

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

-- One line that says what was checked.
function M.summary(g)
  return ("scripts %s: %s, %s, %s, %s"):format(g.id, plural(size(g.loaded), "module"),
    plural(#g.routes, "route"), plural(size(g.jobs) + #g.starts, "job"), plural(examples(g), "rule example"))
end

-- The checker's process (host/reload.c), which reads a line with a tab as the file being loaded, any
-- other as the verdict.  The JIT is off: an endless loop can then be interrupted, and so names its line.
function M.prove()
  jit.off()
  local function say(mark, text)
    io.stdout:write(mark, text, "\n")
    io.stdout:flush()
  end
  local ok, result = pcall(gen.build, host.native.generation, {
    on_load = function(path) say("\t", path) end,
  })
  if ok then ok, result = pcall(M.summary, result) end
  say("", tostring(result))
  return ok and 0 or 1
end

-- Returns the exit code; the verdict is printed, a refusal to stderr.
function M.run()
  local ok, result = pcall(gen.build, host.native.generation)
  if not ok then
    io.stderr:write("refused: ", tostring(result), "\n")
    return 1
  end
  io.stdout:write(M.summary(result), "\n")
  return 0
end

return M
