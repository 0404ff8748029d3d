-- scripts/agent/said_tags.lua -- finds the marks in a model's answer: <think>, [TOOL_CALLS], ◁think▷, <|channel|>.
-- Marks within code do not count: people do ask about tags.  Pure, linear.

local M = {}

local TAG_MAX = 300                              -- bytes of one tag
local LEFT, RIGHT = "◁", "▷"

-- Behind the code that begins with the backticks at `at`, or behind the backticks when none does.
local function behind_code(text, at)
  if text:find("^```", at) and (at == 1 or text:sub(at - 1, at - 1) == "\n") then
    local stop = text:find("\n```", at + 3, true)
    return (stop or at) + (stop and 4 or 3)
  end
  local _, last = text:find("^`+", at)
  local stop = text:find("[`\n]", last + 1)
  if stop and text:byte(stop) == 96 then _, last = text:find("^`+", stop) end
  return last + 1
end

-- What is inside a tag as {name, close, special, inner}: "|begin_of_thought|" and "/think" have bare names.
local function named(inner)
  local name = inner:gsub("｜", "|"):gsub("▁", "_"):lower()
  local tag = { inner = inner, special = name:sub(1, 1) == "|", close = name:find "^|?/" ~= nil }
  name = name:match "^[|/]*([%w_:.%-]*)" or ""
  local ended = name:match "^end_of_(.+)$" or name:match "^end_(.+)$" or name:match "^(.+)_end$"
  local begun = name:match "^begin_of_(.+)$" or name:match "^start_of_(.+)$" or name:match "^start_(.+)$"
    or name:match "^(.+)_begin$" or name:match "^(.+)_start$"
  tag.name, tag.close = ended or begun or name, tag.close or ended ~= nil
  return tag
end

-- Behind the attributes of a line of the prompt that lacks its ">": it was cut off, or the model forgot it.
local function open_head(text, from)
  local at, last = text:match("^message()", from) or text:match("^reaction()", from), nil
  while at do
    at = text:match('^%s+[%w_]+="[^"<>\n]*"?()', at)
    last = at or last
  end
  return last
end

local function tag_at(text, at)
  local stop
  local from = at + 1
  local c = text:sub(at, at)
  if c == "<" then
    stop = text:find("[<>\n]", from)
    if not stop or text:byte(stop) ~= 62 then
      stop = open_head(text, from)
      if not stop then return nil end
      local tag = named(text:sub(from, stop - 1))
      tag.from, tag.to = at, stop - 1
      return tag
    end
  elseif c == "[" then
    stop = text:find("[%[%]\n]", from)
    if not stop or not text:find("^/?[A-Z_]+%]", from) then return nil end
  else
    if text:sub(at, at + 2) ~= LEFT then return nil end
    from = at + 3
    stop = text:find("[\n\226]", from)
    if not stop or text:sub(stop, stop + 2) ~= RIGHT then return nil end
  end
  if stop - from > TAG_MAX or stop == from then return nil end
  local tag = named(text:sub(from, stop - 1))
  tag.from, tag.to = at, c == "\226" and stop + 2 or stop
  tag.special = tag.special or c ~= "<"
  return tag
end

--- The first tag from `at` on that is not in code, or nil: {name (lower case), close, special (no HTML), inner,
--- from, to}.
function M.next(text, at)
  while true do
    at = text:find("[`<%[\226]", at)
    if not at then return nil end
    if text:byte(at) == 96 then
      at = behind_code(text, at)
    else
      local tag = tag_at(text, at)
      if tag then return tag end
      at = at + 1
    end
  end
end

local UNESCAPE = { ["&lt;"] = "<", ["&gt;"] = ">", ["&quot;"] = '"', ["&amp;"] = "&" }

--- Undoes agent.prompt.escape: a model that imitates a quote imitates the escaping too.
function M.unescape(text) return (text:gsub("&%l+;", UNESCAPE)) end

--- The attributes of a tag.
function M.attributes(tag)
  local out = {}
  for name, value in tag.inner:gmatch '%f[%w_]([%w_]+)="([^"]*)"' do out[name] = M.unescape(value) end
  return out
end

return M
