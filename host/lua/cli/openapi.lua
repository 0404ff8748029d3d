-- host/lua/cli/openapi.lua -- `human openapi [SURFACE] [--markdown] | --types`: what /openapi.json and /types.d.ts say,
-- without a server.

local api_docs = require "human.http.api_docs"
local cli = require "human.cli.words"
local gen = require "human.scripts.generation"
local openapi = require "human.http.openapi"
local operation_types = require "human.http.operation_types"
local rpc_docs = require "human.http.rpc_docs"

local M = {}

--- Returns the exit status.  load_scripts: builds the generation.
function M.run(args, load_scripts)
  local words, o = cli.parse("openapi", args, { ["--markdown"] = true, ["--types"] = true })
  cli.count("openapi", words, { "SURFACE" }, o.markdown and 1 or 0, o.types and 0 or 1)
  load_scripts()
  if o.types then
    io.stdout:write(rpc_docs.types(gen.current()), "\n", operation_types.render(gen.current()))
    return 0
  end
  local g, surface = gen.current(), words[1]
  local known = openapi.surfaces(g)
  if surface and not (" " .. table.concat(known, " ") .. " "):find(" " .. surface .. " ", 1, true) then
    cli.stop(("there is no surface '%s': %s"):format(surface, table.concat(known, ", ")))
  end
  local text = not surface and openapi.render(g) or api_docs.text(g, o.markdown and "md" or "json", surface)
  io.stdout:write(text, o.markdown and "" or "\n")
  return 0
end

return M
