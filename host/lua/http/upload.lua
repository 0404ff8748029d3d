-- host/lua/http/upload.lua -- bodies that the host writes to disk as they arrive: files, and forms with files.
-- A script gets {filename, content_type, size, sha256 (hex), path} and moves the files that it wants to keep; the rest
-- are deleted with the request.  The request's own timeout is paused until the body has arrived: the host has one
-- for bodies.

local beyond = require "human.core.beyond"
local fail = require "human.fail"
local fields = require "human.http.fields"
local host = require "human.core.host"
local lossy = require "human.core.lossy"
local sched = require "human.core.sched"
local send_body = require "human.core.send_body"

local M = {}
local ANY = "application/octet-stream"
local PARTS_MAX, PATHS_MAX = 100, 32
local PART_ROOM = 4608                           -- bytes of a part besides its data
local FILE_MAX = 16 * 1024 * 1024                -- unless the schema has another
local File = {}
local file_mt = { __index = File }
local homes = setmetatable({}, { __mode = "k" }) -- file -> {req, index}

local CODES = {
  [host.E.LIMIT] = "payload_too_large", [host.E.FULL] = "insufficient_storage", [host.E.TIMEOUT] = "request_timeout",
  [host.E.DOWN] = "service_unavailable", [host.E.INVAL] = "validation_error",
}

--- Is it a file of an upload?
function M.is(v) return getmetatable(v) == file_mt end

--- Moves the file to `path` below a directory: an absolute path, or a root of human.files.  Creates missing
--- directories; follows no link and replaces nothing.  On failure false and a reason.
function File:move(root, path)
  local home = homes[self]
  local dir = type(root) == "table" and root.dir or root
  if type(dir) ~= "string" or dir:sub(1, 1) ~= "/" or type(path) ~= "string" then
    error("file:move wants a root and a path below it", 2)
  end
  beyond "file:move"
  local code, why = sched.await(host.upload_move(sched.owner(), home[1], home[2], dir, path))
  if code >= 0 then
    self.path = (dir:gsub("/$", "")) .. "/" .. path
    send_body.add_file(self, dir, path, path)
    return true
  end
  if code == host.E.GONE then error("file:move: its request is over", 2) end
  return false, why ~= "" and why or "the path is not a path below the root"
end

-- ---- declaring ----------------------------------------------------------------------------------

local function file_max(node) return node.max or FILE_MAX end

local function total_of(files, fields_max)
  local total = fields_max + PARTS_MAX * PART_ROOM
  for _, file in ipairs(files) do total = total + file.max * file.count end
  return total
end

-- The fields that are files, and the names of fields that are lists.
local function form_of(node)
  local files, lists = {}, {}
  for _, field in ipairs(node.fields) do
    local inner = field.schema
    local item = inner.kind == "array" and inner.item or inner
    if inner.kind == "array" then lists[field.name] = true end
    if item.kind == "upload" then
      files[#files + 1] = { name = field.name, max = file_max(item), count = inner ~= item and (inner.max or 10) or 1 }
    end
  end
  if #files > 32 then error("a form has at most 32 fields that are files", 0) end
  return files, lists
end

--- The spec of host.upload for a type of body: a whole file (node.kind "upload"), or a form.  body_max: the route's
--- limit for the whole body, if any.
function M.compile(node, body_max, fields_max)
  if node.kind == "upload" then
    return { lists = {}, spec = { body_max or file_max(node), 0, 0, "" }, boundary = false }
  end
  local files, lists = form_of(node)
  local spec = { body_max or total_of(files, fields_max), fields_max, PARTS_MAX, "" }
  for _, file in ipairs(files) do
    spec[#spec + 1], spec[#spec + 2] = file.name, file.max
  end
  return { lists = lists, spec = spec, boundary = true }
end

--- Records that requests below a route's path must be delivered before their body.
function M.announce(g, path)
  local prefix = path:match "^[^{]*"
  if g.upload_paths[prefix] then return end
  g.upload_paths[prefix], g.upload_paths.n = true, (g.upload_paths.n or 0) + 1
  if g.upload_paths.n > PATHS_MAX then error("at most " .. PATHS_MAX .. " paths may take uploads", 0) end
end

--- Tells the host these paths.
function M.install(g)
  host.upload_paths_clear()
  for prefix in pairs(g.upload_paths) do
    if prefix ~= "n" then host.upload_path(prefix) end
  end
end

-- ---- reading ------------------------------------------------------------------------------------

local function malformed(message)
  fail.throw("validation_error", { message = "body " .. message, details = { { path = "body", message = message } } })
end

-- The boundary of a Content-Type, or nil: none, or more than one.
local function boundary_of(value)
  local found
  for name, quoted, token in (";" .. (value:match ";(.*)$" or "")):gmatch ';%s*([%w%-]+)=("?)([^";]*)' do
    if name:lower() == "boundary" then
      if found then return nil end
      found = quoted == "" and token:match "^[^%s]*" or token
    end
  end
  return found
end

local function spec_for(t, content_type)
  if not t.boundary then return t.spec end
  local spec, boundary = { unpack(t.spec) }, boundary_of(content_type)
  if not boundary or boundary == "" or #boundary > 70 then malformed "has no boundary in its Content-Type" end
  spec[4] = boundary
  return spec
end

-- A client's file name, without directories and without control characters.
local function base_name(text)
  text = text:gsub("^.*[/\\]", ""):gsub("%c", "")
  return text ~= "" and host.utf8_ok(text) and text or nil
end

-- The client's Content-Type, or the default if it is not valid text.
local function type_of(text)
  return text and text ~= "" and host.utf8_ok(text) and text or ANY
end

local function new_file(ctx, kept, index, filename, content_type)
  local hex = kept.sha256:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  local file = setmetatable({
    filename = filename and base_name(filename), content_type = type_of(content_type),
    size = kept.size, sha256 = hex, path = kept.path,
  }, file_mt)
  homes[file] = { ctx.req, index }
  local dir, name = kept.path:match "^(.*)/([^/]+)$"
  send_body.add_file(file, dir, name, file.filename or "the upload")
  return file
end

local function value_of(ctx, part, files)
  if part.file then
    local file = new_file(ctx, files[part.file], part.file, part.filename, part.type)
    file.name = part.name
    return file
  end
  if not host.utf8_ok(part.value) then malformed "has a field that is not UTF-8" end
  return part.value
end

local function fields_of(ctx, t, parts, files)
  local out = {}
  for _, part in ipairs(parts) do
    if not host.utf8_ok(part.name) then malformed "has a name that is not UTF-8" end
    local value = value_of(ctx, part, files)
    if t.lists[part.name] and not out[part.name] then value = { value } end
    fields.add(out, part.name, value)
  end
  return out
end

local function refuse(ctx, code, why)
  if code == host.E.GONE then
    ctx.gone = true
    error(sched.Canceled, 0)
  end
  local name = CODES[code] or error("upload: " .. host.error_name(code), 0)
  why = lossy.utf8(why)                          -- it may quote the client
  if code == host.E.INVAL then malformed(why ~= "" and why or "is not multipart/form-data") end
  fail.throw(name, why ~= "" and { message = "body: " .. why } or nil)
end

-- Starts the request's timeout once the body is complete.
local function start_clock(ctx)
  local route = ctx.route
  ctx.deadline = route.timeout_s and host.now() + route.timeout_s
  sched.deadline(ctx.task, route.timeout_s, route.gen.deadline_fail)
end

local function identity_of(v)
  if M.is(v) then
    return ("%s\0%s\0%s"):format(v.filename or "", v.content_type, v.sha256)
  elseif type(v) ~= "table" then
    return tostring(v)
  end
  local names, parts = {}, {}
  for name in pairs(v) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do parts[i] = name .. "\0" .. identity_of(v[name]) end
  return ("{%s}"):format(table.concat(parts, "\0"))
end

--- A text that identifies the contents of a body on disk.
function M.identity(body) return identity_of(body) end

--- The body of a request that was delivered before it: a file, or {name = text or file}.
function M.read(ctx, t, content_type)
  local spec = spec_for(t, content_type or "")
  sched.deadline(ctx.task, nil)
  local code, data = sched.await(host.upload(sched.owner(), ctx.req, spec))
  start_clock(ctx)
  if code < 0 then refuse(ctx, code, data) end
  local parts, files = unpack(host.unpack(data))
  if t.boundary then return fields_of(ctx, t, parts, files) end
  return new_file(ctx, files[1], 1, nil, content_type)
end

return M
