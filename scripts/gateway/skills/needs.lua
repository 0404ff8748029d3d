-- scripts/gateway/skills/needs.lua -- requirements of skills that are missing here: programs, variables, systems,
-- other skills.
-- They are shown and block nothing: another host of the same database may have them.

local config = require "human.config"
local files = require "human.files"

local M = {}

local OS = "linux"                               -- where the host runs

-- The programs that exec.path has, by name.
local function programs()
  local known = {}
  for dir in config.exec.path:gmatch "[^:]+" do
    for _, entry in ipairs(dir:find "^/" and files.directory(dir):list() or {}) do
      if entry.kind == "file" or entry.kind == "link" then known[entry.name] = true end
    end
  end
  return known
end

-- Whether there is such a program; looked up once, at the first question.
local function finder()
  local known
  return function(name)
    known = known or programs()
    return known[name] or false
  end
end

local function includes(list, value)
  for _, one in ipairs(list or {}) do
    if one == value then return true end
  end
  return false
end

local function unmet_of(asked, has_program, installed)
  local out = {}
  local function miss(kind, name) out[#out + 1] = kind .. " " .. name end
  for _, name in ipairs(asked.bins or {}) do
    if not has_program(name) then miss("program", name) end
  end
  local any = #(asked.any_bins or {}) == 0
  for _, name in ipairs(asked.any_bins or {}) do any = any or has_program(name) end
  if not any then miss("program", table.concat(asked.any_bins, " or ")) end
  for _, name in ipairs(asked.env or {}) do miss("variable", name) end -- programs of the agent begin without any
  if #(asked.os or {}) > 0 and not includes(asked.os, OS) then miss("system", table.concat(asked.os, " or ")) end
  for _, name in ipairs(asked.skills or {}) do
    if not installed[name] then miss("skill", name) end
  end
  return out
end

--- {[name] = list of texts such as "program ffmpeg"} of these rows.  all: the skills that are installed.  Awaits.
function M.unmet(rows, all)
  local installed, out, has_program = {}, {}, finder()
  for _, row in ipairs(all) do installed[row.name] = true end
  for _, row in ipairs(rows) do out[row.name] = unmet_of(row.about.requires or {}, has_program, installed) end
  return out
end

return M
