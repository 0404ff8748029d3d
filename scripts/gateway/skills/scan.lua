-- scripts/gateway/skills/scan.lua -- scans a skill's files for what its reader should know before enabling it.
-- Pure but for pauses. It finds what is written plainly, and proves nothing: a skill without warnings may be harmful.
-- Time is linear in the text, which is read in overlapping pieces; others run between two pieces.

local crypto = require "human.crypto"
local limits = require "gateway.rules.skills"
local pack = require "gateway.skills.pack"
local phrases = require "unicode.phrases"
local task = require "human.task"
local text_of = require "gateway.skills.text"
local unicode = require "unicode"
local words = require "gateway.skills.words"

local M = {}

local PIECE, OVERLAP, LINES = 32768, 1024, 500
local LINE_BYTES, SHOWN_BYTES, PER_FILE = 2000, 120, 3
local BLOB, BLOB_LINES, BLOB_LINE = 200, 4, 56

local book = phrases.book()
for tag, list in pairs(words.phrases) do phrases.add(book, list, tag) end

-- Findings -----------------------------------------------------------------------------------------------

local function line_at(text, at)
  local n = 1
  for found in text:gmatch "()\n" do
    if found >= at then break end
    n = n + 1
  end
  return n
end

-- Adds a warning; of one kind a few in each file.
local function warn(found, code, file, at, excerpt)
  local key = code .. "\0" .. file.path
  found.counts[key] = (found.counts[key] or 0) + 1
  if found.counts[key] > PER_FILE then return end
  if #found.list >= limits.warnings then
    found.is_cut = true
    return
  end
  found.list[#found.list + 1] = {
    code = code, text = words.about[code], path = file.path, line = at and line_at(file.bytes, at) or nil,
    excerpt = excerpt and text_of.line(excerpt, SHOWN_BYTES) or nil,
  }
end

-- Lines ----------------------------------------------------------------------------------------------------

local function has(line, list)
  for _, one in ipairs(list) do
    if line:find(one, 1, true) then return one end
  end
  return nil
end

-- Whether a program that reads commands stands behind one of the line's pipes.
local function pipes_into_shell(line)
  for at in line:gmatch "|%s*()" do                -- linear: bounded line
    local rest = line:sub(at, at + 80)
    for name in rest:gmatch "[^%s|;&\"'`()]+" do
      local base = name:match "^.*/([^/]*)$" or name
      if words.shells[base] then return true end
      if not words.before_shells[base] and not base:find "^%-" and not base:find "=" then break end
    end
  end
  return false
end

local function starts_download(line)
  return has(line, { "$(curl", "$(wget", "`curl", "`wget", "<(curl", "<(wget" })
end

local function check_line(found, file, at, line)
  local low = line:lower()
  local downloads = has(low, words.downloads)
  if downloads and (pipes_into_shell(low) or has(low, words.evaluates)) or starts_download(low) then
    warn(found, "runs_download", file, at, line)
  elseif has(low, words.decodes) and pipes_into_shell(low) then
    warn(found, "runs_decoded", file, at, line)
  end
  local secret = has(low, words.secrets)
  if secret then
    found.secret = found.secret or { file = file, at = at, line = line }
    if low:find("://", 1, true) or has(low, words.sends) then warn(found, "sends_secret", file, at, line) end
  end
  if low:find("!`", 1, true) then warn(found, "inline_command", file, at, line) end
  if has(low, words.collectors) then warn(found, "collector", file, at, line) end
  if has(low, words.sends) then found.sends = true end
  if low:find "https?://%d+%.%d+%.%d+%.%d+" then warn(found, "bare_address", file, at, line) end
end

-- Whether a command goes on in the next line.  A row of a table does not.
local function goes_on(line) return line:find "\\%s?$" or line:find "|%s?$" and not line:find "^%s*|" end

-- Lines of a text, those of one command joined: (where, line).
local function each_line(text, fn)
  local joined, from, paused_at, lines = nil, nil, 0, 0
  for at, line in text:gmatch "()([^\n]*)\n?" do
    lines = lines + 1
    if at - paused_at > PIECE or lines == LINES then
      paused_at, lines = at, 0
      task.sleep(0)
    end
    if #line > LINE_BYTES then
      for i = 1, #line, LINE_BYTES do
        fn(at + i - 1, line:sub(i, i + LINE_BYTES + 200))
        if i % PIECE < LINE_BYTES then task.sleep(0) end
      end
    elseif goes_on(line) and #(joined or "") < LINE_BYTES then
      joined, from = (joined or "") .. line:gsub("\\%s?$", " "), from or at
    else
      fn(from or at, (joined or "") .. line)
      joined, from = nil, nil
    end
  end
  if joined then fn(from, joined) end
end

-- Blobs ------------------------------------------------------------------------------------------------------

local function is_mixed(run) return run:find "%l" and run:find "%u" and run:find "%d" end

-- Long runs of base64 or hex, and what they hide.
local function check_blobs(found, file)
  local same, from = 0, nil
  each_line(file.bytes, function(at, line)
    for run in line:gmatch "[%w+/_-]+=?=?" do      -- linear: a class and what is not in it
      if #run >= BLOB and (is_mixed(run) or run:find "^%x+$") then
        warn(found, "blob", file, at, run)
        local plain = crypto.unbase64(run)
        if plain and not plain:find "%z" then
          local inner = { path = file.path, bytes = plain }
          check_line({ list = found.list, counts = found.counts }, inner, nil, plain:sub(1, LINE_BYTES))
        end
      end
    end
    if #line >= BLOB_LINE and #line < BLOB and line:find "^[%w+/]+=?=?\r?$" and is_mixed(line) then
      same, from = same + 1, from or at
      if same == BLOB_LINES then warn(found, "blob", file, from, line) end
    else
      same, from = 0, nil
    end
  end)
end

-- Signs that cannot be seen ------------------------------------------------------------------------------------

local INVISIBLE = {
  "\226\128[\139\142\143\170-\174]",               -- zero width space, marks and overrides of direction
  "\226\129[\160-\175]",                           -- word joiner, isolates, deprecated format characters
  "\243\160[\128-\129][\128-\191]",                -- tags, in which whole texts are hidden
  "\243\160[\132-\135][\128-\191]",                -- variation selectors beyond those of emoji
  "[%w%p]\226\128[\140\141][%w%p]",                -- joiners between plain letters
  "\194\173",                                      -- soft hyphen
  ".\239\187\191",                                 -- a byte order mark within the text
}

local function check_invisible(found, file)
  if not file.bytes:find "[\128-\255]" then return end
  for _, pattern in ipairs(INVISIBLE) do
    local at = file.bytes:find(pattern)
    if at then return warn(found, "invisible", file, at, file.bytes:sub(math.max(1, at - 40), at + 60)) end
  end
end

-- Words ---------------------------------------------------------------------------------------------------------

-- Letters of two scripts that look alike, in one word: Latin beside Greek or Cyrillic.
local function is_masked(word)
  return word:find "%a" and word:find "[\206-\209][\128-\191]" ~= nil
end

-- What begins in the overlap is the next piece's.
local function check_words(found, file, from, piece)
  local list, keys = unicode.words(piece), {}
  for i = 1, list.n do keys[i] = list:key(i) end
  for i = 1, piece:find "[\206-\209]" and list.n or 0 do
    local first, last = list.from[i], list.to[i]
    if first <= PIECE and is_masked(piece:sub(first, last)) then
      warn(found, "mixed_letters", file, from + first - 1, piece:sub(first, last))
    end
  end
  local told = {}
  phrases.each(book, keys, function(tag, i)
    local at = list.from[i]
    local is_new = told[tag] ~= at
    told[tag] = at
    if is_new and at <= PIECE then warn(found, tag, file, from + at - 1, piece:sub(at, at + SHOWN_BYTES)) end
  end)
  local low = piece:lower()
  for _, mark in ipairs(words.marks) do
    local at = low:find(mark, 1, true)
    if at then warn(found, "forged_turn", file, from + at - 1, piece:sub(at, at + SHOWN_BYTES)) end
  end
end

-- Files ------------------------------------------------------------------------------------------------------------

local PROGRAMS = { "^\127ELF", "^MZ", "^\207\250\237\254", "^\206\250\237\254", "^\202\254\186\190", "^%zasm" }

local function is_program(bytes)
  for _, pattern in ipairs(PROGRAMS) do
    if bytes:find(pattern) then return true end
  end
  return false
end

local function check_front(found, file)
  local front = file.bytes:match "^%-%-%-[ \t]*\r?\n(.*)"
  local last = front and front:find("\n---", 1, true)
  if not last then return end
  local what = has(front:sub(1, last):lower(), words.front_shell)
  if what then warn(found, "front_shell", file, nil, what) end
end

local function check_file(found, file)
  if is_program(file.bytes) then return warn(found, "program", file) end
  if not file.is_text then return warn(found, "binary", file) end
  if file.path == pack.BODY then check_front(found, file) end
  each_line(file.bytes, function(at, line) check_line(found, file, at, line) end)
  check_blobs(found, file)
  check_invisible(found, file)
  for from = 1, #file.bytes, PIECE do
    check_words(found, file, from, file.bytes:sub(from, from + PIECE + OVERLAP - 1))
    task.sleep(0)
  end
end

-- Hosts that a skill names: at most 50, sorted.
local function hosts_of(files)
  local set, list = {}, {}
  for _, file in ipairs(files) do
    if file.is_text then
      for host in file.bytes:gmatch "://([%w.-]+)" do
        host = host:lower()
        if #host <= 253 and host:find("%a") and not set[host] and #list < 50 then
          set[host] = true
          list[#list + 1] = host
        end
      end
    end
  end
  table.sort(list)
  return list
end

--- Warnings about a skill: a list of {code, text, path, line, excerpt}, and the hosts that it names.  files: of
--- gateway.skills.pack; about: of gateway.skills.text; name: by which it is to be installed.  Awaits.
function M.look(files, about, name)
  local found = { list = {}, counts = {} }
  local front = { path = "", bytes = "" }
  if about.says and about.says ~= name then warn(found, "other_name", front, nil, about.says) end
  if about.commands[1] then warn(found, "commands", front, nil, table.concat(about.commands, ", ")) end
  for _, file in ipairs(files) do
    if file.path:find "^%." or file.path:find "/%." then warn(found, "hidden_file", file) end
    check_file(found, file)
  end
  if found.secret and found.sends then
    warn(found, "secret_and_network", found.secret.file, found.secret.at, found.secret.line)
  end
  if found.is_cut then found.list[#found.list] = { code = "more", text = words.about.more } end
  return found.list, hosts_of(files)
end

return M
