-- host/lua/cursor.lua -- keyset pagination with opaque cursors.
-- A cursor holds the last row's position in the order.  It is bound to the route, the caller, the order and the filters
-- that it was made for, and refused with others.  It grants no access, since every page is filtered anew: it is
-- checked, but not secret, and every host of a database accepts it.

local blame = require "human.core.blame"
local crypto = require "human.crypto"
local host = require "human.core.host"
local json = require "human.json"

local M = {}
local Keyset, Page = {}, {}
local keyset_mt, page_mt = { __index = Keyset }, { __index = Page }
local CHECK, LABEL = 12, "human cursor 1"        -- bytes kept of the hash
local PLACE_MAX = 700                            -- bytes of a position; the text is at most 1,000
local PAGING = { after = true, limit = true }

local function column(c)
  local name, kind, direction = c[1], c[2], c[3] or "asc"
  local fine = type(name) == "string" and name:find "^[%a_][%w_.]*$" and type(kind) == "string"
    and kind:find "^%a[%w ]*$" and (direction == "asc" or direction == "desc")
  if not fine then blame.refuse 'cursor.keyset: a column is {name, type, "asc" | "desc"}' end
  return { name = name, kind = kind, direction = direction }
end

--- The order of a list: {{column, its type in PostgreSQL, "asc" | "desc"}, ..}, together unique and never null.  It
--- needs an index in the same order.  Made once, while a module loads.
function M.keyset(columns)
  local list, order, texts = {}, {}, {}
  for i, c in ipairs(columns) do
    list[i] = column(c)
    order[i], texts[i] = list[i].name .. " " .. list[i].direction, list[i].name .. "::text"
  end
  if #list == 0 then blame.refuse "cursor.keyset: it wants columns" end
  return setmetatable({ columns = list, order = table.concat(order, ", "),
    key = "json_build_array(" .. table.concat(texts, ", ") .. ") as page_key" }, keyset_mt)
end

-- A hash of everything that a cursor is bound to.
local function bound_to(keyset, ctx, asked)
  local filters = {}
  for name, value in pairs(asked) do
    if not PAGING[name] then filters[name] = value end
  end
  return json.encode_sorted { ctx.route.title, ctx.actor and ctx.actor.id or json.null, keyset.order, filters }
end

local function check_of(bound, place) return host.hmac_sha256(LABEL, #bound .. " " .. bound .. place):sub(1, CHECK) end

local function refuse(ctx)
  local message = "is no cursor of this list: take nextCursor of its last page, with the same filters"
  ctx:fail("validation_error", { message = "after " .. message, details = { { path = "after", message = message } } })
end

-- The position in a cursor, as texts of its columns.
local function read(keyset, ctx, text, bound)
  local bytes = #text <= 2 * PLACE_MAX and crypto.unbase64url(text)
  local place = bytes and bytes:sub(CHECK + 1)
  if not place or bytes:sub(1, CHECK) ~= check_of(bound, place) then refuse(ctx) end
  local values = json.decode(place)
  if type(values) ~= "table" or #values ~= #keyset.columns then refuse(ctx) end
  for i = 1, #values do                          -- anybody can compute the check
    if type(values[i]) ~= "string" or values[i]:find("\0", 1, true) then refuse(ctx) end
  end
  return values
end

-- The condition for rows after `place`: (a, b) > ($1, $2) if all columns have one direction; else by the first column
-- that differs.
local function behind(columns, first)
  local names, marks, same = {}, {}, true
  for i, c in ipairs(columns) do
    names[i], marks[i] = c.name, ("$%d::%s"):format(first + i - 1, c.kind)
    same = same and c.direction == columns[1].direction
  end
  local function operator(c) return c.direction == "asc" and " > " or " < " end
  if same then
    return "(" .. table.concat(names, ", ") .. ")" .. operator(columns[1]) .. "(" .. table.concat(marks, ", ") .. ")"
  end
  local ways = {}
  for i, c in ipairs(columns) do
    local parts = {}
    for j = 1, i - 1 do parts[j] = names[j] .. " = " .. marks[j] end
    parts[i] = names[i] .. operator(c) .. marks[i]
    ways[i] = "(" .. table.concat(parts, " and ") .. ")"
  end
  return "(" .. table.concat(ways, " or ") .. ")"
end

--- The requested page: asked.after (s.cursor, or nil for the first page), asked.limit, and the filters: all other
--- members.  first: the number of the statement's next parameter (1).  A page has the parts of the statement: key (one
--- more column), where, values() for its parameters, order and limit (one row more than is shown).
function Keyset:page(ctx, asked, first)
  local limit = asked.limit
  if type(limit) ~= "number" then blame.refuse "keyset:page: the page wants a limit" end
  local bound = bound_to(self, ctx, asked)
  local page = { keyset = self, bound = bound, key = self.key, order = self.order, limit = limit + 1, shown = limit,
                 where = "true", place = {} }
  if asked.after then
    page.place, page.where = read(self, ctx, asked.after, bound), behind(self.columns, first or 1)
  end
  return setmetatable(page, page_mt)
end

--- The parameters of `where`.
function Page:values() return unpack(self.place) end

--- The rows to show, and the cursor of the next page, or nil at the end.
function Page:take(rows)
  if #rows <= self.shown then return rows, nil end
  rows[#rows] = nil
  local place = rows[#rows].page_key
  if type(place) ~= "string" then error("page:take: the statement does not select page.key", 2) end
  if place:find("null", 1, true) and json.decode(place)[1] == json.null then error("page:take: a key is null", 2) end
  if #place > PLACE_MAX then error("page:take: a key is longer than " .. PLACE_MAX .. " bytes", 2) end
  return rows, crypto.base64url(check_of(self.bound, place) .. place)
end

return M
