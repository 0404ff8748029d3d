-- host/lua/document.lua -- public texts that rarely change: with an ETag, so that a client that has one already
-- gets a 304, and compressed for clients that accept it.
-- Never for answers that hold a secret beside client input: the compressed length would leak it.

local encoding = require "human.http.encoding"
local host = require "human.core.host"

local gmatch, gsub, format, byte = string.gmatch, string.gsub, string.format, string.byte

local M = {}
local KEPT = 48                -- documents whose hash and compressed forms are cached
local LEVEL = 6
local known, n_known = {}, 0   -- text -> {tag, gzip, deflate}

local function hex(bytes) return (gsub(bytes, ".", function(c) return format("%02x", byte(c)) end)) end

local function facts_of(text)
  local facts = known[text]
  if facts then return facts end
  if n_known >= KEPT then known, n_known = {}, 0 end
  facts = { tag = hex(host.sha256(text)):sub(1, 32) }
  known[text], n_known = facts, n_known + 1
  return facts
end

-- The text in a coding that the client accepts, and the name of that coding; or the plain text.
local function form_of(text, facts, accept)
  local coding = #text >= encoding.MIN_BYTES and encoding.choose(accept)
  if not coding then return text, nil end
  if facts[coding] == nil then facts[coding] = encoding.compress(coding, text, LEVEL) or false end
  if not facts[coding] then return text, nil end
  return facts[coding], coding
end

-- RFC 9110, 13.1.2: the weak comparison, so "W/" does not matter; any form of the text counts.
local function is_known(asked, tag)
  if not asked then return false end
  if asked == "*" then return true end
  for name in gmatch(asked, '"([^"]*)"') do
    if name == tag or name == tag .. "-gzip" or name == tag .. "-deflate" then return true end
  end
  return false
end

--- What a handler of GET returns for a document: return document.answer(ctx, text).  Its route declares
--- reply = { [200] = s.raw(mime), [304] = false }.
function M.answer(ctx, text)
  local facts = facts_of(text)
  local body, coding = form_of(text, facts, host.header(ctx.req, "accept-encoding"))
  local tag = coding and facts.tag .. "-" .. coding or facts.tag
  local headers = { etag = '"' .. tag .. '"', ["cache-control"] = "no-cache", vary = "Accept-Encoding" }
  if is_known(host.header(ctx.req, "if-none-match"), facts.tag) then return 304, nil, headers end
  headers["content-encoding"] = coding
  return 200, body, headers
end

return M
