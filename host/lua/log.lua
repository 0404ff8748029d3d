-- host/lua/log.lua -- log lines of the runtime and of scripts: a message and fields.
-- C adds time, level and pid, and filters by level.  Fields whose names suggest a secret and texts that
-- look like keys are masked here, before they leave Lua.

local host = require "human.core.host"
local json = require "human.json"
local texts = require "human.text"

local gsub, find, sub, format = string.gsub, string.find, string.sub, string.format
local type, tostring, concat = type, tostring, table.concat

local M = {}
local LEVEL = { error = 0, warn = 1, info = 2, debug = 3 }
local LINE_MAX = 3800 -- log.c writes lines of at most PIPE_BUF bytes in one piece
local VALUE_MAX = 2500
local DEPTH_MAX = 4
local ITEMS_MAX = 32
local MASK = "[redacted]"

-- Names of fields that hold a secret, in lower case without "_" and "-".
local SECRET = { key = true, authorization = true, cookie = true, setcookie = true, dsn = true }
local ENDINGS = { "token", "secret", "password", "passwd", "apikey", "privatekey" }

-- Masks the key in a run of letters, digits, - and _.  Searches the run once: a search from each of many
-- "sk-" would scan to its end every time.
local function without_key(run)
  local at = find(run, "%f[%w_]sk%-")
  if at and find(run, "%w%w%w%w%w%w%w%w%w", at + 3) then return sub(run, 1, at + 2) .. MASK end
end

-- Texts that are secret anywhere: providers' keys, credentials in a header, a query string or a URL, and
-- after these our own keys, as scripts declare them (M.add_key).
local SECRETS = {
  { "%f[%w_%-][%w_%-]*sk%-[%w_%-]+", without_key },
  { "([Aa][Pp][Ii][-_]?[Kk][Ee][Yy]=)[^&%s\"']+", "%1" .. MASK },
  { "([?&][Tt][Oo][Kk][Ee][Nn]=)[^&%s\"']+", "%1" .. MASK },
  { "([?&][Kk][Ee][Yy]=)[^&%s\"']+", "%1" .. MASK },
  { "([Bb]earer%s+)[%w%-._~+/=]+", "%1" .. MASK },
  { '(%w://[^%s:/@?#"<>\\]*:)[^%s/?#"<>\\]+@', "%1" .. MASK .. "@" },
  { '(%w://)[^%s:/@?#"<>\\]+@', "%1" .. MASK .. "@" }, -- a token alone
}

-- Each of those texts contains one of these marks.  Most texts contain none and need no search.
local MARKS = { "_", "sk-", "=", "earer", "://" }
local SHORTEST = 7                               -- bytes of the shortest secret with its mark ("a://:x@")

local KEYS_MAX = 64
local KEY_SURE = 24                              -- this many letters and digits in a row are a key, not a word
local keys, n_keys = {}, 0                       -- prefix -> the pattern of a text that surely holds such a key

--- Declares a kind of key: `prefix` (letters, digits and _, ending in _) and at least eight letters or digits.
--- Permanent: keys of a kind that is no longer issued stay secret.
function M.add_key(prefix)
  if keys[prefix] then return end
  if n_keys == KEYS_MAX then error("there are " .. KEYS_MAX .. " kinds of keys already", 0) end
  local begin = "%f[%w_](" .. prefix .. ")[%w_]*"  -- linear: matches only at the start of a run
  keys[prefix], n_keys = begin .. ("%w"):rep(KEY_SURE), n_keys + 1
  SECRETS[#SECRETS + 1] = { begin .. ("[%w+/]"):rep(8) .. "[%w_+/=-]*", "%1" .. MASK }
end

--- Whether a text certainly contains one of our keys.
function M.has_key(text)
  if not find(text, "_", 1, true) then return false end
  for _, pattern in pairs(keys) do
    if find(text, pattern) then return true end
  end
  return false
end

local NAMES_MAX, NAME_MAX = 1000, 64             -- names cached, and their bytes; strangers choose some
local secret_names, n_names = {}, 0

local function says_secret(name)
  name = gsub(name:lower(), "[_%-]", "")
  if SECRET[name] then return true end
  for _, ending in ipairs(ENDINGS) do
    if sub(name, -#ending) == ending then return true end
  end
  return false
end

local function is_secret_name(name)
  name = tostring(name)
  local known = secret_names[name]
  if known == nil then
    known = says_secret(name)
    if n_names < NAMES_MAX and #name <= NAME_MAX then secret_names[name], n_names = known, n_names + 1 end
  end
  return known
end

-- The first `max` bytes at most, not ending inside a UTF-8 character.
local function clip(text, max)
  if #text <= max then return text end
  return texts.cut(text, max - 3) .. "..."
end

local function clean_text(text)
  text = clip(text, VALUE_MAX)
  if not host.utf8_ok(text) then text = gsub(text, "[\128-\255]", "?") end
  return M.mask(text)
end

local function without_secrets(text)
  for _, secret in ipairs(SECRETS) do text = gsub(text, secret[1], secret[2]) end
  return text
end

--- `text` with anything that looks like a secret masked; all of it when the name of its field says so.
function M.mask(text, name)
  if type(name) == "string" and is_secret_name(name) then return MASK end
  if #text < SHORTEST then return text end
  for _, mark in ipairs(MARKS) do
    if find(text, mark, 1, true) then return without_secrets(text) end
  end
  return text
end

-- A value without secrets that JSON can represent, of bounded depth and width.
local function clean(v, depth)
  local t = type(v)
  if t == "string" then return clean_text(v) end
  if t == "number" then return (v - v == 0) and v or tostring(v) end
  if t == "boolean" or v == json.null then return v end
  if t ~= "table" or getmetatable(v) ~= nil and not json.is_array(v) then return clean_text(tostring(v)) end
  if depth >= DEPTH_MAX then return "..." end
  local out, n, list = {}, 0, json.is_array(v)
  for key, x in pairs(v) do
    n = n + 1
    if n > ITEMS_MAX then break end
    if list then
      if type(key) == "number" then out[#out + 1] = clean(x, depth + 1) end
    else
      out[clean_text(tostring(key))] = is_secret_name(key) and MASK or clean(x, depth + 1)
    end
  end
  return list and json.array(out) or out
end

--- `v` with secrets masked, as in the fields of log lines.
function M.redact(v) return clean(v, 0) end

-- request_id first, the others alphabetically.
local function comes_before(a, b)
  if (a == "request_id") ~= (b == "request_id") then return a == "request_id" end
  return a < b
end

local function sorted(fields)
  local names = {}
  for name in pairs(fields) do names[#names + 1] = tostring(name) end
  table.sort(names, comes_before)
  return names
end

local function as_json(name, v)
  return "," .. json.quote(name) .. ":" .. json.encode(v)
end

local function as_text(name, v)
  if type(v) == "string" then
    v = find(v, "^[^%s\"=]+$") and v or format("%q", v)
  else
    v = json.encode(v)
  end
  return " " .. name .. "=" .. v
end

local function line(message, fields, as_member)
  local parts, size, truncated = { message }, #message, false
  for _, name in ipairs(fields and sorted(fields) or {}) do
    local v = is_secret_name(name) and MASK or clean(fields[name], 1)
    local part = as_member(clip(clean_text(name), 60), v)
    if size + #part <= LINE_MAX then
      parts[#parts + 1], size = part, size + #part
    else
      truncated = true
    end
  end
  if truncated then parts[#parts + 1] = as_member("truncated", true) end
  return concat(parts)
end

local function settings()
  return host.conf().log or {}
end

--- Whether lines of this level ("error", "warn", "info", "debug") are written at all.
function M.enabled(level)
  return LEVEL[level] <= (LEVEL[settings().level] or LEVEL.info)
end

local sched                                      -- loaded after this module

-- The logging task's trace id, and the id of its generation of scripts.
local function origin()
  sched = sched or package.loaded["human.core.sched"]
  local task = sched and sched.current()
  if not task then return nil, nil end
  return task.trace and task.trace.id, task.gen and task.gen.id
end

local function with_trace(fields, id)
  if not id or fields and fields.trace_id then return fields end
  local all = { trace_id = id }
  for name, value in pairs(fields or {}) do all[name] = value end
  return all
end

local function write(level, message, fields)
  if not M.enabled(level) then return end
  local trace_id, gen_id = origin()
  fields = with_trace(fields, trace_id)
  message = clean_text(tostring(message))
  local text
  if settings().format == "text" then
    text = line(message, fields, as_text)
  else
    text = line('{"msg":' .. json.quote(message), fields, as_json) .. "}"
  end
  host.log(LEVEL[level], text, gen_id)
end

--- Logs `message` (a constant sentence; variable parts belong in fields).  fields: {name = value},
--- plain values; `request_id` comes first.  Never raises, whatever the arguments.
function M.info(message, fields) write("info", message, fields) end
function M.warn(message, fields) write("warn", message, fields) end
function M.error(message, fields) write("error", message, fields) end
function M.debug(message, fields) write("debug", message, fields) end

--- The newest lines that this host has logged, as they were written, with secrets masked: {lines, sizes (their bytes),
--- cursor (for the next call), lost (lines after the given cursor are no longer kept)}.  cursor: of an earlier call, or
--- nil; max_bytes: at most 262144.
function M.tail(cursor, max_bytes)
  local bytes, at = host.log_tail(cursor or -1, max_bytes)
  local lines, sizes = json.array {}, {}
  for one in bytes:gmatch "[^\n]+" do
    lines[#lines + 1], sizes[#sizes + 1] = M.mask(one), #one + 1
  end
  return { lines = lines, sizes = sizes, cursor = at + #bytes, lost = cursor ~= nil and at ~= cursor }
end

return M
