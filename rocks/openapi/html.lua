-- rocks/openapi/html.lua -- an OpenAPI document as a page: one file, its own style sheet and script (page_files.lua),
-- nothing of strangers.  Without the script all is there but the search.

local outline = require "openapi.outline"

local M = {}

local ENTITY = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function esc(text) return (tostring(text or ""):gsub('[&<>"]', ENTITY)) end

local function slug(text)
  local words = {}
  for word in text:lower():gmatch "%w+" do words[#words + 1] = word end
  return table.concat(words, "-")
end

--- A page's frame: title, the list beside it and its content, all of it HTML.  base: where its files are ("/docs").
function M.frame(o)
  return ([[<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>%s</title><link rel="stylesheet" href="%s/style.css">
<link rel="icon" href="%s/icon.svg">
<script src="%s/script.js" defer></script></head><body>
<header><a class="home" href="%s">human</a> %s</header>
<div class="columns">%s<main id="main">%s</main></div>
</body></html>
]]):format(esc(o.title), o.base, o.base, o.base, o.base, o.links or "", o.side or "", o.content)
end

local function note(row)
  local parts = {}
  for _, text in ipairs(row.limits) do parts[#parts + 1] = esc(text) end
  local limits = #parts > 0 and '<span class="limits">' .. table.concat(parts, "; ") .. "</span>" or ""
  local about = row.description and esc(row.description) or ""
  return about .. (about ~= "" and limits ~= "" and " " or "") .. limits
end

local function add_rows(out, rows)
  for _, row in ipairs(rows) do
    local deep = math.min(row.depth, 6)
    if row.label then
      out[#out + 1] = ('<tr class="alt"><th colspan="3" class="d%d" scope="colgroup">%s</th></tr>')
        :format(deep, esc(row.label))
    else
      out[#out + 1] = ('<tr><td class="d%d"><code>%s</code>%s</td><td>%s</td><td>%s</td></tr>'):format(deep,
        esc(row.name), row.required and ' <b title="required">*</b>' or "", esc(row.type), note(row))
    end
  end
end

local function fields(out, title, rows)
  if #rows == 0 then return end
  out[#out + 1] = ('<div class="wide" tabindex="0" role="group" aria-label="%s"><table><caption>%s</caption>'):format(
    esc(title), esc(title)) .. "<thead><tr><th>Field</th><th>Type</th><th>About</th></tr></thead><tbody>"
  add_rows(out, rows)
  out[#out + 1] = "</tbody></table></div>"
end

local function code(text) return '<pre tabindex="0"><code>' .. esc(text) .. "</code></pre>" end

local function more(out, title, content)
  out[#out + 1] = ("<details><summary>%s</summary>%s</details>"):format(esc(title), content)
end

local function key(item)
  if #item.keys == 0 then return "no key" end
  local parts = {}
  for i, name in ipairs(item.keys) do parts[i] = ('<a href="#key-%s">%s</a>'):format(esc(name), esc(name)) end
  return "key: " .. table.concat(parts, " or ") .. (item.is_key_optional and ", or none" or "")
end

local function answer(out, one)
  local inner = {}
  if one.mime and one.mime ~= "application/json" then
    inner[1] = ("<p>%s: %s</p>"):format(esc(one.mime), esc(one.description))
  end
  if one.example then inner[#inner + 1] = code(one.example) end
  fields(inner, "Fields of the answer", one.rows)
  if #inner == 0 then inner[1] = "<p>No body.</p>" end
  more(out, "Answer " .. one.status, table.concat(inner))
end

local ERROR_HEAD = '<div class="wide" tabindex="0" role="group" aria-label="Errors"><table><thead><tr><th>Status</th>'
  .. "<th>Code</th><th>Meaning</th></tr></thead><tbody>"

local function refusals(out, list)
  if #list == 0 then return end
  local rows = {}
  for i, e in ipairs(list) do
    rows[i] = ("<tr><td>%s</td><td><code>%s</code></td><td>%s</td></tr>"):format(e.status, esc(e.code), esc(e.message))
  end
  more(out, ("Errors (%d)"):format(#list), ERROR_HEAD .. table.concat(rows) .. "</tbody></table></div>")
end

local function operation(out, item)
  out[#out + 1] = ('<article id="%s" data-words="%s"><h3><span class="m %s">%s</span> <code>%s</code> '):format(
    esc(item.id), esc((item.id .. " " .. item.path .. " " .. item.summary):lower()), item.method:lower(), item.method,
    esc(item.path)) .. ('<a class="at" href="#%s" aria-label="Link to %s">#</a></h3>'):format(item.id, item.id)
  out[#out + 1] = ("<p>%s%s.</p>"):format(item.deprecated and "<b>Deprecated.</b> " or "", esc(item.summary))
  if item.description then out[#out + 1] = ("<p>%s</p>"):format(esc(item.description)) end
  out[#out + 1] = ('<p class="meta"><code>%s</code> · %s%s</p>'):format(esc(item.id), key(item),
    item.is_repeatable and " · takes an <code>Idempotency-Key</code>" or "")
  fields(out, "Path", item.path_fields)
  fields(out, "Query", item.query)
  fields(out, "Headers", item.headers)
  fields(out, item.mime and item.mime ~= "application/json" and "Body, " .. item.mime or "Body", item.body)
  out[#out + 1] = code(item.curl)
  for i = 2, #item.examples do more(out, ("Body, example %d"):format(i), code(item.examples[i])) end
  for _, one in ipairs(item.answers) do answer(out, one) end
  refusals(out, item.errors)
  out[#out + 1] = "</article>"
end

local function side(view)
  local out = { '<nav aria-label="Operations"><details open><summary>Operations</summary>'
    .. '<label for="search">Search</label>'
    .. '<input id="search" type="search" autocomplete="off" placeholder="path, name or words">'
    .. '<p id="found" role="status"></p><ul>' }
  for _, tag in ipairs(view.tags) do
    out[#out + 1] = ('<li><a class="tag" href="#%s">%s</a><ul>'):format(slug(tag.name), esc(tag.name))
    for _, item in ipairs(tag.operations) do
      out[#out + 1] = ('<li data-for="%s"><a href="#%s"><span class="m %s">%s</span> %s</a></li>'):format(esc(item.id),
        esc(item.id), item.method:lower(), item.method, esc(item.path))
    end
    out[#out + 1] = "</ul></li>"
  end
  out[#out + 1] = "</ul></details></nav>"
  return table.concat(out)
end

local function keys(out, list)
  if #list == 0 then return end
  out[#out + 1] = "<h2>Keys</h2><dl>"
  for _, one in ipairs(list) do
    out[#out + 1] = ('<dt id="key-%s"><code>%s</code>, in <code>%s</code></dt><dd>%s</dd>'):format(esc(one.name),
      esc(one.name), esc(one.header), esc(one.text))
  end
  out[#out + 1] = "</dl>"
end

--- The page of a document.  options: base ("/docs"), links (HTML beside the name), tools (as for outline.read).
function M.render(doc, options)
  local view, out = outline.read(doc, options.tools), {}
  out[1] = ("<h1>%s</h1><p>%s</p>%s"):format(esc(view.title), esc(view.summary), options.about or "")
  keys(out, view.keys)
  for _, tag in ipairs(view.tags) do
    out[#out + 1] = ('<section><h2 id="%s">%s</h2>'):format(slug(tag.name), esc(tag.name))
    for _, item in ipairs(tag.operations) do operation(out, item) end
    out[#out + 1] = "</section>"
  end
  return M.frame { title = view.title, base = options.base, links = options.links, side = side(view),
                   content = table.concat(out, "\n") }
end

M.escape = esc

return M
