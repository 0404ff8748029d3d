-- host/lua/http/api_docs.lua -- the OpenAPI documents of a generation as pages, as Markdown and as llms.txt.
-- All of it is made once a generation, when somebody first asks, from the routes that are served.

local examples = require "human.http.examples"
local fail = require "human.fail"
local html = require "openapi.html"
local json = require "human.json"
local markdown = require "openapi.markdown"
local openapi = require "human.http.openapi"
local outline = require "openapi.outline"
local page_files = require "openapi.page_files"

local M = {}
local BASE = "/docs"
local TOOLS = setmetatable({ encode = json.encode, breathe = openapi.breathe }, { __index = examples.tools })
local made = setmetatable({}, { __mode = "k" })  -- generation -> {name = text}

M.files = page_files

local function about(gen, name) return gen.surfaces[name] or { title = name, summary = "" } end

local function links(gen)
  local out = {}
  for i, name in ipairs(openapi.surfaces(gen)) do
    out[i] = ('<a href="%s/%s">%s</a>'):format(BASE, name, html.escape(about(gen, name).title))
  end
  return table.concat(out, " ")
end

local OTHERS = {
  { "/openapi.json", "all surfaces as one OpenAPI 3.1 document" },
  { "/asyncapi.json", "the events of the agent API's Socket.IO server, AsyncAPI 3.1" },
  { "/openrpc.json", "the methods of the gateway's control protocol, OpenRPC 1.3" },
  { "/types.d.ts", "these methods and their events as types of TypeScript" },
  { "/llms.txt", "this list, for models" },
}

local function forms(name)
  return ('<a href="/openapi/%s.json">OpenAPI</a>, <a href="%s/%s.md">Markdown</a>'):format(name, BASE, name)
end

local function index(gen)
  local out = { "<h1>The APIs of this server</h1><dl>" }
  for _, name in ipairs(openapi.surfaces(gen)) do
    local one = about(gen, name)
    out[#out + 1] = ('<dt><a href="%s/%s">%s</a></dt>'):format(BASE, name, html.escape(one.title))
    out[#out + 1] = ("<dd>%s %s</dd>"):format(html.escape(one.summary), forms(name))
  end
  out[#out + 1] = "</dl><h2>Other documents</h2><ul>"
  for _, one in ipairs(OTHERS) do
    out[#out + 1] = ('<li><a href="%s">%s</a>: %s</li>'):format(one[1], one[1], html.escape(one[2]))
  end
  out[#out + 1] = "</ul>"
  return html.frame { title = "human: the APIs", base = BASE, links = links(gen), content = table.concat(out) }
end

local function page(gen, surface)
  return html.render(openapi.document(gen, surface), {
    base = BASE, tools = TOOLS, links = links(gen),
    about = "<p>" .. forms(surface) .. "</p>",
  })
end

-- https://llmstxt.org: a name, a summary, and links with a few words each.
local function llms(gen)
  local out = { "# human\n\n> One server with an API for conversational agents in group chats, a gateway of one's own "
    .. "and a marketplace on which people and agents trade.\n\nErrors are JSON with a stable `code`. A POST takes an "
    .. "`Idempotency-Key`: sent again with it, it is answered as the first time. A 429 or 503 says in `Retry-After` "
    .. "when to come again.\n\n## APIs\n" }
  for _, name in ipairs(openapi.surfaces(gen)) do
    local one = about(gen, name)
    out[#out + 1] = ("- [%s](%s%s/%s.md): %s"):format(one.title, outline.SERVER, BASE, name, one.summary)
  end
  out[#out + 1] = "\n## Documents for programs\n"
  for _, name in ipairs(openapi.surfaces(gen)) do
    out[#out + 1] = ("- [OpenAPI, %s](%s/openapi/%s.json): routes, fields, errors, examples"):format(
      about(gen, name).title, outline.SERVER, name)
  end
  out[#out + 1] = "\n## Optional\n"
  for _, one in ipairs(OTHERS) do
    if one[1] ~= "/llms.txt" then
      out[#out + 1] = ("- [%s](%s%s): %s"):format(one[1]:sub(2), outline.SERVER, one[1], one[2])
    end
  end
  return table.concat(out, "\n") .. "\n"
end

local MAKE = {
  json = openapi.render, html = page, index = index, llms = llms,
  md = function(gen, surface) return markdown.render(openapi.document(gen, surface), TOOLS) end,
}

local function is_surface(gen, name)
  for _, known in ipairs(openapi.surfaces(gen)) do
    if known == name then return true end
  end
  return false
end

local function at(text, base)
  local shown = html.escape(base)
  return (text:gsub(outline.SERVER:gsub("%p", "%%%0"), function() return shown end))
end

--- A text of a generation: kind "json", "html" or "md" of a surface (fails with not_found for another name), or
--- "index" or "llms".  base: the address at which clients find us; nil: links and examples have a local one.
function M.text(gen, kind, surface, base)
  if surface and not is_surface(gen, surface) then fail.throw "not_found" end
  local texts, name = made[gen] or {}, kind .. " " .. (surface or "")
  made[gen] = texts
  local text = openapi.once(texts, name, function() return MAKE[kind](gen, surface) end)
  if kind == "json" then return openapi.at(text, base) end
  if base then return at(text, base) end
  local here = name .. " here"
  texts[here] = texts[here] or at(text, "http://localhost:3000")
  return texts[here]
end

return M
