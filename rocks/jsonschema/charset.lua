-- rocks/jsonschema/charset.lua -- sets of code points, including those of Unicode properties.
-- A set is a flat list {first, last, first, last, ...}, sorted, without overlaps or neighbours.  Sets are never
-- changed once they are made, since they are shared.

local M = {}

local LAST = 0x10FFFF

--- The set of all code points in `list`, {first, last, ...} in any order.
function M.set(list)
  local pairs_of = {}
  for i = 1, #list, 2 do pairs_of[#pairs_of + 1] = { list[i], list[i + 1] } end
  table.sort(pairs_of, function(a, b) return a[1] < b[1] end)
  local set, n = {}, 0
  for _, pair in ipairs(pairs_of) do
    if n > 0 and pair[1] <= set[n] + 1 then
      if pair[2] > set[n] then set[n] = pair[2] end
    else
      set[n + 1], set[n + 2] = pair[1], pair[2]
      n = n + 2
    end
  end
  return set
end

--- All code points that are not in the set.
function M.negate(set)
  local out, from = {}, 0
  for i = 1, #set, 2 do
    if set[i] > from then
      out[#out + 1] = from
      out[#out + 1] = set[i] - 1
    end
    from = set[i + 1] + 1
  end
  if from <= LAST then
    out[#out + 1] = from
    out[#out + 1] = LAST
  end
  return out
end

function M.append(list, set)
  for i = 1, #set do list[#list + 1] = set[i] end
end

-- \d, \w, \s and . as in ECMAScript with no flag but u.
M.digit = { 48, 57 }
M.word = M.set { 48, 57, 65, 90, 95, 95, 97, 122 }
M.space = M.set { 9, 13, 32, 32, 0xA0, 0xA0, 0x1680, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x202F,
                  0x205F, 0x205F, 0x3000, 0x3000, 0xFEFF, 0xFEFF }
M.dot = M.negate(M.set { 10, 10, 13, 13, 0x2028, 0x2029 })
M.any = { 0, LAST }

-- Properties ----------------------------------------------------------------------------------------

local LONG = {
  Letter = "L", Cased_Letter = "LC", Uppercase_Letter = "Lu", Lowercase_Letter = "Ll", Titlecase_Letter = "Lt",
  Modifier_Letter = "Lm", Other_Letter = "Lo", Mark = "M", Combining_Mark = "M", Nonspacing_Mark = "Mn",
  Spacing_Mark = "Mc", Enclosing_Mark = "Me", Number = "N", Decimal_Number = "Nd", digit = "Nd",
  Letter_Number = "Nl", Other_Number = "No", Punctuation = "P", punct = "P", Connector_Punctuation = "Pc",
  Dash_Punctuation = "Pd", Open_Punctuation = "Ps", Close_Punctuation = "Pe", Initial_Punctuation = "Pi",
  Final_Punctuation = "Pf", Other_Punctuation = "Po", Symbol = "S", Math_Symbol = "Sm", Currency_Symbol = "Sc",
  Modifier_Symbol = "Sk", Other_Symbol = "So", Separator = "Z", Space_Separator = "Zs", Line_Separator = "Zl",
  Paragraph_Separator = "Zp", Other = "C", Control = "Cc", cntrl = "Cc", Format = "Cf", Surrogate = "Cs",
  Private_Use = "Co", Unassigned = "Cn",
}
local SHORT_BINARY = { Alpha = "Alphabetic", Upper = "Uppercase", Lower = "Lowercase", space = "White_Space",
                       IDS = "ID_Start", IDC = "ID_Continue" }

local tables                                    -- read when the first property is asked for: 28 KB of text

local function read(text)
  local sets, name, at = {}, nil, 0
  for word in text:gmatch "%S+" do
    local heading = word:match "^([%w_]+):$"
    if heading then
      name, at = heading, 0
      sets[name] = {}
    else
      local gap, more = word:match "^(%w+)%-?(%w*)$" -- linear: of at most 10 bytes
      local first = at + tonumber(gap, 36)
      local last = first + (more == "" and 0 or tonumber(more, 36))
      M.append(sets[name], { first, last })
      at = last + 1
    end
  end
  return sets
end

local function load_tables()
  if tables then return tables end
  local data = require "jsonschema.properties"
  tables = { version = data.version, gc = read(data.categories), sc = read(data.scripts), binary = read(data.binary) }
  local gc, groups = tables.gc, {}
  for name, set in pairs(gc) do
    local group = name:sub(1, 1)
    groups[group] = groups[group] or {}
    M.append(groups[group], set)
  end
  local assigned, cased = {}, {}
  for group, list in pairs(groups) do
    M.append(assigned, list)
    gc[group] = M.set(list)
  end
  for _, name in ipairs { "Lu", "Ll", "Lt" } do M.append(cased, gc[name]) end
  gc.LC = M.set(cased)
  gc.Cn = M.negate(M.set(assigned))
  M.append(groups.C, gc.Cn)
  gc.C = M.set(groups.C)
  tables.binary.Any, tables.binary.ASCII = M.any, { 0, 127 }
  tables.binary.Assigned = M.negate(gc.Cn)
  return tables
end

local function category(name)
  local gc = load_tables().gc
  return gc[LONG[name] or name]
end

--- The set of `\p{text}`, or nil for an unknown property.
function M.property(text)
  local name, value = text:match "^([%w_]+)=([%w_]+)$"
  if name == "General_Category" or name == "gc" then return category(value) end
  if name == "Script" or name == "sc" then return load_tables().sc[value] end
  if name then return nil end
  return category(text) or load_tables().binary[SHORT_BINARY[text] or text]
end

return M
