-- host/lua/files.lua -- files below a few directories, for scripts.
-- A root has a name; scripts read and write below its directory only, and no name and no link leads out of it.
-- Threads of the host do the work (host/core/files.c): a call awaits, and blocks nobody else.
-- When a file operation fails, each function returns nil, a sentence with the name in it, and a code.

local archive = require "archive"
local beyond = require "human.core.beyond"
local host = require "human.core.host"
local sched = require "human.core.sched"
local send_body = require "human.core.send_body"

local M = {}
local Root = {}
local directories = setmetatable({}, { __mode = "k" })
local function member(root, key)
  if key == "dir" then return directories[root].path end
  return Root[key]
end
local root_mt = { __index = member, __metatable = "root",
                  __newindex = function() error("a root of files is read-only", 2) end }

local FILE = host.FILE
local MB = 1048576
local READ_MAX, WRITE_MAX, LIST_MAX = 64 * MB, 64 * MB, 10000
local READ_BYTES = 16 * MB                       -- unless a script says otherwise
local FULL, INVAL = host.E.FULL, host.E.INVAL
local ROOTS = { workspace = true, skills = true, uploads = true, releases = true }
local roots = {}

local WHY = {
  [FILE.NONE] = { "not_found", "is not there" },
  [FILE.EXISTS] = { "exists", "is there already" },
  [FILE.DIRECTORY] = { "is_directory", "is a directory" },
  [FILE.NO_DIRECTORY] = { "not_directory", "is no directory, or a part of its path is none" },
  [FILE.NOT_EMPTY] = { "not_empty", "is not empty" },
  [FILE.LINK] = { "link", "is a link, or behind one" },
  [FILE.LARGE] = { "too_large", "is too large" },
  [FILE.FULL] = { "no_space", "does not fit on the disk" },
  [FILE.FORBIDDEN] = { "forbidden", "may not be used by this process" },
}

-- Roots -----------------------------------------------------------------------------------------------

local function directory_of(name)
  local conf = host.conf()
  local path = conf.files and conf.files[name] or ""
  if path == "" then return conf.home .. "/" .. name end
  if path:sub(1, 1) == "/" then return path end
  return conf.home .. "/" .. path
end

--- The root "workspace", "skills", "uploads" or "releases": a directory of that name in the home, or what files.<name>
--- in the settings says.  root.dir is its path; its methods are below.
function M.root(name)
  if not ROOTS[name] then
    error("files.root: there is no root '" .. tostring(name) .. "', only workspace, skills, uploads and releases", 2)
  end
  if not roots[name] then
    roots[name] = setmetatable({}, root_mt)
    directories[roots[name]] = { name = name, path = directory_of(name) }
    send_body.add_root(roots[name], directory_of(name), name)
  end
  return roots[name]
end

--- An absolute directory of this machine: its read, list and stat are those of a root, and it cannot be changed.  For
--- paths that the operator names, never for a stranger's.
function M.directory(path)
  if type(path) ~= "string" or path:sub(1, 1) ~= "/" then error("files.directory: the path must be absolute", 2) end
  local root = setmetatable({}, root_mt)
  directories[root] = { name = path, path = path, is_foreign = true }
  return root
end

local function directory(root, method)
  return directories[root] or error(method .. ": call it with a colon, on what files.root gave", 3)
end

local function check_name(name, method, may_be_root)
  if type(name) == "string" or name == nil and may_be_root then return name or "" end
  error(method .. ": the name must be a string", 3)
end

-- Work ------------------------------------------------------------------------------------------------

local function problem(root, name, code, text) return nil, root.name .. "/" .. name .. " " .. text, code end

local function only_looks(what)
  return what == FILE.READ or what == FILE.LIST or what == FILE.STAT or what == FILE.RUNNING
end

-- Does `work` on `name` in C: its data, or nil and the error.
local function run(root, name, work)
  work.root, work.name = root.path, name
  if not only_looks(work.what) then
    if root.is_foreign then error("files: " .. root.name .. " may only be read", 3) end
    beyond "files"
  end
  local status, data = sched.await(host.file(sched.owner(), work))
  if status == FILE.OK then return data end
  if status == INVAL then return problem(root, name, "bad_name", "is no name for a file here") end
  if status == FULL then return problem(root, name, "busy", "must wait: too much is being written") end
  local why = WHY[status]
  if why then return problem(root, work.about or name, why[1], why[2]) end
  return problem(root, name, "failed", "failed: " .. (data ~= "" and data or host.error_name(status)))
end

local function bounded(value, default, max, method, what)
  if value == nil then return default end
  if type(value) ~= "number" or value < 0 or value > max then
    error(("%s: %s must be a number from 0 to %d"):format(method, what, max), 3)
  end
  return value
end

--- The bytes of a file.  options: max (bytes, 16 MB; at most 64 MB).
function Root:read(name, options)
  local root = directory(self, "read")
  name = check_name(name, "read")
  local max = bounded(options and options.max, READ_BYTES, READ_MAX, "read", "max")
  return run(root, name, { what = FILE.READ, max = max })
end

--- Writes a file (at most 64 MB) whole or not at all, even if the power fails; true.  options: new = true (fails if the
--- name exists).  Its directory must exist.
function Root:write(name, bytes, options)
  local root = directory(self, "write")
  name = check_name(name, "write")
  if type(bytes) ~= "string" then error("write: the contents must be a string", 2) end
  if #bytes > WRITE_MAX then return problem(root, name, "too_large", "is too large") end
  local flags = options and options.new and FILE.NEW or 0
  local done, why, code = run(root, name, { what = FILE.WRITE, flags = flags, data = bytes })
  return done and true, why, code
end

--- The entries of a directory (at most 10,000; of the root itself without a name), by name: {{name, kind = "file",
--- "directory", "link" or "other", size, changed_at (Unix time)}, ..}.
function Root:list(name)
  local root = directory(self, "list")
  name = check_name(name, "list", true)
  local data, why, code = run(root, name, { what = FILE.LIST, max = LIST_MAX })
  if not data then return nil, why, code end
  local list = host.unpack(data)
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

--- {kind, size, changed_at} of a file, a directory or a link.
function Root:stat(name)
  local root = directory(self, "stat")
  name = check_name(name, "stat", true)
  local data, why, code = run(root, name, { what = FILE.STAT })
  if not data then return nil, why, code end
  return host.unpack(data)
end

--- Removes a file or an empty directory; true.  options: all = true (also a directory with all its contents).
function Root:remove(name, options)
  local root = directory(self, "remove")
  name = check_name(name, "remove")
  local flags = options and options.all and FILE.ALL or 0
  local done, why, code = run(root, name, { what = FILE.REMOVE, flags = flags })
  return done and true, why, code
end

--- Makes a directory and its parents; true, also when it exists.
function Root:mkdir(name)
  local root = directory(self, "mkdir")
  local done, why, code = run(root, check_name(name, "mkdir"), { what = FILE.MKDIR })
  return done and true, why, code
end

--- Moves or renames a file or directory; true.  options: replace = true (an existing file), root (another one, on
--- the same disk).
function Root:move(from, to, options)
  local root = directory(self, "move")
  local other = options and options.root and directory(options.root, "move") or root
  from, to = check_name(from, "move"), check_name(to, "move")
  local flags = options and options.replace and FILE.REPLACE or 0
  local done, why, code = run(root, from, { what = FILE.MOVE, flags = flags, to_root = other.path, to = to,
                                            about = from .. " or " .. to })
  return done and true, why, code
end

--- The name below the root of the program that runs; or nil, where it is somewhere else.
function Root:running()
  return run(directory(self, "running"), "", { what = FILE.RUNNING })
end

--- Makes the link `current` lead to a directory, whose file `human` may be executed from then on, and `previous` to
--- where it led: at once, and with all of the directory on the disk before; true.
function Root:switch(name)
  local root = directory(self, "switch")
  local done, why, code = run(root, check_name(name, "switch"), { what = FILE.SWITCH, about = name .. "/human" })
  return done and true, why, code
end

--- Answers a request with a file, as the last step of a g:get handler: true.  The host sends it, with ranges and 304.
--- options: type ("application/pdf"; default: bytes), filename (to save it as), inline = true (the browser shows it,
--- but runs none of its scripts; default: saves it).  The route's reply has {[200] = s.raw(type)}.
function Root:send(ctx, name, options)
  local root = directory(self, "send")
  name = check_name(name, "send")
  if not host.file_name_ok(name) then return problem(root, name, "bad_name", "is no name for a file here") end
  local status = require("human.http.file_answer").send(ctx, root.path, name, options)
  if status == 200 then return true end
  if status < 0 then return problem(root, name, "busy", "cannot be opened now") end
  return problem(root, name, "not_found", "is not there")
end

-- Archives --------------------------------------------------------------------------------------------

local function inflate(bytes, from, max)
  local text = host.inflate("raw", bytes:sub(from), max)
  return text, text == nil and "is damaged" or nil
end

local function gunzipped(bytes, limits)
  if bytes:sub(1, 2) ~= "\31\139" then return bytes end
  local max = math.min(limits.max_bytes + limits.max_entries * 2048,
    math.max(limits.free_bytes, #bytes * limits.max_ratio))
  local text, e = host.inflate("gzip", bytes, max)
  if text then return text end
  return nil, e == host.E.LIMIT and "is too large unpacked" or "is no gzip"
end

-- {name, bytes or false, ..}, as C expects them; or nil and the reason.
local function entries_of(bytes, limits)
  local text, why = gunzipped(bytes, limits)
  if not text then return nil, why end
  local entries, refusal = archive.read(text, limits)
  if not entries then return nil, refusal end
  local list, unpacked = {}, 0
  for _, entry in ipairs(entries) do
    local contents
    if entry.kind == "file" then contents, why = entry.read() else contents = false end
    if contents == nil then return nil, entry.name .. " " .. tostring(why) end
    list[#list + 1] = (entry.name:gsub("/$", ""))
    list[#list + 1] = contents
    unpacked = unpacked + #(contents or "")
    if unpacked >= MB then                       -- by bytes: a wait for each entry would be more than a task has
      unpacked = 0
      sched.sleep(0)
    end
  end
  return list
end

local LIMITS = { max_entries = 1000, max_bytes = 32 * MB, max_ratio = 200, free_bytes = MB, max_name = 1024,
                 max_depth = 32 }

local function limits_of(given)
  local limits = {}
  for name, value in pairs(LIMITS) do limits[name] = value end
  for name, value in pairs(given or {}) do
    if not LIMITS[name] then error("files.unpack: there is no limit '" .. tostring(name) .. "'", 3) end
    limits[name] = bounded(value, nil, name == "max_bytes" and WRITE_MAX or 1e6, "files.unpack", name)
  end
  limits.inflate = inflate
  return limits
end

--- The files of a tar, gzipped tar or zip that is refused like one of files.unpack: {{name, bytes}, ..} in its order.
--- limits: as there.  only(name), optional: the name that an entry is to have, or nil for one that is left out.
--- Awaits.
function M.entries(bytes, limits, only)
  limits = limits_of(limits)
  limits.only = only
  local list, why = entries_of(bytes, limits)
  if not list then return nil, "the archive " .. why, "bad_archive" end
  local out = {}
  for i = 1, #list, 2 do
    if list[i + 1] then out[#out + 1] = { name = list[i], bytes = list[i + 1] } end
  end
  return out
end

--- Unpacks a tar, gzipped tar or zip into `dir`, a new directory of a root: all of it or nothing.  source: its bytes,
--- or {root = , name = } of a file.  limits: max_entries (1,000), max_bytes (of all, unpacked: 32 MB, at most 64),
--- max_ratio (200, for what unpacks to more than free_bytes, 1 MB), max_name, max_depth.  An archive with links,
--- devices, or names that lead out of it is refused.  Returns the number of entries.
function M.unpack(source, root, dir, limits)
  local to, why, code = directory(root, "files.unpack"), nil, nil
  dir, limits = check_name(dir, "files.unpack"), limits_of(limits)
  if type(source) == "table" then source, why, code = source.root:read(source.name, { max = READ_MAX }) end
  if not source then return nil, why, code end
  if type(source) ~= "string" then error("files.unpack: the source must be bytes, or {root = , name = }", 2) end
  local list
  list, why = entries_of(source, limits)
  if not list then return nil, "the archive " .. why, "bad_archive" end
  local done
  done, why, code = run(to, dir, { what = FILE.TREE, data = host.pack(list) })
  if not done then return nil, why, code end
  return #list / 2
end

return M
