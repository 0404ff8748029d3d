-- scripts/gateway/channel/markup.lua -- a model's Markdown in a vendor's own markup.
-- Everything but markup is text, and goes through style.escape; so the result contains nothing but formatting.
-- Linear: a mark that was not found is not searched for again.

local M = {}

local MARKS = { { "**", "bold" }, { "__", "bold" }, { "~~", "strike" }, { "*", "italic" }, { "_", "italic" } }
local SCHEMES = { http = true, https = true, mailto = true, tel = true }
local URL_MAX = 2000

local function is_word(byte) return byte ~= nil and (byte >= 128 or string.char(byte):find "%w" ~= nil) end

local function is_space(byte) return byte == nil or byte == 32 or byte == 9 or byte == 10 end

-- Whether a mark at `at` may begin, or end, what it marks.
local function may_open(text, at, mark)
  if is_space(text:byte(at + #mark)) then return false end
  return mark:byte(1) ~= 95 or not is_word(text:byte(at - 1))
end

local function may_close(text, at, mark)
  if is_space(text:byte(at - 1)) then return false end
  if mark == "*" and (text:byte(at + 1) == 42 or text:byte(at - 1) == 42) then return false end
  return mark:byte(1) ~= 95 or not is_word(text:byte(at + #mark))
end

-- The next place from `from` on where the mark may end, or nil.  none: marks that are not there any more.
local function closing(text, mark, from, none)
  if none[mark] then return nil end
  local at = text:find(mark, from, true)
  while at and not may_close(text, at, mark) do at = text:find(mark, at + 1, true) end
  none[mark] = not at
  return at
end

local inline

-- "[text](url)" at `at`: what it becomes, and where it ends; or nil.
local function link(text, at, style, none)
  if none.link and none.link < at then none.link = nil end
  local middle = none.link or text:find("](", at, true)
  none.link = middle or math.huge
  if not middle or middle == math.huge then return nil end
  local inner = text:find("[", at + 1, true)
  if inner and inner < middle then return nil end
  local last = text:find(")", middle + 2, true)
  local url = last and last - middle < URL_MAX and text:sub(middle + 2, last - 1)
  if not url or url:find "[%s<>\"]" or not SCHEMES[(url:match "^(%a+):" or ""):lower()] then return nil end
  local label = text:sub(at + 1, middle - 1)
  if not label:find "%S" then return nil end
  return style.link(inline(label, style), url), last + 1
end

local function marked(text, at, style, none)
  for _, pair in ipairs(MARKS) do
    local mark, name = pair[1], pair[2]
    if text:sub(at, at + #mark - 1) == mark and style[name] then
      local last = may_open(text, at, mark) and closing(text, mark, at + #mark + 1, none)
      if not last then return nil end
      local span = style[name]
      return span[1] .. inline(text:sub(at + #mark, last - 1), style) .. span[2], last + #mark
    end
  end
  return nil
end

local function code(text, at, style, none)
  local last = not none["`"] and text:find("`", at + 1, true)
  none["`"] = not last
  if not last or last == at + 1 then return nil end
  return style.code(text:sub(at + 1, last - 1)), last + 1
end

-- What begins with a byte that may be markup.
local function special(text, at, style, none)
  local b = text:byte(at)
  if b == 92 and (text:sub(at + 1, at + 1)):find "^%p" then return style.escape(text:sub(at + 1, at + 1)), at + 2 end
  if b == 96 then return code(text, at, style, none) end
  if b == 91 then return link(text, at, style, none) end
  if b == 42 or b == 95 or b == 126 then return marked(text, at, style, none) end
  return nil
end

function inline(text, style)
  local out, none, at, plain = {}, {}, 1, 1
  while true do
    at = text:find("[\\`%[*_~]", at)
    if not at then break end
    local piece, next_at = special(text, at, style, none)
    if piece then
      out[#out + 1], out[#out + 2] = style.escape(text:sub(plain, at - 1)), piece
      at, plain = next_at, next_at
    else
      at = at + 1
      while text:byte(at) == text:byte(at - 1) and text:byte(at) ~= 91 do at = at + 1 end
    end
  end
  out[#out + 1] = style.escape(text:sub(plain))
  return table.concat(out)
end

local function line_of(line, style)
  local level, heading = line:match "^(#+) +(.*)$"
  if level and #level <= 6 then
    local bold = style.bold or { "", "" }
    return bold[1] .. inline((heading:gsub("%*%*", "")), style) .. bold[2]
  end
  local indent, item = line:match "^( *)[*+-] +(.*)$"
  if item then return indent .. "• " .. inline(item, style) end
  local quoted = line:match "^> ?(.*)$"
  if quoted and style.quote then return style.quote(inline(quoted, style)) end
  return inline(line, style)
end

-- The lines of a text, one after the other.
local function lines(text)
  local from = 1
  return function()
    if not from then return nil end
    local at = text:find("\n", from, true)
    local line = text:sub(from, at and at - 1)
    from = at and at + 1
    return line
  end
end

--- The text in a vendor's markup.  style: escape(text), code(text), pre(text, language or ""), link(label, url) with
--- label written already; bold, italic, strike: {before, after}, nil where there is none; quote(line), or nil.
function M.render(text, style)
  local out, block, language = {}, nil, nil
  for line in lines(text) do
    local fence = line:match "^ ? ? ?```([%w_+#.-]*)"
    if block and fence then
      out[#out + 1], block = style.pre(table.concat(block, "\n"), language), nil
    elseif block then
      block[#block + 1] = line
    elseif fence then
      block, language = {}, fence
    else
      out[#out + 1] = line_of(line, style)
    end
  end
  if block then out[#out + 1] = style.pre(table.concat(block, "\n"), language) end
  return table.concat(out, "\n")
end

return M
