-- spec/lua/log_spec.lua -- lines are bounded, in order, and without secrets.

local plain_host = require "plain_host"
local sched = require "human.core.sched"
local KEY = "ak_Xk9mP2qR4tV6wY8zA1bC3dE5fG7hJ9kL"

local function logger(conf)
  local host = plain_host.new { log = conf or { level = "info", format = "json" } }
  local log = plain_host.fresh("human.log", host)
  for _, prefix in ipairs { "ak_", "hm_", "whsec_" } do log.add_key(prefix) end
  return log, host.lines
end

-- message, fields, the line in JSON
local LINES = {
  { "started", nil, '{"msg":"started"}' },
  { "a", { n = 5, b = true, request_id = "r", t = "x/y" }, '{"msg":"a","request_id":"r","b":true,"n":5,"t":"x/y"}' },
  { "a", { list = { 1, 2 }, empty = {} }, '{"msg":"a","empty":{},"list":[1,2]}' },
  { 'quote " and\nline', nil, '{"msg":"quote \\" and\\nline"}' },
  { "a", { x = 1 / 0 }, '{"msg":"a","x":"inf"}' },
}

local MASKED = { -- fields, what must not appear
  { { apiKey = "S3CRET" } }, { { api_key = "S3CRET" } }, { { key = "S3CRET" } }, { { token = "S3CRET" } },
  { { accessToken = "S3CRET" } }, { { secret = "S3CRET" } }, { { password = "S3CRET" } },
  { { Authorization = "S3CRET" } }, { { ["X-API-Key"] = "S3CRET" } }, { { deep = { a = { token = "S3CRET" } } } },
  { { url = "/socket.io/?agentId=c1&apiKey=S3CRET&x=1" } }, { { header = "Bearer S3CRET" } },
  { { db = "postgres://human:S3CRET@db/x" } }, { { url = "get https://S3CRET@host/x" } }, { { url = "https://me:a@S3CRET@host" } },
  { { url = "socks5h://:S3CRET@host" } }, { { text = "key " .. KEY }, KEY:sub(4) },
  { { text = "hm_live_0123456789abcdef" }, "0123456789abcdef" }, { { text = "hm_tool_7f3a9b2c1d4e5f6a" }, "9b2c1d4e" },
  { { text = "whsec_ab/CD+efGHij/kl==" }, "GHij" }, { { text = "(whsec_abcdefgh/+ij==)" }, "ij==" },
  { { text = "sk-proj-0123456789abcdef" }, "0123456789abcdef" }, { { [KEY] = 1 }, KEY:sub(4) },
}

describe("log", function()
  -- Whoever has fetched something in this task has left it a trace, which lines would carry.
  before_each(function() sched.current().trace = nil end)

  for _, case in ipairs(LINES) do
    it("writes " .. case[3], function()
      local log, lines = logger()
      log.info(case[1], case[2])
      assert.equal(case[3], lines[1].line)
    end)
  end

  it("masks long texts in linear time, whatever they repeat", function()
    local fresh = require "human.log"
    for _, prefix in ipairs { "ak_", "hm_" } do fresh.add_key(prefix) end
    for _, part in ipairs { "sk-", "hm_", "ak_", "sk-a", "Bearer ", "a://", "api_key=", "?token=", "a_", " ", "sk-_", "://x:", "a://x:@", "a:", "a://a@" } do
      assert.is_true(require("cost").within(1, function() fresh.mask(part:rep(1e6 / #part)) end), part)
    end
    assert.equal("x-sk-[redacted] sk-short (sk-[redacted])", fresh.mask "x-sk-abc-0123456789 sk-short (sk-0123456789)")
  end)

  it("knows the keys that scripts have declared, once each and so many of them", function() -- limit: kinds of keys
    local log = logger()
    assert.equal("zc_0123456789abcdef hm_[redacted]", log.mask "zc_0123456789abcdef hm_0123456789abcdef")
    log.add_key "zc_"
    log.add_key "zc_"
    assert.equal("zc_[redacted] hm_tool_7f3a xhm_0123456789", log.mask "zc_0123456789abcdef hm_tool_7f3a xhm_0123456789")
    assert.same({ true, true, false, false }, { log.has_key("is ak_" .. ("a1"):rep(16)), log.has_key("hm_tool_" .. ("a"):rep(24)),
      log.has_key "ak_some_internal_processing_handler", log.has_key(("a1"):rep(16)) })
    for i = 5, 64 do log.add_key("k" .. i .. "_") end
    assert.is_false(pcall(log.add_key, "more_"))
  end)

  it("writes text when the format says so", function()
    local log, lines = logger { level = "info", format = "text" }
    log.warn("slow query", { ms = 12, route = "GET /x", id = "c1" })
    assert.same({ level = 1, line = 'slow query id=c1 ms=12 route="GET /x"' }, lines[1])
  end)

  for i, case in ipairs(MASKED) do
    it("hides secret " .. i, function()
      for _, format in ipairs { "json", "text" } do
        local log, lines = logger { level = "info", format = format }
        log.info("x", case[1])
        assert.is_nil(lines[1].line:find(case[2] or "S3CRET", 1, true), lines[1].line)
        assert.is_truthy(lines[1].line:find("[redacted]", 1, true))
      end
    end)
  end

  it("hides a key in the message, but not words that merely look alike", function()
    local log, lines = logger()
    log.info("bad key " .. KEY .. ", break_even_analysis, input", { input_tokens = 5, monkey = "m" })
    assert.equal('{"msg":"bad key ak_[redacted], break_even_analysis, input","input_tokens":5,"monkey":"m"}',
      lines[1].line)
  end)

  it("keeps lines within what one write takes", function() -- limit: log line
    local log, lines = logger()
    local fields = {}
    for i = 1, 50 do fields["f" .. i] = ("é"):rep(1000) end
    log.error("big", fields)
    assert.is_true(#lines[1].line < 3872)
    assert.matches('"truncated":true}$', lines[1].line)
  end)

  it("never raises for what it is given", function()
    local log, lines = logger()
    local loop = {}
    loop.loop = loop
    log.info("odd", { f = print, loop = loop, bytes = "\255\0", [1] = 2, obj = setmetatable({}, { __tostring = function() return "obj" end }) })
    assert.equal(1, #lines)
  end)

  it("keeps quiet below its level", function()
    local log, lines = logger { level = "warn", format = "json" }
    log.info "x"
    log.debug "x"
    log.warn "y"
    assert.equal(1, #lines)
    assert.is_false(log.enabled "info")
  end)
end)
