-- scripts/gateway/skills/pack.lua -- which of the files that came are a skill, and what they are together.  Pure.
-- A name may mean the same file to every system, or the skill is refused: nothing that climbs, no links (those who read
-- archives and directories refuse them), no signs that only look like letters, and no two names that some file system,
-- or some reader, would take for one.

local crypto = require "human.crypto"
local limits = require "gateway.rules.skills"
local texts = require "agent.texts"
local unicode = require "unicode"

local M = {}

M.BODY, M.MANIFEST, M.FLAT = "SKILL.md", "manifest.json", ".skill.json"

-- Left by programs that nobody means to send.
local LITTER = { [".git"] = true, ["__MACOSX"] = true, [".DS_Store"] = true }
local SHOWN_BYTES, SHOWN_NAMES = 80, 8

local function shown(name) return "'" .. texts.valid(name:sub(1, SHOWN_BYTES)):gsub("[%c\127]", "?") .. "'" end

--- The text without what cannot be seen: format characters, tags, controls of direction, C1.
function M.visible(text)
  if not text:find "[\128-\255]" then return text end
  return (text:gsub("\226\128[\139-\143\168-\174]", ""):gsub("\226\129[\160-\175]", ""):gsub("\239\187\191", "")
    :gsub("\243\160[\128-\135][\128-\191]", ""):gsub("\194[\128-\159\173]", ""))
end

--- Whether a part of a path is left out wherever it stands.
function M.is_litter(part) return LITTER[part] or false end

local function is_left_out(path)
  for part in path:gmatch "[^/]+" do
    if LITTER[part] then return true end
  end
  return false
end

-- Where the first sign beyond ASCII is that is in no word, or nil.
local function strange_at(path)
  if not path:find "[\128-\255]" then return nil end
  local words, at = unicode.words(path), 1
  for i = 1, words.n + 1 do
    local from = words.from[i] or #path + 1
    local found = path:find("[\128-\255]", at)
    if found and found < from then return found end
    at = (words.to[i] or #path) + 1
  end
  return nil
end

-- What is wrong with a path, or nil.
local function name_problem(path)
  if path == "" or #path > limits.name_bytes then return ("is not 1 to %d bytes long"):format(limits.name_bytes) end
  if texts.valid(path) ~= path then return "is not UTF-8" end
  if path:find "[%c\127\\:*?\"<>|]" then return "has a sign that is not taken in names" end
  local parts = 0
  for part in (path .. "/"):gmatch "([^/]*)/" do   -- linear: it ends with one
    parts = parts + 1
    if part == "" or part == "." or part == ".." then return "leads elsewhere" end
    if part:find "^ " or part:find "[ .]$" then return "has a part that begins or ends with a space or a dot" end
  end
  if parts > limits.depth then return ("has more than %d parts"):format(limits.depth) end
  if M.visible(path) ~= path then return "has a character that cannot be seen" end
  if strange_at(path) then return "has a sign that is no letter, and may look like another one" end
  if unicode.fold(path):find "[%z\1-\31\\]" or #unicode.fold(path) == 0 then return "is not plain" end
  return nil
end

-- Two paths that some system takes for one, or one that is a file to some and a directory to others; or nil.
local function clash(files)
  local is_file = {}
  for _, file in ipairs(files) do
    local key = unicode.fold(file.path)
    if is_file[key] then return shown(is_file[key]) .. " and " .. shown(file.path) .. " may be one name" end
    is_file[key] = file.path
  end
  for _, file in ipairs(files) do
    local key = unicode.fold(file.path)
    for at in key:gmatch "()/" do
      local above = is_file[key:sub(1, at - 1)]
      if above then return shown(above) .. " is a file, and " .. shown(file.path) .. " is below it" end
    end
  end
  return nil
end

-- Where a skill is --------------------------------------------------------------------------------------

local function directory_of(path) return path:match "^(.*)/[^/]*$" or "" end
local function base_of(path) return path:match "^.*/([^/]*)$" or path end

-- The rank of a file that says what a skill is; nil: another file.
local function rank_of(base)
  if base == M.BODY then return 1 end
  if base == M.MANIFEST then return 2 end
  return base:sub(-#M.FLAT) == M.FLAT and 3 or nil
end

-- Such files, those of a directory that is below another one's left out: {{path, dir, rank}, ..}.
local function entries_of(list)
  local found, has = {}, {}
  for _, file in ipairs(list) do
    local rank, dir = rank_of(base_of(file.name)), directory_of(file.name)
    if rank then
      found[#found + 1] = { path = file.name, dir = dir, rank = rank }
      has[dir] = has[dir] or rank < 3
    end
  end
  local out = {}
  for _, entry in ipairs(found) do
    local is_inner, dir = false, entry.dir
    while dir ~= "" and not is_inner do
      dir = directory_of(dir)
      is_inner = has[dir] or false
    end
    if not is_inner then out[#out + 1] = entry end
  end
  table.sort(out, function(a, b)
    if a.rank ~= b.rank then return a.rank < b.rank end
    return a.path < b.path
  end)
  return out
end

-- By what name somebody would ask for it.
local function called(entry)
  if entry.rank == 3 then return base_of(entry.path):sub(1, -#M.FLAT - 1) end
  return base_of(entry.dir)
end

-- The directories of all, and the flat ones, which share a directory, each by itself.
local function choices_of(entries)
  local out, of_dir = {}, {}
  for _, entry in ipairs(entries) do
    if not of_dir[entry.dir] or entry.rank == 3 and of_dir[entry.dir].rank == 3 then
      out[#out + 1] = entry
      of_dir[entry.dir] = entry
    end
  end
  return out
end

-- The one that is meant; or nil and why it is not known.
local function choose(list, name)
  local choices, fitting, names = choices_of(entries_of(list)), {}, {}
  if #choices == 0 then return nil, "there is no SKILL.md, manifest.json or NAME.skill.json in it" end
  if #choices == 1 then return choices[1] end
  for i, entry in ipairs(choices) do
    if called(entry) == name then fitting[#fitting + 1] = entry end
    if i <= SHOWN_NAMES then names[i] = shown(entry.path) end
  end
  if #fitting == 1 then return fitting[1] end
  return nil, ("there are %d skills in it, and the name says not which: %s%s"):format(#choices,
    table.concat(names, ", "), #choices > SHOWN_NAMES and ", .." or "")
end

-- What it is -----------------------------------------------------------------------------------------------

local function is_text(bytes) return not bytes:find "%z" and texts.valid(bytes) == bytes end

-- Its files, by their paths in it.
local function files_of(list, entry)
  local files, prefix = {}, entry.dir == "" and "" or entry.dir .. "/"
  for _, file in ipairs(list) do
    local is_inside = file.name:sub(1, #prefix) == prefix
    if entry.rank == 3 then is_inside = file.name == entry.path end
    if is_inside then files[#files + 1] = { path = file.name:sub(#prefix + 1), bytes = file.bytes } end
  end
  table.sort(files, function(a, b) return a.path < b.path end)
  return files
end

local function size_problem(files)
  local total = 0
  if #files > limits.files then return ("it has %d files; %d are taken"):format(#files, limits.files) end
  for _, file in ipairs(files) do
    if #file.bytes > limits.file_bytes then
      return ("%s has %d bytes; %d are taken"):format(shown(file.path), #file.bytes, limits.file_bytes)
    end
    total = total + #file.bytes
  end
  if total > limits.bytes then return ("its files have %d bytes; %d are taken"):format(total, limits.bytes) end
  return nil
end

--- The hash of files {path, sha256}: of the lines that `sha256sum` prints for them, in the order of their paths' bytes.
function M.hash(files)
  local lines = {}
  for i, file in ipairs(files) do lines[i] = file.sha256 .. "  " .. file.path .. "\n" end
  return crypto.sha256_hex(table.concat(lines))
end

--- The skill among files {{name, bytes}, ..}: {entry (the path of the file that says what it is), files = {{path,
--- bytes, sha256, is_text}, ..}, hash, bytes}; or nil and why there is none.  name: which one is meant, or nil.
function M.read(list, name)
  local kept = {}
  for _, file in ipairs(list) do
    if not is_left_out(file.name) then kept[#kept + 1] = file end
  end
  local entry, why = choose(kept, name)
  if not entry then return nil, why end
  local files = files_of(kept, entry)
  local problem = size_problem(files)
  for _, file in ipairs(files) do
    local wrong = not problem and name_problem(file.path)
    if wrong then problem = "the name " .. shown(file.path) .. " " .. wrong end
  end
  problem = problem or clash(files)
  if problem then return nil, problem end
  local total = 0
  for _, file in ipairs(files) do
    file.sha256, file.is_text, total = crypto.sha256_hex(file.bytes), is_text(file.bytes), total + #file.bytes
  end
  return { entry = base_of(entry.path), files = files, hash = M.hash(files), bytes = total }
end

return M
