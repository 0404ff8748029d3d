-- host/lua/core/send_body.lua -- bodies of outbound requests that are not one text: files, and forms with files.
-- C gets a list of texts and files, and reads the files while it sends them (host/fetch/fetchbody.c).

local blame = require "human.core.blame"
local host = require "human.core.host"

local M = {}
local FORM_PARTS = 100
local weak = { __mode = "k" }
local roots = setmetatable({}, weak)             -- root of human.files -> {directory, name}
local files = setmetatable({}, weak)             -- file of an upload -> {directory, name, name in messages}

--- Registers a root: files below it can be sent as {root = , name = }.
function M.add_root(root, directory, name) roots[root] = { directory, name } end

--- Registers a file, or its new place.
function M.add_file(file, directory, name, called) files[file] = { directory, name, called } end

-- A file as C expects it.
local function file_of(v, what)
  local known = files[v]
  if known then return known end
  local root = type(v) == "table" and roots[v.root]
  if not root or type(v.name) ~= "string" then
    blame.refuse("fetch: " .. what .. " must be a text, {root = files.root(..), name = ..}, or a file of an upload")
  end
  return { root[1], v.name, root[2] .. "/" .. v.name }
end

-- ---- forms ------------------------------------------------------------------------------------------

-- Escapes in quoted names, as browsers write them.
local ESCAPED = { ['"'] = "%22", ["\r"] = "%0D", ["\n"] = "%0A" }
local function quoted(text) return '"' .. text:gsub('["\r\n]', ESCAPED) .. '"' end

local function want_text(value, what)
  if type(value) == "string" or value == nil then return value end
  blame.refuse("fetch: " .. what .. " must be a string")
end

local function head_of(part, boundary)
  local name = want_text(part.name, "the name of a part") or blame.refuse("fetch: a part of a form needs a name")
  local filename, kind = want_text(part.filename, "filename"), want_text(part.type, "type")
  if part.file then
    filename = filename or part.file.filename or files[part.file] and "file" or part.file.name:gsub("^.*/", "")
    kind = kind or part.file.content_type or "application/octet-stream"
  end
  if kind and kind:find "%c" then blame.refuse("fetch: the type of a part has a control character in it") end
  return table.concat {
    "--", boundary, "\r\nContent-Disposition: form-data; name=", quoted(name),
    filename and "; filename=" .. quoted(filename) or "",
    kind and "\r\nContent-Type: " .. kind or "",
    "\r\n\r\n",
  }
end

-- Joins consecutive texts.
local function writer()
  local parts, texts = {}, {}
  local w = {}
  function w.text(text) texts[#texts + 1] = text end
  function w.flush()
    if #texts > 0 then parts[#parts + 1] = table.concat(texts) end
    texts = {}
    return parts
  end
  function w.file(file)
    w.flush()
    parts[#parts + 1] = file
  end
  return w
end

local function form_of(form, boundary)
  if type(form) ~= "table" or #form == 0 then blame.refuse("fetch: form must be a list of parts") end
  if #form > FORM_PARTS then blame.refuse("fetch: form has more than " .. FORM_PARTS .. " parts") end
  local w = writer()
  for _, part in ipairs(form) do
    if type(part) ~= "table" then blame.refuse("fetch: a part of a form is {name, value or file}") end
    local file = part.file ~= nil and file_of(part.file, "the file of a part")
    w.text(head_of(part, boundary))
    if file then w.file(file) else w.text(want_text(part.value, "the value of a part") or "") end
    w.text "\r\n"
  end
  w.text("--" .. boundary .. "--\r\n")
  return w.flush()
end

local function hex(bytes) return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end

--- The text of a request's body, or nil and a list of texts and files; nil if there is none.  For a form also its
--- Content-Type.
function M.of(request)
  local body, form = request.body, request.form
  if form ~= nil then
    if body ~= nil then blame.refuse("fetch: a request has a body or a form") end
    local boundary = "human-" .. hex(host.random(16))
    return nil, form_of(form, boundary), "multipart/form-data; boundary=" .. boundary
  end
  if body == nil or type(body) == "string" then return body end
  return nil, { file_of(body, "body") }
end

return M
