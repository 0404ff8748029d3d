-- rocks/archive/entries.lua -- what an archive may contain: names that stay inside, no duplicates, limits on
-- everything. One bad entry makes the whole archive invalid: half of a malicious archive is still malicious.

local M = {}

local find, gsub, sub = string.find, string.gsub, string.sub

local function fail(why) error(why, 0) end

local function is_utf8(text)
  local rest = gsub(text, "[\1-\127]+", "")
  rest = gsub(rest, "[\194-\223][\128-\191]", "")
  rest = gsub(rest, "[\224-\239][\128-\191][\128-\191]", "")
  rest = gsub(rest, "[\240-\244][\128-\191][\128-\191][\128-\191]", "")
  return rest == "" and not find(text, "\224[\128-\159]") and not find(text, "\237[\160-\191]")
    and not find(text, "\240[\128-\143]") and not find(text, "\244[\144-\191]")
end

local function shown(name) return "'" .. gsub(sub(name, 1, 80), "[^ -~]", "?") .. "'" end

-- The parts of a path relative to the target directory, without "." and empty ones.
local function parts_of(path, limits)
  if #path > limits.max_name then fail("a name is longer than " .. limits.max_name .. " bytes") end
  if path == "" then fail "a name is empty" end
  if find(path, "[%z\1-\31\127\\]") then
    fail("the name " .. shown(path) .. " has a control character or a backslash")
  end
  if find(path, "^/") or find(path, "^%a:") then fail("the name " .. shown(path) .. " is absolute") end
  if not is_utf8(path) then fail("the name " .. shown(path) .. " is not UTF-8") end
  local parts = {}
  for part in path:gmatch "[^/]+" do
    if part == ".." then fail("the name " .. shown(path) .. " leads outside") end
    if #part > 255 then fail("the name " .. shown(path) .. " has a part of more than 255 bytes") end
    if part ~= "." then parts[#parts + 1] = part end
  end
  if #parts > limits.max_depth then fail("the name " .. shown(path) .. " has too many parts") end
  return parts
end

--- A list that entries are added to.
function M.new(limits) return { limits = limits, list = {}, kinds = {}, total = 0 } end

-- Every parent of an entry is a directory, and only directories may be named twice.
local function claim(entries, parts, kind)
  local path = ""
  for i, part in ipairs(parts) do
    path = path .. (i > 1 and "/" or "") .. part
    local is, wanted = entries.kinds[path], i < #parts and "directory" or kind
    if is and not (is == "directory" and wanted == "directory") then fail(shown(path) .. " is there twice") end
    entries.kinds[path] = wanted
  end
  return path
end

-- The name by which limits.only wants an entry, or nil: it is left out, whatever it is.
local function wanted(entry, limits)
  if not limits.only then return entry.name end
  return limits.only(entry.name)
end

--- Adds {name, kind = "file" | "directory", size, ...} and normalises its name.  The archive's root directory is left
--- out.
function M.add(entries, entry)
  local limits = entries.limits
  entries.count = (entries.count or 0) + 1
  if entries.count > limits.max_entries then fail("it has more than " .. limits.max_entries .. " entries") end
  entry.name = wanted(entry, limits)
  if not entry.name then return end
  if entry.kind ~= "file" and entry.kind ~= "directory" then
    fail(shown(entry.name) .. " is a " .. entry.kind .. ", which is not taken")
  end
  local parts = parts_of(entry.name, limits)
  if #parts == 0 then
    if entry.kind == "file" then fail "a name is empty" end
    return
  end
  if entry.kind == "file" and find(entry.name, "/%.?$") then
    fail(shown(entry.name) .. " is a file with the name of a directory")
  end
  entries.total = entries.total + entry.size
  if entries.total > limits.max_bytes then fail("it unpacks to more than " .. limits.max_bytes .. " bytes") end
  entry.name = claim(entries, parts, entry.kind)
  entries.list[#entries.list + 1] = entry
end

return M
