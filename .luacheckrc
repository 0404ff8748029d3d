-- .luacheckrc -- what each tier may name.  The three standards mirror host/lua/scripts/sandbox.lua: what is
-- missing here does not exist there either, so a slip is found before a reload refuses it.

local maths = { "abs", "acos", "asin", "atan", "atan2", "ceil", "cos", "deg", "exp", "floor", "fmod",
                "frexp", "huge", "ldexp", "log", "log10", "max", "min", "modf", "pi", "pow", "rad",
                "sin", "sqrt", "tan" }

local function also(list, more)
  local out = { unpack(list) }
  for _, name in ipairs(more) do out[#out + 1] = name end
  return out
end

-- What scripts and rules share, and what one of them has besides.
local function composed(names, math_fields, os_fields)
  local out = also({
    "assert", "ipairs", "next", "pairs", "require", "select", "tonumber", "tostring", "type", "unpack",
    "bit",
  }, names)
  out.math = { fields = math_fields }
  out.os = os_fields and { fields = os_fields } or nil
  out.table = { fields = { "concat", "insert", "maxn", "remove", "sort" } }
  out.string = { fields = { "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match",
                            "rep", "reverse", "sub", "upper" } }
  return { read_globals = out }
end

stds.script = composed({
  "error", "getmetatable", "pcall", "print", "rawequal", "rawget", "rawset", "setmetatable", "xpcall",
}, also(maths, { "random", "randomseed" }), { "time", "date", "clock", "difftime" })

stds.rules = composed({ "allow", "deny", "escalate" }, maths) -- facts in, verdict out

stds.runtime = { -- on top of LuaJIT's own: tables that are there to be written
  globals = { "package", io = { other_fields = true }, os = { other_fields = true } },
}

std = "luajit+runtime"
max_line_length = 120
ignore = {
  "581", -- not (x > y) is not x <= y when one of them is NaN
}

files["scripts"] = { std = "script" }
files["scripts/*/rules"] = { std = "rules" }
files["bench/scripts"] = { std = "script" }
files["bench/peers"] = { std = "ngx_lua", max_line_length = false }
files["spec"] = { std = "luajit+runtime+busted", max_line_length = false } -- tables of cases
files["spec/slice"] = { std = "script", max_line_length = 120 }
-- Sentences that the offline provider and the seed data say, and words of many languages.
for _, path in ipairs { "scripts/agent/providers/offline_*.lua", "scripts/agent/seed.lua", "scripts/agent/hearing_words.lua" } do
  files[path] = { max_line_length = false }
end

exclude_files = { "build", "**/node_modules" }
