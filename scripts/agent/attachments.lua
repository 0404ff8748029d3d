-- scripts/agent/attachments.lua -- attachments of a message: images that models see, and files that they get a note of.
-- Nothing is ever fetched here.  An image that comes as a data URL is stored beside the log; the address of any other
-- is passed on, unless it points into a private network, since a model server may fetch it.

local crypto = require "human.crypto"
local db = require "human.db"
local id = require "human.id"
local json = require "human.json"
local s = require "human.schema"
local limits = require "agent.rules.limits"

local M = {}

local HEAD_BYTES, URL_CHARS = 100, 2048
local IMAGES = {                                 -- the types that models read, and their magic bytes
  ["image/png"] = "^\137PNG", ["image/jpeg"] = "^\255\216\255", ["image/gif"] = "^GIF8",
  ["image/webp"] = "^RIFF....WEBP",
}
local ENDINGS = { png = true, jpg = true, jpeg = true, gif = true, webp = true }

M.sql = {
  insert = [[insert into agent_images (id, agent_id, event_id, media_type, data)
    select v->>'id', $1, $2, v->>'mediaType', v->>'data' from jsonb_array_elements($3::jsonb) v]],
  trim = [[delete from agent_images where agent_id = $1 and id <= (select id from agent_images where agent_id = $1
    order by id desc offset $2 limit 1)]],
  forget = "delete from agent_images where event_id = $1",
  load = [[select id, media_type, data from agent_images
    where agent_id = $1 and id in (select jsonb_array_elements_text($2::jsonb))]],
}

-- As platforms send it.
M.schema = s.object({
  { "url", s.string { min = 1 }:optional():describe "https://…, or a data URL: a PNG, JPEG, GIF or WebP image" },
  { "data", s.string { min = 1 }:optional():describe "Instead of url: such an image, in base64" },
  { "type", s.string { max = 50 }:optional():describe "image, file, audio, …; without it the address says" },
  { "mediaType", s.string { max = 100 }:optional() },
  { "name", s.string { max = 200 }:optional() },
}, { extra = "drop" })

-- The same for the API documents, whose schema cannot describe image data: an address, or a PNG.
local ABOUT = { { "type", s.string { max = 50 }:nullable():optional() },
                { "mediaType", s.string { max = 100 }:nullable():optional() },
                { "name", s.string { max = 200 }:nullable():optional() } }
M.shown = s.one_of {
  s.object({ { "url", s.string { max = URL_CHARS, regex = "^https?://[!-.0-~]+(?:/[!-~]*)?$" }
    :describe "An address; or a data URL with a PNG, JPEG, GIF or WebP image in base64" }, unpack(ABOUT) },
    { extra = "drop" }),
  s.object({ { "data", s.string { regex = "^iVBORw0KGgo[A-Za-z0-9+/](?:[A-Za-z0-9+/]{4})*$" }
    :describe "Such an image in base64; JPEG, GIF and WebP are taken as well" }, unpack(ABOUT) },
    { extra = "drop" }),
}

-- Reading -----------------------------------------------------------------------------------------

--- The type of an image by its bytes, or nil; the type that the sender declares is not trusted.
function M.kind_of(bytes)
  local head = bytes:sub(1, 16)
  for media_type, pattern in pairs(IMAGES) do
    if head:find(pattern) then return media_type end
  end
end

local function data_of(text)
  local comma = text:sub(1, 5):lower() == "data:" and text:sub(1, HEAD_BYTES):find(";base64,", 1, true)
  local data = comma and text:sub(comma + 8) or text
  local bytes = crypto.unbase64(data)
  local media_type = bytes and M.kind_of(bytes)
  if not media_type then return nil, "must be a PNG, JPEG, GIF or WebP image in base64" end
  return { mediaType = media_type, data = data, bytes = #bytes }
end

local function address_of(a)
  if #a.url > URL_CHARS then return nil, "must have at most 2,048 characters" end
  if not a.url:find "^https?://[^%s%c/]+" or a.url:find "[%s%c]" then return nil, "must be an http(s) or data URL" end
  return { url = a.url, mediaType = a.mediaType }
end

-- Checks one attachment that has passed the schema.  Returns it, or nil, the problem and the field.
local function read(a)
  local field = a.url and "url" or a.data and "data"
  if not field then return nil, "must be there, or data", "url" end
  local is_data = field == "data" or a.url:sub(1, 5):lower() == "data:"
  local out, why
  if is_data then out, why = data_of(a[field]) else out, why = address_of(a) end
  if not out then return nil, why, field end
  out.type, out.name = a.type, a.name
  return out
end

-- The attachments of a message as the log keeps them, except for `data`; or nil and details.
function M.read(list, path)
  local out = json.array()
  for i, a in ipairs(list) do
    local one, why, field = read(a)
    if not one then return nil, { { path = ("%s[%d].%s"):format(path, i - 1, field), message = why } } end
    out[i] = one
  end
  return out
end

-- Keeping -----------------------------------------------------------------------------------------

-- Takes the data out of a message and gives each an id.  Returns the images, for M.store.
function M.take(message)
  local images = json.array()
  for _, a in ipairs(message and message.attachments or {}) do
    if a.data then
      a.id = id.new()
      images[#images + 1] = { id = a.id, mediaType = a.mediaType, data = a.data }
      a.data = nil
    end
  end
  return images
end

function M.store(tx, agent_id, event_id, images)
  if #images == 0 then return end
  tx:ask(M.sql.insert, agent_id, event_id, json.encode(images))
  tx:ask(M.sql.trim, agent_id, limits.images_kept)
end

function M.forget(tx, event_id) tx:exec(M.sql.forget, event_id) end

-- For the model -----------------------------------------------------------------------------------

function M.is_image(a)
  if a.mediaType then return IMAGES[a.mediaType:lower()] ~= nil end
  if a.type then return a.type == "image" end
  local ending = a.url:match("^[^?#]*"):match "%.(%w+)$"
  return ending ~= nil and ENDINGS[ending:lower()] or false
end

-- Whether this is a public host name, as far as one can tell without a DNS lookup.
local function is_public(url)
  local host = url:match "^https://([%w.-]+)[/?#]" or url:match "^https://([%w.-]+)$"
  local top = host and host:match "%.(%a[%w-]*)$"
  return top ~= nil and not (top == "local" or top == "localhost" or top == "internal" or top == "arpa")
end

local function wanted(lines)
  local list, ids = {}, json.array()
  for i = #lines, 1, -1 do
    local here = lines[i].attachments or {}
    for k = #here, 1, -1 do
      local a = here[k]
      if #list == limits.prompt_images then return list, ids end
      if M.is_image(a) and (a.id or is_public(a.url)) then
        list[#list + 1] = { line = lines[i], a = a }
        if a.id then ids[#ids + 1] = a.id end
      end
    end
  end
  return list, ids
end

-- Attaches the newest images of a chat to their lines, for agent.prompt: line.images = {{url} or {media_type, data}}.
function M.show(agent_id, lines)
  local list, ids = wanted(lines)
  local by_id = {}
  for _, row in ipairs(#ids > 0 and db.query(M.sql.load, agent_id, json.encode(ids)) or {}) do by_id[row.id] = row end
  for i = #list, 1, -1 do
    local line, a = list[i].line, list[i].a
    local image = not a.id and { url = a.url } or by_id[a.id] and { media_type = a.mediaType, data = by_id[a.id].data }
    line.images = line.images or {}
    if image then table.insert(line.images, image) end
  end
end

return M
