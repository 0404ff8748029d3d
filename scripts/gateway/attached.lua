-- scripts/gateway/attached.lua -- what comes with a message: images that the model sees, and texts that it reads.
-- A file's bytes decide what it is, not its name or its sender. Anything else is refused in words. Pure.

local crypto = require "human.crypto"
local json = require "human.json"
local images = require "agent.attachments"
local limits = require "gateway.rules.limits"
local texts = require "agent.texts"
local cut = require("human.text").cut

local M = {}

local NAME_MAX = 200
local OPENS = "images (PNG, JPEG, GIF, WebP) and texts can be opened"

local NAMES = {
  photo = "photos", voice = "voice messages", audio = "audio", video = "videos", video_note = "videos",
  animation = "animations", document = "this kind of file", sticker = "stickers",
}

local function megabytes(n) return ("%.1f MB"):format(n / 1048576) end

local function name_of(name)
  name = type(name) == "string" and texts.valid(cut(name, NAME_MAX)):gsub("%c+", " ") or ""
  return name ~= "" and name or nil
end

--- One file by its bytes: {type = "image", mediaType, data (base64), name} or {type = "file", text, name}; or nil and
--- why it cannot be opened.
function M.of(bytes, name)
  local media_type = images.kind_of(bytes)
  name = name_of(name)
  if media_type and #bytes > limits.attached_image_bytes then
    return nil, "an image may have " .. megabytes(limits.attached_image_bytes)
  end
  if media_type then
    return { type = "image", mediaType = media_type, data = crypto.base64(bytes), name = name }
  end
  if bytes == "" then return nil, "it is empty" end
  if bytes:find("\0", 1, true) or texts.valid(bytes) ~= bytes then return nil, OPENS end
  if #bytes > limits.attached_text_bytes then
    return nil, "a text may have " .. math.floor(limits.attached_text_bytes / 1024) .. " KB"
  end
  return { type = "file", text = bytes, name = name }
end

--- Adds a file to a message's, where together they are no more than one message may bring; true, or nil and why not.
function M.add(list, file)
  local text, image = #(file.text or ""), #(file.data or "")
  for _, a in ipairs(list) do text, image = text + #(a.text or ""), image + #(a.data or "") end
  if text > limits.attached_text_bytes then
    return nil, "the texts of a message may have " .. math.floor(limits.attached_text_bytes / 1024) .. " KB"
  end
  if image > limits.attached_images_bytes / 3 * 4 + 12 then
    return nil, "the images of a message may have " .. megabytes(limits.attached_images_bytes)
  end
  list[#list + 1] = file
  return true
end

local function bytes_of(data)
  if type(data) ~= "string" then return nil end
  local at = data:sub(1, 5):lower() == "data:" and data:sub(1, 200):find(",", 1, true)
  return crypto.unbase64(at and data:sub(at + 1) or data)
end

local function sent(one)
  if type(one) == "string" then one = json.decode(one) end
  if type(one) ~= "table" then return nil, "it is no object" end
  local bytes = bytes_of(one.data or one.content)
  local name = one.name or one.fileName
  if not bytes then return nil, "data must be a data: URL in base64, or content base64", name end
  local file, why = M.of(bytes, name)
  return file, why, name
end

--- Those that a client has sent: {name, data (a data: URL)} or {fileName, content (base64)}, each a table or its JSON.
--- Nil and a sentence if one cannot be taken: none is then.
function M.sent(list)
  local out = json.array()
  for i, one in ipairs(list or {}) do
    if i > limits.attached then return nil, ("A message may have %d attachments"):format(limits.attached) end
    local file, why, name = sent(one)
    local ok = file ~= nil
    if ok then ok, why = M.add(out, file) end
    if not ok then return nil, ("I can't open %s: %s"):format(name_of(name) or "attachment " .. i, why) end
  end
  return out
end

--- What the model reads of those that are texts, behind the message.
function M.words(list)
  local parts = {}
  for _, a in ipairs(list or {}) do
    local head = "\n\n[file " .. (a.name or "without a name") .. "]\n"
    if a.text then parts[#parts + 1] = head .. a.text .. "\n[end of the file]" end
  end
  return table.concat(parts)
end

local function called(a) return a.name and ('%s "%s"'):format(a.kind, a.name) or a.kind end

--- What the agent is told of what came besides words, line by line.  got: {files, notes = {{a = {kind, name}, why}, ..}
--- of what cannot be opened}.
function M.noted(message, got)
  local parts = {}
  for _, note in ipairs(got.notes) do
    parts[#parts + 1] = ("[%s: you cannot open it (%s); say so]"):format(called(note.a), note.why)
  end
  if #got.files > 0 and message.text == "" then parts[#parts + 1] = ("[%d attached]"):format(#got.files) end
  return parts
end

--- What people are told where all of a message cannot be opened; nil: there is something to read.
function M.refusal(message, got)
  if message.text ~= "" or #got.files > 0 or #got.notes == 0 then return nil end
  local note = got.notes[1]
  return ("I can't open %s: %s. Please tell me in words."):format(NAMES[note.a.kind] or "this", note.why)
end

return M
