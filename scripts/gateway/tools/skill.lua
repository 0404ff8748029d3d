-- scripts/gateway/tools/skill.lua -- skill_read: the text of a skill that is enabled, or of a file beside it.
-- From there on the run has the tools that the skill's allowed-tools leaves to it.

local db = require "human.db"
local json = require "human.json"
local limits = require "gateway.rules.skills"
local prompt = require "gateway.skills.prompt"
local tools = require "gateway.tools"

local M = {}

M.sql = {
  list = ([[select name, left(description, 300) as description
    from gateway_skills where enabled_hash = hash order by name limit %d]])
    :format(limits.skills),
  get = [[select name, body, about->'allowed_tools' as tools from gateway_skills where name = $1
    and enabled_hash = hash]],
  paths = [[select path from gateway_skill_files where skill = $1 order by path]],
  file = [[select f.is_text, case when f.is_text then convert_from(f.content, 'UTF8') end as text,
      length(f.content) as size from gateway_skill_files f
    join gateway_skills s on s.name = f.skill and s.enabled_hash = s.hash where f.skill = $1 and f.path = $2]],
}

local function list()
  local rows = db.query(M.sql.list)
  if not rows[1] then return nil, "No skill is enabled." end
  return { skills = rows }
end

local function file_of(name, path)
  local file = db.row(M.sql.file, name, path)
  if not file then return nil, "There is no such file in the skill." end
  if not file.is_text then return nil, ("It is no text, but %d bytes of something else."):format(file.size) end
  return file.text
end

local function read(call, name, path)
  local skill = db.row(M.sql.get, name)
  if not skill then return nil, "No skill of this name is enabled." end
  if call.run_id then db.exec(prompt.sql.note, call.run_id, name, skill.tools) end
  if path then return file_of(name, path) end
  local paths = json.array {}
  for i, row in ipairs(db.query(M.sql.paths, name)) do paths[i] = row.path end
  return { skill = name, text = skill.body, files = paths }
end

tools.define("skill_read", {
  description = "Reads a skill: its text, or with `path` one of its files. Without a name it lists all skills.",
  parameters = { type = "object", additionalProperties = false, properties = {
    name = { type = "string", minLength = 1, maxLength = 64, description = "The skill's name." },
    path = { type = "string", minLength = 1, maxLength = limits.name_bytes, description = "A file of the skill." },
  } },
  risk = "low", parallel = true, repeatable = true, timeout_ms = 15000,
}, function(call)
  local name, path = call.arguments.name, call.arguments.path
  if not name then return list() end
  return read(call, name, path)
end)

return M
