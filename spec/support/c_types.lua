-- spec/support/c_types.lua -- C declarations for the FFI, as the compiler reads them, so that specs need no
-- copies of their own.
--   local C = require "c_types" ("core/buf.h", "buf", "buf_free")
-- declares these and everything that they use, and returns ffi.C.  A struct by its tag is "struct conn", an enum is
-- one of its constants.  A .c file gives its own declarations.

local ffi = require "ffi"

local function flags()
  local binary = io.popen("readlink /proc/" .. io.open("/proc/self/stat"):read "*n" .. "/exe"):read "*l"
  local f = assert(io.open(binary:match "^(.*)/" .. "/obj/flags"))
  local text = f:read "*a"
  f:close()
  return (text:gsub("%s+$", ""))
end

local function preprocessed(path)
  local p = io.popen(("echo '#include \"%s\"' | %s -E -P -x c - 2>&1"):format(path, flags()))
  local text = p:read "*a"
  p:close()
  return text
end

-- Without what only the compiler understands.  Bodies of functions are {}, and end their declaration.
local function cleaned(text)
  text = text:gsub("%f[%w_]__attribute__%s*%b()", ""):gsub("%f[%w_]__asm__%s*%b()", "")
  text = text:gsub("%f[%w_]__extension__%f[^%w_]", ""):gsub("%f[%w_]__inline%f[^%w_]", "inline")
  text = text:gsub("%f[%w_]__restrict%f[^%w_]", ""):gsub("%f[%w_]_Noreturn%f[^%w_]", "")
  return (text:gsub("(%))%s*%b{}", "%1{};"))
end

local function split(text)
  local all, at, from = {}, 1, 1
  while true do
    local i, _, c = text:find("([;{])", at)
    if not i then return all end
    if c == "{" then
      at = select(2, text:find("%b{}", i)) + 1
    else
      all[#all + 1] = text:sub(from, i - 1):match "^%s*(.*)$"
      at, from = i + 1, i + 1
    end
  end
end

-- The names under which a declaration is known.
local function names_of(text)
  local names = {}
  local tag = text:match "^struct%s+([%w_]+)%s*{" or text:match "^typedef%s+struct%s+([%w_]+)%s*{"
  local constants = text:match "%f[%w_]enum%s*[%w_]*%s*(%b{})"
  local outside = text:gsub("%b{}", " ")
  if tag then names[1] = "struct " .. tag end
  if constants and text:find "^%s*t?y?p?e?d?e?f?%s*enum" then
    for name in constants:gsub("=[^,}]*", ""):gmatch "[%a_][%w_]*" do names[#names + 1] = name end
  end
  local name = outside:match "%(%s*%*%s*([%w_]+)%s*%)" or outside:match "([%w_]+)%s*%b()%s*$"
    or outside:match "([%w_]+)%s*%[[^%[]*%]%s*$" or outside:match "([%w_]+)%s*$"
  if name and not (tag and not outside:find "^typedef") then names[#names + 1] = name end
  return names
end

local read = {}
local function declarations(path)
  if read[path] then return read[path] end
  local by_name = {}
  for _, text in ipairs(split(cleaned(preprocessed(path)))) do
    local has_value = text:find "=%s*[{%d]" and not text:find "enum"
    local is_code = has_value or text:find "{}%s*$" or text:find "^static" or text:find "^inline"
    for _, name in ipairs(is_code and {} or names_of(text)) do by_name[name] = by_name[name] or text end
  end
  read[path] = by_name
  return by_name
end

local function is_known(name)
  return (pcall(ffi.typeof, name)) and not name:find "^struct " or (pcall(function() return ffi.C[name] end))
    or name:find "^struct " and (pcall(ffi.sizeof, name))
end

-- What is held by value must be complete; behind a pointer a name is enough.
local declare
local function declare_parts(all, text, own)
  for tag in text:gmatch "struct%s+([%w_]+)%s+[%a_]" do
    local name = "struct " .. tag
    if all[name] and all[name] ~= own and not is_known(name) then declare(all, name) end
  end
  for name, after in text:gmatch "([%a_][%w_]*)%s*(%*?)" do
    if all[name] and all[name] ~= own and not is_known(name) then declare(all, name) end
    local tag = all[name] and all[name]:match("^typedef%s+struct%s+([%w_]+)%s+" .. name .. "$")
    local by_value = after == "" and (text:find "{" or text:find "^typedef")
    if tag and by_value and all["struct " .. tag] and not is_known("struct " .. tag) then
      declare(all, "struct " .. tag)
    end
  end
end

function declare(all, name)
  if is_known(name) then return end
  local text = assert(all[name], name .. " is not declared there")
  declare_parts(all, text, text)
  if not is_known(name) then ffi.cdef(text .. ";") end
end

return function(path, ...)
  local all = declarations(path)
  for _, name in ipairs { ... } do declare(all, name) end
  return ffi.C
end
