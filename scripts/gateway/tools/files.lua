-- scripts/gateway/tools/files.lua -- files of the workspace (files.workspace): read, listed, written.

local files = require "human.files"
local json = require "human.json"
local tools = require "gateway.tools"

local READ_MAX, WRITE_MAX = 1000000, 60000
local name = { type = "string", minLength = 1, maxLength = 1000, description = "A path inside the workspace." }

tools.define("file_read", {
  description = "The text of a file of the workspace.",
  parameters = { type = "object", required = { "path" }, additionalProperties = false, properties = { path = name } },
  risk = "low", parallel = true, repeatable = true, timeout_ms = 30000,
}, function(call) return files.root("workspace"):read(call.arguments.path, { max = READ_MAX }) end)

tools.define("file_list", {
  description = "What is in a directory of the workspace; without a path, in the workspace itself.",
  parameters = { type = "object", additionalProperties = false, properties = { path = name } },
  risk = "low", parallel = true, repeatable = true, timeout_ms = 30000,
}, function(call)
  local list, why = files.root("workspace"):list(call.arguments.path)
  if not list then return nil, why end
  return { entries = json.array(list) }
end)

tools.define("file_write", {
  description = "Writes a file of the workspace, whole; its directories are made.",
  parameters = { type = "object", required = { "path", "content" }, additionalProperties = false,
    properties = { path = name,
                   content = { type = "string", maxLength = WRITE_MAX, description = "All of its text." } } },
  risk = "high", repeatable = true, timeout_ms = 30000,
}, function(call)
  local root, path = files.root "workspace", call.arguments.path
  local directory = path:match "^(.+)/[^/]*$"
  if directory then
    local made, why = root:mkdir(directory)
    if not made then return nil, why end
  end
  local done, why = root:write(path, call.arguments.content)
  if not done then return nil, why end
  return ("%d bytes were written to %s."):format(#call.arguments.content, path)
end)

return {}
