-- scripts/gateway/release.lua -- installs what the operator's key has signed: a directory of its own below the root
-- "releases" (files.releases), into which the archive is unpacked, and a link to it, `current`, that is renamed into
-- place.  Whoever kills the server at any point leaves the old version in service or the new one, each of them whole.
-- The old one stays, and `previous` leads to it.  It works only where the program runs from there: what a package
-- manager or `make install` has put somewhere else belongs to them.

local config = require "human.config"
local crypto = require "human.crypto"
local db = require "human.db"
local fetch = require "human.fetch"
local files = require "human.files"
local log = require "human.log"
local system = require "human.system"
local task = require "human.task"
local semver = require "gateway.semver"
local update = require "gateway.update"
local addresses = require "gateway.web_address"

local M = {}

local PACKED_MAX, BYTES_MAX = 32 * 1048576, 64 * 1048576 -- limit: release archive
local ENTRIES_MAX, FETCH_S, WAIT_S, URL_MAX = 10000, 600, 8, 2000
local BEAT_S, GONE_S = 3, 15                     -- limit: interrupted update
local NAMES = { "human", "scripts" }             -- that a release has at least

M.sql = {
  begin = [[insert into gateway_updates (host, from_version, to_version, sha256) values ($1, $2, $3, $4)
    on conflict (host) where state = 'started' do nothing returning id]],
  finish = [[update gateway_updates set state = $2, error = $3, finished_at = human_now()
    where id = $1::bigint and state = 'started']],
  beat = "update gateway_updates set beat_at = clock_timestamp() where id = $1::bigint and state = 'started'",
  give_up = ([[update gateway_updates set state = 'failed', error = 'it was interrupted', finished_at = human_now()
    where state = 'started' and beat_at < clock_timestamp() - interval '%d seconds']]):format(GONE_S),
  running = "select to_version from gateway_updates where host = $1 and state = 'started'",
  last = ([[select to_version as version, started_at, finished_at,
      case when is_gone then 'failed' else state end as state,
      case when is_gone then 'it was interrupted' else error end as error
    from (select *, state = 'started' and beat_at < clock_timestamp() - interval '%d seconds' as is_gone
      from gateway_updates order by id desc limit 1) as u]]):format(GONE_S),
}

local function place_of(version) return "releases/" .. version end

-- The root, if the program runs from a release in it; nil, a code and why not.
local function root_of()
  local root = files.root "releases"
  local name = root:running()
  if name and name:find "^releases/[^/]+/human$" then return root end
  return nil, "updates_not_installed"
end

-- What was signed for this machine: {url, size, sha256}; or nil and why there is none.
local function artifact_of(said)
  local platform = system.platform()
  local a = type(said.artifacts) == "table" and said.artifacts[platform]
  if type(a) ~= "table" then return nil, "there is no artifact for " .. platform end
  local address, why = addresses.read(a.url, URL_MAX)
  if not address then return nil, "its artifact has no address: " .. why end
  if type(a.size) ~= "number" or a.size % 1 ~= 0 or a.size < 1 or a.size > PACKED_MAX then
    return nil, ("its artifact has no size from 1 to %d bytes"):format(PACKED_MAX)
  end
  if type(a.sha256) ~= "string" or not a.sha256:find "^%x+$" or #a.sha256 ~= 64 then
    return nil, "its artifact has no sha256"
  end
  return { url = address.url, size = a.size, sha256 = a.sha256:lower() }
end

-- The bytes that were signed; or nil and what came instead.
local function get(artifact)
  local answer, err = fetch { url = artifact.url, guard = true, timeout_s = FETCH_S, max_bytes = artifact.size }
  if not answer then return nil, "it was not fetched: " .. err.message end
  if answer.status ~= 200 then return nil, ("its server answered %d"):format(answer.status) end
  if #answer.body ~= artifact.size then return nil, "it is not as large as was signed" end
  if crypto.sha256_hex(answer.body) ~= artifact.sha256 then return nil, "its SHA-256 is not the one that was signed" end
  return answer.body
end

local function unpack_into(root, place, artifact)
  local bytes, why = get(artifact)
  if not bytes then return nil, why end
  local made, failed = root:mkdir "releases"
  if not made then return nil, failed end
  local n, wrong, code = files.unpack(bytes, root, place, { max_entries = ENTRIES_MAX, max_bytes = BYTES_MAX })
  if not n and code ~= "exists" then return nil, wrong end
  return true
end

-- Puts a release where it belongs, unless it is there, and has the link lead to it.
local function install(root, version, artifact)
  local place = place_of(version)
  if not root:stat(place) then
    local ok, why = unpack_into(root, place, artifact)
    if not ok then return nil, why end
  end
  for _, name in ipairs(NAMES) do
    local there, why = root:stat(place .. "/" .. name)
    if not there then return nil, why end
  end
  return root:switch(place)
end

local RESTART = "Version %s is installed in %s: restart the server (systemctl restart human) to have it in service. "
  .. "To go back, let the link `current` lead where `previous` does."

-- Says that it goes on, until it is over.
local function beat(id, going)
  while going[1] do
    local ok, err = pcall(db.exec, M.sql.beat, id)
    if not ok then log.debug("that an update goes on was not noted", { error = tostring(err) }) end
    task.sleep(BEAT_S)
  end
end

local function carry_out(root, version, artifact, id)
  local going = { true }
  task.detach(beat, id, going)
  local carried, ok, why = pcall(install, root, version, artifact)
  going[1] = false
  if not carried then ok, why = nil, "the server failed (internal)" end
  db.exec(M.sql.finish, id, ok and "installed" or "failed", why)
  if ok then
    log.info("a newer version was installed; it waits for a restart", { version = version })
    return { status = "updated", version = version, restart_required = true,
             message = RESTART:format(version, root.dir) }
  end
  log.warn("a newer version was not installed", { version = version, error = why })
  return nil, "update_failed", "The newer version was not installed, and nothing has changed: " .. why
end

local function started(version)
  return { status = "started", version = version, restart_required = true,
           message = "It is being fetched; the log and update.check say when it is installed." }
end

-- Begins it as a task of its own, which goes on when its client does not wait.
local function begin(root, version, artifact, id)
  local waiting, result = task.current(), nil
  task.detach(function()
    result = { pcall(carry_out, root, version, artifact, id) }
    if not result[1] then log.error("a newer version was not installed", { error = tostring(result[2]) }) end
    task.wake(waiting)
  end)
  local until_at = task.clock() + WAIT_S
  while not result and task.clock() < until_at do task.wait(until_at - task.clock()) end
  if not result then return started(version) end
  if not result[1] then return nil, "update_failed" end
  return result[2], result[3], result[4]
end

-- Whether it is to be installed here and now: the row's id; or nil, and what the client is told.
local function claim(host, current, version, artifact)
  db.exec(M.sql.give_up)
  local id = db.value(M.sql.begin, host, current, version, artifact.sha256)
  if id then return id end
  return nil, started(db.value(M.sql.running, host) or version)
end

--- What was installed last, or is: {version, state, error, started_at, finished_at}; nil: nothing ever was.
function M.last() return db.row(M.sql.last) end

--- Installs the newest version, if it is newer than this one: what update.run answers; or nil, a code, and why not.
function M.run()
  if config.files.releases == "" then return nil, "updates_not_installed" end
  local root, code = root_of()
  if not root then return nil, code end
  local said, latest = update.read()
  if not said then return nil, "update_unknown", "It is not known whether there is a newer version: " .. latest end
  local current, version = system.health().version, update.plain(said.version)
  local mine = semver.parse(current)
  if not mine or semver.compare(mine, latest) >= 0 then
    return { status = "current", version = current, restart_required = false, message = "There is no newer version." }
  end
  local artifact, why = artifact_of(said)
  if not artifact then return nil, "update_failed", "The newer version cannot be installed here: " .. why end
  local id, other = claim(system.health().instance, current, version, artifact)
  if not id then return other end
  return begin(root, version, artifact, id)
end

return M
