-- scripts/gateway/channel/lark_texts.lua -- the text of a Lark message, by its type: its content is JSON inside a
-- string. Pure.

local json = require "human.json"
local untrusted = require "gateway.untrusted"

local id, object, objects, text = untrusted.id, untrusted.object, untrusted.objects, untrusted.text

local M = {}

local LINES_MAX, PARTS_MAX, NAME_MAX = 500, 200, 200

local KINDS = { file = "document", image = "photo", audio = "voice", media = "video" }

local function content_of(coded) return object(type(coded) == "string" and json.decode(coded) or nil) end

-- Mentions stand in a text as @_user_1: ours goes, others get their names.
local function named(said, mentions, is_us)
  local names, ids, to_me = { ["@_all"] = "@all" }, {}, false
  for _, one in ipairs(mentions) do
    ids[#ids + 1] = id(object(one.id).open_id)
    local ours = is_us(one)
    to_me = to_me or ours
    local name = ours and "" or "@" .. (text(one.name, NAME_MAX) or "somebody")
    if type(one.key) == "string" then names[one.key] = name end
  end
  said = said:gsub("@_[%w_]+", function(key) return names[key] end)
  return (said:gsub("^%s+", "")), to_me, ids
end

local function file(kind, key)
  return function(content)
    return nil, { { kind = kind, id = id(content[key]), name = text(content.file_name, NAME_MAX) } }
  end
end

-- A post is a list of lines, which are lists of parts; it may be wrapped in its language.
local function post(content)
  local lines, files = {}, {}
  if type(content.content) ~= "table" then content = object(content.zh_cn or content.en_us or content.ja_jp) end
  if text(content.title, 1000) then lines[1] = text(content.title, 1000) end
  for _, line in ipairs(objects(content.content, LINES_MAX)) do
    local parts = {}
    for _, part in ipairs(objects(line, PARTS_MAX)) do
      if part.tag == "img" then files[#files + 1] = { kind = "photo", id = id(part.image_key) } end
      if part.tag == "at" then parts[#parts + 1] = text(part.user_id, NAME_MAX) or "" end
      if part.tag ~= "at" then parts[#parts + 1] = text(part.text) or "" end
      local href = part.tag == "a" and text(part.href, 2000)
      if href and href ~= part.text then parts[#parts + 1] = " (" .. href .. ")" end
    end
    lines[#lines + 1] = table.concat(parts)
  end
  return table.concat(lines, "\n"), files[1] and files or nil
end

local READ = {
  text = function(content) return text(content.text) end,
  post = post, image = file("photo", "image_key"), file = file("document", "file_key"),
  audio = file("voice", "file_key"), media = file("video", "file_key"), sticker = file("sticker", "file_key"),
  location = function(content)
    return ("Location: %s (%s, %s)"):format(text(content.name, 300) or "?", text(content.latitude, 30) or "?",
      text(content.longitude, 30) or "?")
  end,
}

--- What a message says: {text, attachments, to_me, mentions = ids}.  mentions: those in it; is_us(mention).
function M.read(kind, coded, mentions, is_us)
  local fn = READ[type(kind) == "string" and kind or ""]
  local said, files
  if fn then said, files = fn(content_of(coded)) else files = { { kind = text(kind, 50) or "unsupported" } } end
  local words, to_me, ids = named(said or "", mentions, is_us)
  return { text = words ~= "" and words or nil, attachments = files, to_me = to_me, mentions = ids[1] and ids or nil }
end

--- The same of an event of the first version.
function M.read_v1(event)
  if event.msg_type == nil or event.msg_type == "text" or event.msg_type == "post" then
    return { text = text(event.text_without_at_bot) or text(event.text) }
  end
  local kind = text(event.msg_type, 50) or "unsupported"
  local key = id(event.image_key) or id(event.file_key)
  return { attachments = { { kind = KINDS[kind] or kind, id = key, name = text(event.file_name, NAME_MAX) } } }
end

return M
