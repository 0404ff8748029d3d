-- host/lua/cli/skills.lua -- `human skills`: texts that the gateway's agent follows once they are enabled.
-- What is installed is shown before it is enabled, and `enable` is about what was shown (its hash) when it is given.

local cli = require "human.cli.words"
local json = require "human.json"
local remote = require "human.cli.remote"

local M = {}
local WAIT_S = 100                               -- for a download; nobody else waits
local FILES_SHOWN = 50

local COLUMNS = {
  { "NAME", "name" }, { "STATE", function(s) return s.enabled and "enabled" or "off" end },
  { "VERSION", "version" }, { "WARNINGS", "warning_count" },
  { "NEEDS", function(s) return table.concat(s.unmet, ", ") end }, { "DESCRIPTION", "description" },
}

local function list(o)
  local none = "No skill is installed. `human skills install URL|PATH` installs one."
  return remote.list(remote.call "skills.list", "skills", o, COLUMNS, none)
end

local function warning(w)
  local where = w.path or ""
  if w.line then where = where .. ":" .. ("%d"):format(w.line) end
  return ("  ! %s%s%s"):format(where ~= "" and where .. " " or "", w.text, w.excerpt and ": " .. w.excerpt or "")
end

local function joined(words, none) return words[1] and table.concat(words, ", ") or none end

-- What somebody should know of a skill before enabling it, as lines.
local function lines_of(s)
  local out = {
    ("%s%s  %s"):format(s.name, s.version ~= "" and " " .. s.version or "", s.enabled and "enabled" or "off"),
    "  " .. s.description,
    "  from " .. s.source, "  sha256 " .. s.hash,
    "  tools that it leaves to the agent: "
      .. (s.allowed_tools ~= json.null and joined(s.allowed_tools, "none") or "all"),
    "  hosts that it names: " .. joined(s.hosts, "none"),
  }
  if s.unmet[1] then out[#out + 1] = "  needs what is not here: " .. joined(s.unmet) end
  for i, file in ipairs(s.files) do
    if i > FILES_SHOWN then
      out[#out + 1] = ("  and %d files more"):format(#s.files - FILES_SHOWN)
      break
    end
    out[#out + 1] = ("  %s %8d  %s"):format(file.sha256:sub(1, 12), file.size, file.path)
  end
  for _, w in ipairs(s.warnings) do out[#out + 1] = warning(w) end
  return out
end

local function show(o, name, path)
  local skill = remote.call("skills.show", { name = name, path = path })
  if path and not o.json then
    if not skill.text then cli.stop(path .. " is no text") end
    return remote.show(skill, o, skill.text)
  end
  return remote.show(skill, o, function() return lines_of(skill) end)
end

-- The absolute path that a word means here.
local function absolute(path)
  local quoted = "'" .. path:gsub("'", "'\\''") .. "'"
  local pipe = io.popen("realpath -e -- " .. quoted .. " 2>/dev/null")
  local real = pipe and pipe:read "*l"
  if pipe then pipe:close() end
  return real or cli.stop("there is no " .. path)
end

local function install(o, from)
  local url = from:find "^%a[%w+.-]*://" and from or absolute(from)
  local done = remote.call("skills.install", { url = url, name = o.name, wait_s = WAIT_S })
  return remote.show(done, o, function()
    local out = lines_of(done.skill)
    if done.enabled then
      out[#out + 1] = "It was there already, and is enabled."
    else
      out[#out + 1] = ("Installed, and off: `human skills enable %s --hash %s` lets the agent use it.")
        :format(done.name, done.hash)
    end
    return out
  end)
end

local function enable(o, name)
  local done = remote.call("skills.enable", { name = name, hash = o.hash })
  return remote.show(done, o, "Enabled, as it is now: " .. done.hash)
end

local function disable(o, name)
  return remote.show(remote.call("skills.disable", { name = name }), o, "It is off.")
end

local function uninstall(o, name)
  return remote.show(remote.call("skills.uninstall", { name = name }), o, "Uninstalled.")
end

local function changes_of(one)
  if one.problem then return { ("%s was not looked at: %s"):format(one.name, one.problem) } end
  if not one.changed then return { one.name .. " is as it was." } end
  local out = { ("%s has changed, and is off: it is %s now, and was %s."):format(one.name, one.hash,
    one.previous_hash) }
  for _, kind in ipairs { { "added", "+ " }, { "removed", "- " }, { "changed_files", "~ " } } do
    for _, path in ipairs(one[kind[1]]) do out[#out + 1] = "  " .. kind[2] .. path end
  end
  for _, w in ipairs(one.warnings) do out[#out + 1] = warning(w) end
  return out
end

local function update(o, name)
  local done = remote.call("skills.update", { name = name, wait_s = WAIT_S })
  return remote.show(done, o, function()
    local out = {}
    for _, one in ipairs(done.skills) do
      for _, line in ipairs(changes_of(one)) do out[#out + 1] = line end
    end
    return out[1] and out or { "No skill is installed." }
  end)
end

local function search(o, ...)
  local done = remote.call("skills.search", { query = table.concat({ ... }, " ") })
  local columns = { { "NAME", "name" }, { "VERSION", "version" }, { "AUTHOR", "author" }, { "URL", "url" },
                    { "DESCRIPTION", "description" } }
  return remote.list(done, "entries", o, columns, done.note or "Nothing was found.")
end

M.run = remote.command("skills", { ["--name"] = "NAME", ["--hash"] = "HASH" }, {
  list = { run = list }, show = { words = { "NAME", "PATH" }, least = 1, run = show },
  install = { words = { "URL or PATH" }, run = install }, enable = { words = { "NAME" }, run = enable },
  disable = { words = { "NAME" }, run = disable }, uninstall = { words = { "NAME" }, run = uninstall },
  update = { words = { "NAME" }, least = 0, run = update },
  search = { words = { "WORD", "WORD", "WORD", "WORD", "WORD", "WORD", "WORD", "WORD" }, least = 0, run = search },
}, "list", { see = "skills", says = { name = "NAME", url = "URL", hash = "--hash", path = "PATH" } })

return M
