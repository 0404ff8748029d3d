-- host/lua/scripts/rule_files.lua -- rule files as an operator sees them: version, examples, adjustable numbers.
-- Everything comes from the files themselves: the sentence after "--" on the first line, "--% version",
-- the functions, and the numbers with the comments after them.

local host = require "human.core.host"
local json = require "human.json"
local texts = require "human.text"

local M = {}

local function sorted_names(members, kind)
  local names = {}
  for k, v in pairs(members) do
    if type(v) == kind then names[#names + 1] = tostring(k) end
  end
  table.sort(names)
  return names
end

-- The comment after "--" on the line that sets a number, or nil.
local function comment_of(text, name)
  for line in text:gmatch "[^\n]+" do
    local comment = line:match("^%s*" .. name .. "%s*=%s*[^,]+,%s*%-%-%s*(.+)$")
    if comment then return comment end
  end
end

local function numbers_of(text, members)
  local list = {}
  for i, name in ipairs(sorted_names(members, "number")) do
    list[i] = { name = name, value = members[name], comment = comment_of(text, name) }
  end
  return list
end

local function describe(g, r)
  local text = host.bundle_file(g.n, r.path) or ""
  local purpose = (text:match "^[^\n]*" or ""):match "^%-%-%s*%S+%.lua %-%- (.+)$"
  return {
    name = r.name, path = r.path, file = g.origin:full_name(r.path), members = r.mod, text = text, purpose = purpose,
    version = text:match "\n%-%-%% version: (%S+)", examples = #(r.mod.examples or {}),
    functions = sorted_names(r.mod, "function"), numbers = numbers_of(text, r.mod),
  }
end

--- The rule files of a generation, by path.
function M.of(g)
  local list = {}
  for i, r in ipairs(g.rule_sources) do list[i] = describe(g, r) end
  table.sort(list, function(a, b) return a.path < b.path end)
  return list
end

-- The number of equal parts at the end of two paths.
local function common_tail(a, b)
  local x, y, n = {}, {}, 0
  for part in a:gmatch "[^/]+" do x[#x + 1] = part end
  for part in b:gmatch "[^/]+" do y[#y + 1] = part end
  while n < #x and n < #y and x[#x - n] == y[#y - n] do n = n + 1 end
  return n
end

--- The file that `name` refers to: a module (agent.rules.limits), or a path, matched by its last parts.  nil if
--- there is none; nil and the candidates' paths if it is ambiguous.
function M.find(files, name)
  local best, list = 0, {}
  for _, file in ipairs(files) do
    if file.name == name or file.path == name then return file end
    local n = common_tail(file.path, name:find "%.lua$" and name or name:gsub("%.", "/") .. ".lua")
    if n > best then best, list = n, {} end
    if n == best and n > 0 then list[#list + 1] = file end
  end
  if #list == 1 then return list[1] end
  if #list == 0 then return nil end
  local paths = {}
  for i, file in ipairs(list) do paths[i] = file.path end
  return nil, paths
end

local function plural(n, noun) return n .. " " .. noun .. (n == 1 and "" or "s") end

local function entry(out, file)
  out[#out + 1] = ("%s  (%s, version %s, %s%s)"):format(file.path, file.name, file.version or "?",
    plural(file.examples, "example"), file.file ~= file.path and ", overridden by " .. file.file or "")
  if file.purpose then out[#out + 1] = "  " .. file.purpose end
  if #file.functions > 0 then out[#out + 1] = "  functions: " .. table.concat(file.functions, ", ") end
  if #file.numbers > 0 then out[#out + 1] = "  numbers:" end
  for _, n in ipairs(file.numbers) do
    out[#out + 1] = texts.trim_end(("    %-18s %-10s %s"):format(n.name, json.number(n.value), n.comment or ""))
  end
  out[#out + 1] = ""
end

local function as_json(files)
  local list = json.array {}
  for i, f in ipairs(files) do
    local numbers = json.array {}
    for k, n in ipairs(f.numbers) do numbers[k] = n end
    list[i] = { name = f.name, path = f.path, version = f.version, purpose = f.purpose, examples = f.examples,
                overridden_by = f.file ~= f.path and f.file or nil, functions = json.array(f.functions),
                numbers = numbers }
  end
  return json.encode_sorted(list, { "name", "path", "version", "purpose" }) .. "\n"
end

--- All files, as text or as JSON.
function M.list(files, want_json)
  if want_json then return as_json(files) end
  local out = {}
  for _, file in ipairs(files) do entry(out, file) end
  return table.concat(out, "\n")
end

--- One file: its facts, and its text.
function M.show(file)
  local out = {}
  entry(out, file)
  return table.concat(out, "\n") .. "\n" .. file.text
end

return M
