-- host/lua/pg/migration_files.lua -- lists the migrations of a bundle and checks their numbers.
-- Files are AREA/migrations/NNNN_name.sql.  Numbers are unique across the tree, and each area has a range of them
-- (scripts/migrations.lua), so that areas grow independently; within a range they only go up.

local host = require "human.core.host"
local origin = require "human.scripts.provenance"

local M = {}
local RANGES = "migrations.lua"
local MAX = 999999999                            -- the largest number that schema_migrations can hold

M.LOCAL = 9000                                   -- numbers from here on belong to operators
local LOCAL_RANGE = { M.LOCAL, MAX }

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function is_whole(v) return type(v) == "number" and v >= 0 and v <= MAX and v == math.floor(v) end

local function check_ranges(name, ranges)
  if type(ranges) ~= "table" then error(name .. ": must return a table", 0) end
  for area, range in pairs(ranges) do
    local from, to = unpack(type(range) == "table" and range or {})
    if not (is_whole(from) and is_whole(to)) or from > to or to >= M.LOCAL then
      error(("%s: %s needs {first, last} below %d"):format(name, tostring(area), M.LOCAL), 0)
    end
    for other, b in pairs(ranges) do
      local same = b[1] == from and b[2] == to   -- areas may share one range
      if is_whole(b[1]) and is_whole(b[2]) and not same and from <= b[2] and b[1] <= to then
        error(("%s: the ranges of %s and %s overlap"):format(name, tostring(area), tostring(other)), 0)
      end
    end
  end
  return ranges
end

-- area -> {first, last}.  The file is data: it runs in an empty environment.
local function read_ranges(gen, from)
  local text = host.bundle_file(gen, RANGES)
  if not text then return {} end
  local name = from:full_name(RANGES)
  local chunk, err = load(text, "@" .. from:name(RANGES), "t", {})
  if not chunk then error(err, 0) end
  local ok, ranges = pcall(chunk)
  if not ok then error(tostring(ranges), 0) end
  return check_ranges(name, ranges)
end

-- "gateway" of gateway/migrations/.. and of api/gateway/migrations/..
local function area_of(folder)
  return folder:match "^api/([^/]+)" or folder:match "^[^/]+"
end

local function titled(number) return ("%04d"):format(number) end

local function place(file, ranges)
  local range = ranges[file.area] or LOCAL_RANGE
  if file.number >= range[1] and file.number <= range[2] then return range end
  error(("%s: migrations of %s have numbers from %s%s (%s)"):format(file.path, file.area, titled(range[1]),
    range == LOCAL_RANGE and " up" or " to " .. titled(range[2]), RANGES), 0)
end

local function parse(gen, from, path)
  local folder, base = path:match "^(.-)/?migrations/(.*)$"
  local number, name = base:match "^(%d%d%d%d+)_([%w_]+)%.sql$"
  if not number or #number > 9 then
    error(from:full_name(path) .. ": a migration is called NNNN_name.sql, with letters, digits and _", 0)
  end
  if folder == "" then error(from:full_name(path) .. ": a migration belongs into AREA/migrations", 0) end
  local text = host.bundle_file(gen, path)
  return { number = tonumber(number), name = name, area = area_of(folder), path = from:full_name(path), text = text,
           sha256 = hex(host.sha256(text)) }
end

--- The migrations of bundle `gen`, sorted: {{number, name, area, path, text, sha256, range = {first, last}}, ..}.
--- Raises "path: why" if a number is out of range, used twice, or missing in a name.
function M.read(gen)
  local list, seen, from = {}, {}, origin.read(gen)
  local ranges = read_ranges(gen, from)
  for _, path in ipairs(host.bundle_list(gen)) do
    if path:find "%.sql$" and ("/" .. path):find "/migrations/" then
      local file = parse(gen, from, path)
      file.range = place(file, ranges)
      local other = seen[file.number]
      if other then
        error(("%s: number %s is taken by %s"):format(file.path, titled(file.number), other.path), 0)
      end
      seen[file.number], list[#list + 1] = file, file
    end
  end
  table.sort(list, function(a, b) return a.number < b.number end)
  return list
end

--- Raises if a file is pending in a database (done: number -> row) that has had a later one of its range: a new
--- database would apply them in the opposite order.
function M.check_order(file, done)
  local last
  for number in pairs(done) do
    if number > file.number and number <= file.range[2] and number > (last or 0) then last = number end
  end
  if not last then return end
  error(("%s: comes too late: this database has had %s_%s, which is above it in the range from %s; give it a number "
    .. "above %s"):format(file.path, titled(last), done[last].name, titled(file.range[1]), titled(last)), 0)
end

return M
