-- spec/support/landed.lua -- whether migrations come in the order of the list of those that have landed.
-- A database applies a range's migrations in the order of their numbers and refuses one that comes too late, which a
-- database that is made anew never sees.  So a list has them in the order in which they landed, and each line ends with digits
-- of a hash over its file and the line above: one that was edited, or put in between, shows.

local M = {}
local DIGITS = 16

-- files: {{path, text, number, range = {first, last}}, ..}; sha256_hex: of a text.
local function line_of(file, above, sha256_hex)
  return file.path .. " " .. sha256_hex(above .. "\n" .. file.path .. "\n" .. file.text):sub(1, DIGITS)
end

local function by_path(files)
  local out = {}
  for _, file in ipairs(files) do out[file.path] = file end
  return out
end

local function check_line(line, file, above, highest, sha256_hex)
  local path = line:match "^(%S+) %x+$"
  if not file then return ("%s: has landed, and is not there any more"):format(path or line) end
  if line ~= line_of(file, above, sha256_hex) then
    return ("%s: it, or what stands above it in the list, is not as it landed: lines are only added at the end"):format(path)
  end
  local top = highest[file.range[1]]
  if top and file.number < top then
    return ("%s: needs a number above %d, which landed before it"):format(path, top)
  end
end

--- Nil if the list (a text, a line a file) and the files agree, else what is wrong, or which lines are to be added.
function M.problem(list, files, sha256_hex)
  local known, seen, highest, above = by_path(files), {}, {}, ""
  for line in list:gmatch "[^\n]+" do
    local file = known[line:match "^%S+"]
    local wrong = check_line(line, file, above, highest, sha256_hex)
    if wrong then return wrong end
    seen[file], highest[file.range[1]], above = true, file.number, line
  end
  local missing = {}
  for _, file in ipairs(files) do
    if not seen[file] then
      local wrong = highest[file.range[1]] and file.number < highest[file.range[1]]
      if wrong then return ("%s: needs a number above %d, which has landed"):format(file.path, highest[file.range[1]]) end
      above = line_of(file, above, sha256_hex)
      missing[#missing + 1] = above
    end
  end
  if missing[1] then return "add these lines:\n" .. table.concat(missing, "\n") end
end

return M
