-- scripts/gateway/skills/text.lua -- what a skill says of itself: the front matter of SKILL.md, or a manifest in JSON.
-- Pure.  All of it was written by strangers: types are checked, sizes are bounded, what is shown on a line is one.

local json = require "human.json"
local limits = require "gateway.rules.skills"
local pack = require "gateway.skills.pack"
local texts = require "agent.texts"
local trim = require("human.text").trim
local cut = require("human.text").cut
local yaml = require "yaml"

local M = {}

local FRONT_BYTES, WORD_BYTES, LIST_MAX, JSON_BYTES = 32768, 300, 64, 16384
local BODY_BYTES = 262144
local YAML = { max_bytes = FRONT_BYTES, max_depth = 16, max_nodes = 2000, null = json.null, array = json.array }

--- A text on one line, without what cannot be seen: at most `max` bytes.
function M.line(text, max)
  text = pack.visible(texts.valid(text)):gsub("[%c\127]", " ")
  return cut(trim((text:gsub("  +", " "))), max)
end

local function is_object(v) return type(v) == "table" and v ~= json.null and not json.is_array(v) end

-- A word, or a number that stands for one; nil for anything else.
local function word(v, max)
  if type(v) == "number" then v = ("%.14g"):format(v) end
  if type(v) ~= "string" then return nil end
  v = M.line(v, max or WORD_BYTES)
  return v ~= "" and v or nil
end

-- A list of words, also as one text with commas or spaces between them that are in no brackets.
local function words(v)
  local out = json.array {}
  local function add(one)
    one = word(one)
    if one and #out < LIST_MAX then out[#out + 1] = one end
  end
  if type(v) == "string" then
    v = cut(v, JSON_BYTES):gsub("%b()", function(inner) return (inner:gsub("[%s,]", "\1")) end) -- linear: bounded
    for one in v:gmatch "[^%s,]+" do add((one:gsub("\1", " "))) end
  elseif type(v) == "table" and v ~= json.null and json.is_array(v) then
    for _, one in ipairs(v) do add(one) end
  end
  return out
end

-- What else an agent calls the same: metadata.openclaw and metadata.clawdbot.
local function own_metadata(front)
  local metadata = front.metadata
  if type(metadata) == "string" and #metadata <= JSON_BYTES then metadata = json.decode(metadata) end
  if not is_object(metadata) then return {}, {} end
  for _, name in ipairs { "human", "openclaw", "clawdbot" } do
    if is_object(metadata[name]) then return metadata, metadata[name] end
  end
  return metadata, {}
end

local function requires_of(own, front)
  local asked = is_object(own.requires) and own.requires or is_object(front.requires) and front.requires or {}
  return { bins = words(asked.bins), any_bins = words(asked.anyBins or asked.any_bins), env = words(asked.env),
           os = words(own.os or asked.os or front.os), skills = words(front.dependencies) }
end

-- Names of the front matter by which other agents run something.
local COMMANDS = { "command", "command-dispatch", "command-tool", "hooks", "install", "scripts", "run" }

local function commands_of(own, front)
  local found = json.array {}
  for _, name in ipairs(COMMANDS) do
    if front[name] ~= nil and front[name] ~= json.null or own[name] ~= nil and own[name] ~= json.null then
      found[#found + 1] = name
    end
  end
  return found
end

local function json_of(v)
  if not is_object(v) then return nil end
  local text = json.encode_sorted(v)
  return #text <= JSON_BYTES and text or nil
end

local function about_of(front)
  local metadata, own = own_metadata(front)
  local tools = front["allowed-tools"] or front.allowed_tools or front.tools
  return {
    version = word(front.version) or word(metadata.version), author = word(front.author) or word(metadata.author),
    license = word(front.license), homepage = word(front.homepage or own.homepage), tags = words(front.tags),
    says = word(front.name), allowed_tools = tools ~= nil and tools ~= json.null and words(tools) or nil,
    requires = requires_of(own, front), commands = commands_of(own, front), parameters = json_of(front.parameters),
  }
end

local function skill_of(front, body)
  local description = word(front.description, limits.description_chars + 1)
  if not description then return nil, "it has no description, which says when it is of use" end
  if #description > limits.description_chars then
    return nil, ("its description is longer than %d bytes"):format(limits.description_chars)
  end
  if #body > BODY_BYTES then return nil, ("its text is longer than %d bytes"):format(BODY_BYTES) end
  return { description = description, body = body, about = about_of(front),
           is_listed = front["disable-model-invocation"] ~= true }
end

local function read_markdown(text)
  if text:find "^%s*<[!%a]" then return nil, "it is a web page, not a skill: give the address of the file itself" end
  local front, body = yaml.front_matter(text, YAML)
  if not front then return nil, "SKILL.md: its front matter is no YAML: " .. cut(texts.valid(tostring(body)), 300) end
  if not is_object(front) then return nil, "SKILL.md: its front matter is no list of names and values" end
  return front, trim(body)
end

local function read_manifest(text)
  local front, why = json.decode(text)
  if not is_object(front) then
    return nil, "the manifest " .. (why and cut(tostring(why), 300) or "is no JSON object")
  end
  return front, type(front.system_prompt) == "string" and front.system_prompt or ""
end

--- What a skill (of gateway.skills.pack) says: {description, body, is_listed, about = {says (its name), version,
--- author, license, homepage, tags, allowed_tools (or nil: all), requires = {bins, any_bins, env, os, skills},
--- commands, parameters (JSON)}}; or nil and why it says nothing.
function M.read(skill)
  local by_path = {}
  for _, file in ipairs(skill.files) do by_path[file.path] = file end
  local file, manifest = by_path[skill.entry], by_path[pack.MANIFEST]
  if not file.is_text then return nil, skill.entry .. " is no text" end
  local is_plain = skill.entry == pack.BODY and manifest and not file.bytes:find "^%-%-%-"
  if is_plain and not manifest.is_text then return nil, manifest.path .. " is no text" end
  local read = (skill.entry ~= pack.BODY or is_plain) and read_manifest or read_markdown
  local front, body = read(is_plain and manifest.bytes or file.bytes)
  if not front then return nil, body end
  return skill_of(front, is_plain and trim(file.bytes) or body)
end

return M
