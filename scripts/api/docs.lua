-- scripts/api/docs.lua -- what people and models read about the APIs: pages at /docs, their Markdown, /llms.txt, and
-- one OpenAPI document for each surface.  All is made from the routes; the pages load nothing of strangers.

local api      = require "human.api"
local document = require "human.document"
local s        = require "human.schema"
local system   = require "human.system"

local OWN = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; "
  .. "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

local g = api.group { tag = "System", auth = false, agent_port = true }
local pages = api.group {
  tag = "System", auth = false, agent_port = true, headers = { "page", ["content-security-policy"] = OWN },
}

local MARKDOWN, PLAIN = "text/markdown; charset=utf-8", "text/plain; charset=utf-8"
local surface = s.string { max = 64, pattern = "^[%w_]+%.json$", form = "a surface's name and .json" }
local page = s.string { max = 64, pattern = "^[%w_]+%.?m?d?$", form = "a surface's name, with .md for Markdown" }

g:get("/openapi/{surface}", {
  summary = "The routes of one surface as an OpenAPI 3.1 document", params = { surface = surface },
  reply = { [200] = s.raw "application/json", [304] = false }, errors = { "not_found" },
}, function(ctx)
  local name = ctx.params.surface:gsub("%.json$", "")
  return document.answer(ctx, system.api_text(ctx, "json", name))
end)

g:get("/llms.txt", {
  summary = "What is here, for models (llmstxt.org)", reply = { [200] = s.raw(PLAIN), [304] = false },
}, function(ctx) return document.answer(ctx, system.api_text(ctx, "llms")) end)

pages:get("/docs", {
  summary = "The documentation of the APIs: a page that lists them",
  reply = { [200] = s.raw "text/html; charset=utf-8", [304] = false },
}, function(ctx) return document.answer(ctx, system.api_text(ctx, "index")) end)

pages:get("/docs/{page}", {
  summary = "The documentation of one surface: a page, or Markdown", params = { page = page },
  reply = { [200] = s.raw "*/*", [304] = false }, errors = { "not_found" },
}, function(ctx)
  local name, is_markdown = ctx.params.page:gsub("%.md$", "")
  local kind = is_markdown == 1 and "md" or "html"
  local status, text, headers = document.answer(ctx, system.api_text(ctx, kind, name))
  headers["content-type"] = kind == "md" and MARKDOWN or "text/html; charset=utf-8"
  return status, text, headers
end)

local FILES = { { "style", "css", "text/css; charset=utf-8" }, { "script", "js", "text/javascript; charset=utf-8" },
                { "icon", "svg", "image/svg+xml" } }

for _, file in ipairs(FILES) do
  local name, ending, mime = unpack(file)
  pages:get(("/docs/%s.%s"):format(name, ending), {
    summary = "Of the pages of the documentation: the " .. name,
    operation_id = "docs" .. name:sub(1, 1):upper() .. name:sub(2), reply = { [200] = s.raw(mime), [304] = false },
  }, function(ctx) return document.answer(ctx, system.docs_file(name)) end)
end

return {}
