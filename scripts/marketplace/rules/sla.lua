-- scripts/marketplace/rules/sla.lua -- how the platform itself asks whether tools are there.  Pure.
--% version: 1

local M = {
  every_s = 60,                    -- of each tool that somebody has subscribed to
  timeout_ms = 5000,
  at_once = 32,                    -- of those that answered the last time,
  at_once_down = 8,                -- and of those that did not, which hold the others up nowhere
  batch = 500,
  down_misses = 3,                 -- in a row, after which a tool that promises an uptime is in breach
  least_hosts = 3,                 -- that fail at once, before that may be our fault
  recent_s = 150,                  -- in which a tool that is there has answered
}

M.returns = {
  every_s = "integer 10..3600", timeout_ms = "integer 500..30000", at_once = "integer 1..200",
  at_once_down = "integer 1..200", batch = "integer 1..5000", down_misses = "integer 1..60",
  least_hosts = "integer 2..1000", recent_s = "integer 20..86400",
  address = "string", is_up = "boolean", is_ours = "boolean",
}

local function without_slash(url) return url:sub(-1) == "/" and url:sub(1, -2) or url end

--- What is asked, by GET: the address that a tool names, or its own as far as that has no parameters.  meta:
--- {upstream_url, health_url, path (of its operation)}.
function M.address(meta)
  if meta.health_url then return meta.health_url end
  local path = meta.path and meta.path:match "^([^{]*)" or nil
  return path and without_slash(meta.upstream_url) .. path or meta.upstream_url
end

--- Is a tool there that answers so?  An address of its own for this has to answer with 2xx; any other may refuse, since
--- it is asked without a credential and an input.  answer: {status (nil: none), has_health_url}.
function M.is_up(answer)
  if not answer.status then return false end
  if answer.has_health_url then return answer.status >= 200 and answer.status < 300 end
  return answer.status < 500
end

--- Is it our fault that tools do not answer, because our network, our resolver, or this host fails?  More than half of
--- those that would answer never fail at once.  Then it says nothing about any of them.  seen: {hosts (that were
--- asked), failed}.
function M.is_ours(seen) return seen.failed >= M.least_hosts and 2 * seen.failed > seen.hosts end

M.examples = {
  { "is_ours", { hosts = 100, failed = 51 }, expect = true },
  { "is_ours", { hosts = 100, failed = 50 }, expect = false },
  { "is_ours", { hosts = 3, failed = 3 }, expect = true },
  { "is_ours", { hosts = 2, failed = 2 }, expect = false },
  { "address", { upstream_url = "https://a.example/v2" }, expect = "https://a.example/v2" },
  { "address", { upstream_url = "https://a.example/v2/", path = "/pets/{id}" }, expect = "https://a.example/v2/pets/" },
  { "address", { upstream_url = "https://a.example/v2", health_url = "https://a.example/up" },
    expect = "https://a.example/up" },
  { "is_up", { has_health_url = false }, expect = false },
  { "is_up", { status = 405, has_health_url = false }, expect = true },
  { "is_up", { status = 503, has_health_url = false }, expect = false },
  { "is_up", { status = 405, has_health_url = true }, expect = false },
  { "is_up", { status = 204, has_health_url = true }, expect = true },
}

return M
