-- host/lua/pg/split.lua -- cuts a SQL file into statements, since a prepared statement holds only one.
-- Knows what may contain a semicolon: '..', "..", $tag$..$tag$, -- and nested /* */ (PostgreSQL
-- manual, 4.1 Lexical Structure).  Knows nothing else of SQL.

local M = {}

-- The position after the comment, string or identifier that begins at i, or nil.
local function skip_quoted(text, i)
  local c, two = text:sub(i, i), text:sub(i, i + 1)
  if two == "--" then return (text:find("\n", i, true) or #text) + 1 end
  if two == "/*" then
    local depth, at = 1, i + 2
    while depth > 0 do
      local s = text:find("[*/][*/]", at)
      if not s then return #text + 1 end
      local mark = text:sub(s, s + 1)
      if mark == "/*" then depth, at = depth + 1, s + 2
      elseif mark == "*/" then depth, at = depth - 1, s + 2
      else at = s + 1 end
    end
    return at
  end
  if c == "'" or c == '"' then return (text:find(c, i + 1, true) or #text) + 1 end
  local tag = text:match("^%$[%a_]?[%w_]*%$", i)
  if tag then
    local _, last = text:find(tag, i + #tag, true)
    return (last or #text) + 1
  end
  return nil
end

local function count_lines(text, from, to)
  local n = 0
  for _ in text:sub(from, to):gmatch "\n" do n = n + 1 end
  return n
end

-- Whether a piece contains more than comments.
local function says_something(piece)
  local i = piece:find "%S"
  while i do
    local two = piece:sub(i, i + 1)
    if two ~= "--" and two ~= "/*" then return true end
    local _, stop = piece:find(two == "--" and "\n" or "*/", i + 2, true)
    i = stop and piece:find("%S", stop + 1)
  end
  return false
end

-- {{text, line}, ..}: line is where the statement begins.  Skips empty ones.
function M.statements(text)
  local list, start, i, line = {}, 1, 1, 1
  local function cut(to)
    local piece = text:sub(start, to)
    if says_something(piece) then
      local lead = piece:match "^%s*"
      list[#list + 1] = { text = piece:sub(#lead + 1), line = line + count_lines(lead, 1, #lead) }
    end
    line = line + count_lines(text, start, to + 1)
    start = to + 2
  end
  while i <= #text do
    local behind = skip_quoted(text, i)
    if behind then
      i = behind
    else
      if text:byte(i) == 59 then cut(i - 1) end
      i = i + 1
    end
  end
  cut(#text)
  return list
end

return M
