-- scripts/gateway/skills/source.lua -- reads the bytes of a skill, from an address or a path of this host, and runs
-- nothing.
-- An address is on the public web: the guard of human.fetch judges each step of a redirect anew (https, and no
-- address of this network except those of egress.allow), and so do the checks here. Only the operator may name a
-- path.

local config = require "human.config"
local fetch = require "human.fetch"
local files = require "human.files"
local limits = require "gateway.rules.skills"
local pack = require "gateway.skills.pack"
local task = require "human.task"
local uri = require "jsonschema.uri"
local cut = require("human.text").cut
local addresses = require "gateway.web_address"

local M = {}

local URL_BYTES = 2000
local REDIRECTS = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }
local REFS = 3                                   -- parts of a GitHub address that may be the name of a branch

-- What is wrong with an address, or nil.
local function url_problem(url)
  local address, why = addresses.read(url, URL_BYTES)
  return not address and why or nil
end

-- Downloading --------------------------------------------------------------------------------------------

local function refused(err)
  local why = { denied = "it is not public, or not https", too_large = "it is larger than %d bytes",
                timeout = "it takes too long" }
  local fact = err.code == "too_large" and limits.packed_bytes or err.code
  return (why[err.code] or "it cannot be reached (%s)"):format(fact)
end

-- In words: a client takes a number such as 401 for an answer about itself.
local function status_problem(status)
  if status == 401 or status == 403 then return "the server does not let us have it" end
  if status == 404 or status == 410 then return "there is nothing at the address", "gone" end
  if status == 429 then return "the server was asked too often" end
  return ("the server answers with status %d"):format(status)
end

local function look(url, until_at)
  local left = until_at - task.clock()
  if left <= 0.05 then return nil, "it takes too long" end
  local answer, err = fetch { url = url, guard = true, timeout_s = left, max_bytes = limits.packed_bytes,
                              headers = { accept = "*/*", ["accept-encoding"] = "identity" } }
  if not answer then return nil, refused(err) end
  return answer
end

--- The bytes at an address, through at most limits.redirects redirects, until task.clock() is until_at.  Or nil, why
--- not, and "gone" when there is nothing.  Awaits.
function M.download(url, until_at)
  for _ = 0, limits.redirects do
    local address, problem = addresses.read(url, URL_BYTES)
    if not address then return nil, problem end
    url = address.url
    local answer, why = look(url, until_at)
    if not answer then return nil, why end
    local to = REDIRECTS[answer.status] and answer.headers.location
    if answer.status == 200 then return answer.body end
    if not to then return nil, status_problem(answer.status) end
    url = uri.resolve((url:gsub("#.*$", "")), cut(to, URL_BYTES + 1))
  end
  return nil, "it is redirected too often"
end

-- Reading what came ------------------------------------------------------------------------------------------

local ARCHIVE = { max_ratio = limits.ratio, max_name = 1024, max_depth = 32 }

local function entries(bytes, only)
  local bounds = { max_entries = only and limits.archive_entries or 4 * limits.files,
                   max_bytes = only and limits.archive_bytes or limits.bytes }
  for name, value in pairs(ARCHIVE) do bounds[name] = value end
  return files.entries(bytes, bounds, only)
end

local function is_archive(bytes, name)
  return bytes:find "^PK[\3\5]" or bytes:find "^\31\139" or name:find "%.tar$" or bytes:sub(258, 262) == "ustar"
end

-- The files in what came from an address or a file of that name: {{name, bytes}, ..}.
local function opened(bytes, name)
  if is_archive(bytes, name) then return entries(bytes) end
  if bytes:find "^%s*{" then
    local base = name:match "^.*/([^/]*)$" or name
    return { { name = base:sub(-#pack.FLAT) == pack.FLAT and base or pack.MANIFEST, bytes = bytes } }
  end
  return { { name = pack.BODY, bytes = bytes } }
end

-- GitHub -------------------------------------------------------------------------------------------------------

-- {owner, repo, rest}: of https://github.com/OWNER/REPO[/tree|blob/REF/PATH]; nil: another address.
local function github(url)
  local owner, repo, rest = url:match "^https://github%.com/([%w.-]+)/([%w._-]+)([^?#]*)"
  if not owner then return nil end
  local kind, parts = rest:match "^/(%l+)/(.+)$"
  if rest == "" or rest == "/" then return { owner = owner, repo = repo:gsub("%.git$", ""), parts = {} } end
  if kind ~= "tree" and kind ~= "blob" then return nil end
  if kind == "blob" and not parts:find "/SKILL%.md$" then return nil end
  local list = {}
  for part in parts:gmatch "[^/]+" do list[#list + 1] = part end
  if kind == "blob" then list[#list] = nil end
  return { owner = owner, repo = repo, parts = list }
end

local function decoded(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- The name of an entry within `path` of the repository, whose archive has all below one directory.
local function within(path)
  local prefix = path == "" and "" or path .. "/"
  return function(name)
    local inner = name:match "^[^/]+/(.*)$"
    if not inner or inner:sub(1, #prefix) ~= prefix then return nil end
    inner = inner:sub(#prefix + 1)
    return inner ~= "" and inner or nil
  end
end

-- A branch may have slashes in its name: the first parts are tried as one, then one more.
local function from_github(at, until_at)
  local bytes, why, gone
  for n = 1, math.max(1, math.min(REFS, #at.parts)) do
    local ref = at.parts[1] and table.concat(at.parts, "/", 1, n) or "HEAD"
    bytes, why, gone = M.download(("%s/%s/%s/tar.gz/%s"):format(config.skills.github_archives, at.owner, at.repo, ref),
      until_at)
    if bytes then
      return entries(bytes, within(decoded(table.concat(at.parts, "/", at.parts[1] and n + 1 or 1))))
    end
    if gone ~= "gone" then break end
  end
  return nil, why
end

-- Paths ------------------------------------------------------------------------------------------------------------

-- Adds the files below a directory; a reason when it may not be read.
local function walk(root, name, list, depth)
  list.directories = (list.directories or 0) + 1
  if depth > limits.depth or list.directories > limits.files then return "it has too many directories" end
  local found, why = root:list(name ~= "" and name or nil)
  if not found then return why end
  for _, entry in ipairs(found) do
    local path = (name == "" and "" or name .. "/") .. entry.name
    local problem
    if entry.kind == "directory" and not pack.is_litter(entry.name) then
      problem = walk(root, path, list, depth + 1)
    elseif entry.kind == "file" then
      if #list >= limits.files then return ("it has more than %d files"):format(limits.files) end
      local bytes, no = root:read(path, { max = limits.file_bytes })
      if not bytes then return no end
      list[#list + 1] = { name = path, bytes = bytes }
    elseif entry.kind ~= "directory" then
      problem = path .. " is a link or a device, which is not taken"
    end
    if problem then return problem end
  end
  return nil
end

local function from_path(path)
  local up, base = path:match "^(.*)/([^/]+)/*$"
  if not up then return nil, "the path is not absolute" end
  local root = files.directory(up == "" and "/" or up)
  local is, why = root:stat(base)
  if not is then return nil, why end
  if is.kind == "directory" then
    local list = {}
    local problem = walk(files.directory(path), "", list, 1)
    if problem then return nil, problem end
    for _, file in ipairs(list) do file.name = base .. "/" .. file.name end
    return list
  end
  if is.kind ~= "file" then return nil, base .. " is a link or a device, which is not taken" end
  local bytes, no = root:read(base, { max = limits.packed_bytes })
  if not bytes then return nil, no end
  return opened(bytes, base)
end

--- Whether a source is a path of this host, which only who works on it may name.
function M.is_path(source) return source:find "^/" ~= nil end

--- What is wrong with a source, without a look at it; or nil.
function M.problem(source)
  if M.is_path(source) then return #source > URL_BYTES and "the path is too long" or nil end
  return url_problem(source)
end

--- The files of what is at a source, {{name, bytes}, ..}; or nil and why not.  Awaits until task.clock() is until_at.
function M.files(source, until_at)
  if M.is_path(source) then return from_path(source) end
  local address, no_address = addresses.read(source, URL_BYTES)
  if not address then return nil, no_address end
  source = address.url
  local at = github(source)
  if at then return from_github(at, until_at) end
  local bytes, why = M.download(source, until_at)
  if not bytes then return nil, why end
  return opened(bytes, decoded(source:match "^[^?#]*"))
end

return M
