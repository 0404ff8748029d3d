-- scripts/gateway/mcp/store.lua -- rows of servers of the Model Context Protocol and of their tools: the latest list,
-- and what is allowed. A tool is allowed as one definition; it is off while its server says something else.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local log = require "human.log"
local cut = require("human.text").cut

local M = {}

M.sql = {
  lock = [[insert into gateway_mcp_servers (name, identity) values ($1, $2)
    on conflict (name) do update set tried_at = human_now()]],
  listed = [[update gateway_mcp_servers set identity = $2, title = $3, listed_at = human_now(), tried_at = human_now(),
      error = null where name = $1]],
  is_older = "select true from gateway_mcp_servers where name = $1 and older_identity = $2",
  note_older = [[insert into gateway_mcp_servers (name, identity, older_identity) values ($1, $2, $3)
    on conflict (name) do update set older_identity = excluded.older_identity]],
  failed = [[insert into gateway_mcp_servers (name, identity, error) values ($1, $2, $3)
    on conflict (name) do update set error = excluded.error, tried_at = human_now()]],
  gone = "update gateway_mcp_tools set is_listed = false where server = $1 and is_listed",
  put = [[insert into gateway_mcp_tools (server, tool, name, description, parameters, is_read_only, hash, problem)
    select $1, tool, name, description, parameters, is_read_only, hash, problem
    from json_to_recordset($2::json) as t (tool text, name text, description text, parameters text,
      is_read_only boolean, hash text, problem text)
    on conflict (server, tool) do update set name = excluded.name, description = excluded.description,
      parameters = excluded.parameters, is_read_only = excluded.is_read_only, hash = excluded.hash,
      problem = excluded.problem, is_listed = true]],
  forget = "delete from gateway_mcp_tools where server = $1 and not is_listed and allowed_hash is null",
  changed = [[select name from gateway_mcp_tools
    where server = $1 and is_listed and allowed_hash not in ('', hash) order by name]],
  servers = "select name, identity, title, listed_at, error from gateway_mcp_servers order by name limit 1000",
  tools = [[select t.server, t.tool, t.name, t.description, t.parameters, t.is_read_only, t.hash, t.problem,
      t.is_listed, t.allowed_hash, t.allowed_by, s.identity
    from gateway_mcp_tools t join gateway_mcp_servers s on s.name = t.server
    where t.server in (select jsonb_array_elements_text($1::jsonb)) order by t.name limit 2000]],
  tool = [[select t.server, t.tool, t.name, t.description, t.parameters, t.is_read_only, t.hash, t.problem,
      t.is_listed, t.allowed_hash, t.allowed_by, s.identity
    from gateway_mcp_tools t join gateway_mcp_servers s on s.name = t.server where t.name = $1]],
  allow = [[update gateway_mcp_tools set allowed_hash = hash, allowed_by = $2, allowed_at = human_now()
    where name = $1 and hash = $3]],
  forbid = [[update gateway_mcp_tools set allowed_hash = '', allowed_by = $2, allowed_at = human_now()
    where name = $1]],
  adopt = [[update gateway_mcp_tools set allowed_hash = hash, allowed_by = $2, allowed_at = human_now()
    where name in (select jsonb_array_elements_text($1::jsonb)) and allowed_hash is null]],
}

local function names(list) return json.encode(json.array(list)) end

local COLUMNS = { "tool", "name", "description", "parameters", "is_read_only", "hash", "problem" }

local function rows_of(tools)
  local rows = json.array {}
  for i, tool in ipairs(tools) do
    rows[i] = {}
    for _, column in ipairs(COLUMNS) do rows[i][column] = tool[column] end
  end
  return json.encode(rows)
end

-- Opening a server fails with a text, which people see: what a database says is for the log.
local function ours(fn)
  return function(...)
    local ok, value = pcall(fn, ...)
    if ok then return value end
    if tostring(value) == "canceled" then error(value, 0) end
    log.warn("rows of a source of tools", { error = tostring(value) })
    error(("the gateway could not look at its own notes (%s)"):format(fail.is(value) and value.code or "internal"), 0)
  end
end

--- What a server has listed: rows of gateway.mcp.words.tool.  Returns the names of tools that were allowed as something
--- else.
M.keep = ours(function(server, title, tools)
  return db.tx(function(tx)
    tx:exec(M.sql.lock, server.name, server.identity)
    tx:exec(M.sql.gone, server.name)
    tx:exec(M.sql.put, server.name, rows_of(tools))
    tx:exec(M.sql.forget, server.name)
    tx:exec(M.sql.listed, server.name, server.identity, cut(title, 100))
    local changed = {}
    for i, row in ipairs(tx:query(M.sql.changed, server.name)) do changed[i] = row.name end
    return changed
  end)
end)

--- Whether it is known of a server that it speaks older revisions only.
M.is_older = ours(function(server) return db.value(M.sql.is_older, server.name, server.identity) == true end)

--- Notes that, for all workers, or that it is not so any more.
M.note_older = ours(function(server, is_older)
  db.exec(M.sql.note_older, server.name, server.identity, is_older and server.identity or nil)
end)

function M.failed(server, why) db.exec(M.sql.failed, server.name, server.identity, cut(why, 500)) end

--- All servers that were ever asked, by name.
function M.servers()
  local by_name = {}
  for _, row in ipairs(db.query(M.sql.servers)) do by_name[row.name] = row end
  return by_name
end

--- The tools of these servers.
function M.tools(servers) return db.query(M.sql.tools, names(servers)) end

--- The tool that the model calls so, or nil.
function M.tool(name) return db.row(M.sql.tool, name) end

--- Allows a tool with this definition; whether it (still) has it.
function M.allow(name, by, hash) return db.exec(M.sql.allow, name, by, hash) > 0 end

--- Switches it off, also where the settings name it.
function M.forbid(name, by) return db.exec(M.sql.forbid, name, by) > 0 end

--- Allows those of these that never were.
function M.adopt(list, by) return db.exec(M.sql.adopt, names(list), by) end

return M
