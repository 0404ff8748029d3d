-- spec/host/docs_spec.lua -- everything that the documentation names exists: commands, settings, files.

local BINARY = io.popen("readlink /proc/" .. io.open("/proc/self/stat"):read "*n" .. "/exe"):read "*l"
local PAGES = { "README.md", "docs/operating.md" }
local GROUPS = "database limits log api socketio cors llm agent reload tls decisions"

local function output(command)
  local p = assert(io.popen(command))
  local text = p:read "*a"
  p:close()
  return text
end

local function page(path)
  local f = assert(io.open(path))
  local text = f:read "*a"
  f:close()
  return text
end

local function words(text, pattern)
  local set = {}
  for word in text:gmatch(pattern) do set[word] = true end
  return set
end

describe("the documentation", function()
  for _, path in ipairs(PAGES) do
    local text = page(path)

    it("names commands that exist: " .. path, function()
      local known = words(output(BINARY .. " help"), "\n  (%l+) ")
      for _, pattern in ipairs { "\nhuman (%l+)", "`human (%l+)", "build/human (%l+)" } do
        for word in text:gmatch(pattern) do assert.is_true(known[word], "human " .. word) end
      end
    end)

    it("names settings that exist: " .. path, function()
      local known = words("\n" .. output("env -i HOME=/tmp HUMAN_CONFIG=/dev/null " .. BINARY .. " config"),
        "\n([%w_.]+) +=")
      local groups = words(GROUPS, "%l+")
      for name in text:gmatch "`(%l+%.[%l_]+)`" do
        if groups[name:match "^%l+"] then assert.is_true(known[name], name) end
      end
    end)

    it("links to files that exist: " .. path, function()
      local dir = path:match "^(.*/)" or ""
      for target in text:gmatch "%]%(([^)#]+)%)" do
        if not target:find "://" then
          local f = io.open(dir .. target)
          assert.is_truthy(f, target)
          f:close()
        end
      end
    end)
  end
end)
