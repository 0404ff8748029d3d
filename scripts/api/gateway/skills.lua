-- scripts/api/gateway/skills.lua -- skills: texts from strangers that the agent follows once the operator has enabled
-- them. Installing one shows its contents; see gateway.skills.

local json = require "human.json"
local s = require "human.schema"
local cut = require("human.text").cut
local time = require "human.time"
local limits = require "gateway.rules.skills"
local skills = require "gateway.skills"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Skills"

local text = s.string:optional()
local name = s.string { min = 1, max = 64, pattern = "^[%l%d][%l%d_-]*$", regex = "^[a-z0-9][a-z0-9_-]*$",
                        form = "small letters, digits, - and _" }
local hash = s.string { max = 64 }
local url = s.string { min = 1, max = 2000, trim = true }
local path = s.string { min = 1, max = limits.name_bytes }
local wait_s = s.int { min = 1, max = limits.longest_wait_ms / 1000 }:optional()
  :describe "for a download; 8 without it, since many clients wait for no more than ten"
local texts = s.array(s.string)
local seconds = s.int:describe "Unix time"

local Warning = s.object {
  { "code", s.string }, { "text", s.string }, { "path", text }, { "line", s.int:optional() }, { "excerpt", text },
}
local FIELDS = {
  { "name", s.string }, { "description", s.string }, { "enabled", s.bool }, { "version", s.string },
  { "author", s.string }, { "license", s.string }, { "homepage", s.string }, { "tags", texts },
  { "parameters", s.json }, { "source", s.string },
  { "hash", s.string:describe "of the lines that sha256sum prints for its files, in the order of their paths" },
  { "installed_at", seconds }, { "installed_by", s.string }, { "updated_at", seconds },
  { "enabled_at", seconds:optional() }, { "enabled_by", text },
  { "listed", s.bool:describe "in the prompt, once it is enabled" },
  { "allowed_tools", texts:nullable():describe "what is left to a run that has read it; null: all tools" },
  { "hosts", texts:describe "that its files name" },
  { "unmet", texts:describe "what it needs and is not on this host" },
  { "warnings", s.array(Warning):describe "of a list the first ones; skills.show has all" },
  { "warning_count", s.int },
}
local Skill = s.object(FIELDS)
local File = s.object { { "path", s.string }, { "size", s.int }, { "sha256", s.string }, { "is_text", s.bool } }

local function with(more)
  local fields = {}
  for i, field in ipairs(FIELDS) do fields[i] = field end
  for _, field in ipairs(more) do fields[#fields + 1] = field end
  return s.object(fields)
end

-- A list of as many skills as there may be has to go into one message.
local LIST_WORDS, LIST_BYTES = 12, 500
local TEXT_BYTES = 524288                        -- of a file that is shown

local function head(list, n)
  if not list or #list <= n then return list end
  local out = json.array {}
  for i = 1, n do out[i] = list[i] end
  return out
end

local function shortened(skill)
  for _, key in ipairs { "tags", "hosts", "unmet", "allowed_tools" } do skill[key] = head(skill[key], LIST_WORDS) end
  if #skill.parameters > LIST_BYTES then skill.parameters = "{}" end
  return skill
end

local function unix(at) return at and math.floor(time.parse(at) / 1000) or nil end

local function shown(row)
  local about = row.about
  local skill = {
    name = row.name, description = row.description, enabled = row.enabled, version = about.version or "",
    author = about.author or "", license = about.license or "", homepage = about.homepage or "",
    tags = about.tags, parameters = about.parameters or "{}", source = row.source, hash = row.hash,
    installed_at = unix(row.installed_at), installed_by = row.installed_by, updated_at = unix(row.updated_at),
    enabled_at = unix(row.enabled_at), enabled_by = row.enabled_by, listed = row.is_listed,
    allowed_tools = about.allowed_tools, hosts = about.hosts, unmet = json.array(row.unmet), warnings = row.warnings,
    warning_count = row.warning_count,
  }
  if row.files then skill.files = json.array(row.files) end
  return skill
end

-- Who works on this machine may name a path of it: a command of `human`, and a client that needs no token.
local function who(ctx)
  return { id = ctx.actor.id, is_here = ctx.actor.kind == "command" or ctx.actor.kind == "local" }
end

g:event("skills.changed", {
  summary = "A skill was installed, enabled, disabled, updated (and is off) or uninstalled",
  payload = { name = s.string, action = s.string, hash = s.string, enabled = s.bool },
})

g:rpc("skills.list", {
  summary = "The skills that are installed", roles = surface.READERS, result = { skills = s.array(Skill) },
}, function()
  local list = json.array {}
  for i, row in ipairs(skills.list()) do list[i] = shortened(shown(row)) end
  return { skills = list }
end)

g:rpc("skills.show", {
  summary = "One skill with its files, and the text of one of them", roles = surface.READERS,
  params = { name = name, path = path:optional() }, errors = { "skill_not_found" },
  result = with { { "files", s.array(File) }, { "text", text:describe "of the file at `path`" },
                  { "truncated", s.bool:optional() } },
}, function(_, p)
  local skill = shown(skills.show(p.name))
  local file = p.path and skills.text(p.name, p.path).text
  if file then skill.text, skill.truncated = cut(file, TEXT_BYTES), #file > TEXT_BYTES or nil end
  return skill
end)

g:rpc("skills.install", {
  summary = "Install a skill; it is off until it is enabled", roles = surface.OPERATOR,
  description = "From an https address of a SKILL.md, a manifest in JSON, a zip, tar or tar.gz, or of a folder on "
    .. "GitHub; who works on the server's machine may name an absolute path there.",
  params = { name = name:optional(), url = url, wait_s = wait_s },
  errors = { "skill_refused", "skill_exists", "too_many_skills", "skill_path", "skills_busy" }, timeout_s = 130,
  result = s.object { { "installed", s.bool }, { "name", s.string }, { "hash", s.string }, { "enabled", s.bool },
                      { "skill", with { { "files", s.array(File) } } } },
}, function(ctx, p)
  local skill = shown(skills.install(p, who(ctx)))
  return { installed = true, name = skill.name, hash = skill.hash, enabled = skill.enabled, skill = skill }
end)

g:rpc("skills.enable", {
  summary = "Let the agent use a skill, as it is installed now", roles = surface.OPERATOR,
  params = { name = name, hash = hash:optional():describe "of what was shown: refused when it is another one now" },
  errors = { "skill_not_found", "skill_changed", "skill_refused" }, result = { enabled = s.bool, hash = s.string },
}, function(ctx, p) return { enabled = true, hash = skills.enable(p.name, p.hash, who(ctx)).hash } end)

g:rpc("skills.disable", {
  summary = "Let the agent use a skill no more", roles = surface.OPERATOR, params = { name = name },
  errors = { "skill_not_found" }, result = { disabled = s.bool },
}, function(_, p) return { disabled = skills.disable(p.name) ~= nil } end)

g:rpc("skills.uninstall", {
  summary = "Delete a skill", roles = surface.OPERATOR, params = { name = name }, errors = { "skill_not_found" },
  result = { uninstalled = s.bool },
}, function(_, p) return { uninstalled = skills.uninstall(p.name) ~= nil } end)

local Update = s.object {
  { "name", s.string }, { "changed", s.bool }, { "hash", s.string }, { "previous_hash", text },
  { "was_enabled", s.bool:optional() }, { "added", texts:optional() }, { "removed", texts:optional() },
  { "changed_files", texts:optional() }, { "warnings", s.array(Warning):optional() },
  { "problem", text:describe "why it was not looked at; it is as it was" },
}

g:rpc("skills.update", {
  summary = "Fetch a skill, or all, from where they came; one that has changed is off", roles = surface.OPERATOR,
  params = { name = name:optional(), wait_s = wait_s }, timeout_s = 130,
  errors = { "skill_not_found", "skill_refused", "skill_changed", "skills_busy" },
  result = s.object { { "updated", s.bool:describe "whether any has changed" }, { "skills", s.array(Update) } },
}, function(ctx, p)
  local list, changed = json.array {}, false
  for i, one in ipairs(skills.update(p.name, who(ctx), p.wait_s)) do
    list[i], changed = one, changed or one.changed
  end
  return { updated = changed, skills = list }
end)

g:rpc("skills.search", {
  summary = "Look for skills in the index that skills.index_url names", roles = surface.READERS,
  params = { query = s.string { max = 200 }:default "" }, errors = { "skills_index", "skills_busy" },
  result = s.object {
    { "entries", s.array(s.object {
      { "name", s.string }, { "description", s.string }, { "version", s.string }, { "author", s.string },
      { "url", s.string }, { "tags", s.string:describe "with commas between them" },
    }) },
    { "note", text:describe "why there are none" },
  },
}, function(_, p)
  local found = skills.search(p.query)
  if not found then return { entries = json.array {}, note = "no index is set (skills.index_url)" } end
  return { entries = json.array(found) }
end)

return M
