-- scripts/gateway/tools/files.lua -- files of the workspace (files.workspace): read, listed, written, edited.

local files = require "human.files"
local json = require "human.json"
local tools = require "gateway.tools"
local written = require "gateway.written"

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

-- git runs programs that its settings name.
local function is_gits(path) return ("/" .. path:lower() .. "/"):find("/.git/", 1, true) ~= nil end

local GITS = "What is in .git belongs to git: use git to change it."

tools.define("file_write", {
  description = "Writes a file of the workspace, whole; its directories are made.",
  parameters = { type = "object", required = { "path", "content" }, additionalProperties = false,
    properties = { path = name,
                   content = { type = "string", maxLength = WRITE_MAX, description = "All of its text." } } },
  risk = "high", repeatable = true, timeout_ms = 30000,
}, function(call)
  local root, path = files.root "workspace", call.arguments.path
  if is_gits(path) then return nil, GITS end
  local done, why = written.take(call, #call.arguments.content, written.new_names(root, path))
  if not done then return nil, why end
  local directory = path:match "^(.+)/[^/]*$"
  if directory then
    done, why = root:mkdir(directory)
    if not done then return nil, why end
  end
  done, why = root:write(path, call.arguments.content)
  if not done then return nil, why end
  return ("%d bytes were written to %s."):format(#call.arguments.content, path)
end)

-- `added`: how many bytes it brings.
local function changed(call, added, change)
  local root, path = files.root "workspace", call.arguments.path
  if is_gits(path) then return nil, GITS end
  local before, why = root:read(path, { max = READ_MAX })
  if not before then return nil, why end
  local text, no = change(before)
  if not text then return nil, no end
  if #text > READ_MAX then return nil, ("The file would be longer than %d bytes."):format(READ_MAX) end
  local done
  done, why = written.take(call, added, 0)
  if not done then return nil, why end
  done, why = root:write(path, text)
  if not done then return nil, why end
  return ("%s has %d bytes now."):format(path, #text)
end

-- Where a text stands alone in another: its first and last byte; or nil and why not.
local function only_place(text, wanted)
  local first, last = text:find(wanted, 1, true)
  if not first then return nil, "The file does not have this text." end
  if text:find(wanted, first + 1, true) then return nil, "The file has this text more than once; give more of it." end
  return first, last
end

local function piece(least, what)
  return { type = "string", minLength = least, maxLength = WRITE_MAX, description = what }
end

-- Not repeatable: done twice, they are not done once.
tools.define("file_edit", {
  description = "Replaces one piece of a file's text by another; the piece must be in it once.",
  parameters = { type = "object", required = { "path", "old", "new" }, additionalProperties = false,
    properties = { path = name, old = piece(1, "The piece, as it stands there."),
                   new = piece(0, "What is to stand there.") } },
  risk = "high", timeout_ms = 30000,
}, function(call)
  local args = call.arguments
  return changed(call, #args.new, function(text)
    local first, last = only_place(text, args.old)
    if not first then return nil, last end
    return text:sub(1, first - 1) .. args.new .. text:sub(last + 1)
  end)
end)

tools.define("file_append", {
  description = "Adds text at the end of a file.",
  parameters = { type = "object", required = { "path", "content" }, additionalProperties = false,
    properties = { path = name, content = piece(1, "What to add.") } },
  risk = "high", timeout_ms = 30000,
}, function(call)
  local content = call.arguments.content
  return changed(call, #content, function(text) return text .. content end)
end)

return {}
