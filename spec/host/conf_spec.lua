-- spec/host/conf_spec.lua -- settings as an operator meets them: `human config` with files, variables
-- and flags.  The binary under test is the one that runs this spec.

local BINARY = io.popen("readlink /proc/" .. io.open("/proc/self/stat"):read "*n" .. "/exe"):read "*l"

-- Runs `human config` with nothing but `variables`; output and errors together.
local function config(file, variables, flags)
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  f:write(file or "{}")
  f:close()
  local p = assert(io.popen(("env -i HOME=/tmp HUMAN_CONFIG=%s %s %s config %s 2>&1"):format(
    path, variables or "", BINARY, flags or "")))
  local text = p:read "*a"
  p:close()
  os.remove(path)
  return (text:gsub(path:gsub("%p", "%%%0"), "FILE"))
end

local function value_of(name, text)
  return text:match("\n?" .. name:gsub("%p", "%%%0") .. " += (.-)   %(")
end

describe("settings", function()
  it("come from the file, the environment and the command line, the last one strongest", function()
    local file = '{ // comment\n "port": 3100, "agent_port": 0, "database": { "pool": 3, }, /* c */ }'
    local text = config(file, "HUMAN_PORT=3200 HUMAN_DATABASE_POOL=4", "--port 3300")
    assert.equal("3300", value_of("port", text))
    assert.equal("4", value_of("database.pool", text))
    assert.equal("0", value_of("agent_port", text))
    assert.truthy(text:find("(--port)", 1, true))
    assert.truthy(text:find("(HUMAN_DATABASE_POOL)", 1, true))
    assert.truthy(text:find("(FILE:2)", 1, true))
  end)

  it("that are directories mean the same wherever the server goes", function()
    local text = config('{"home": "~/h", "exec": {"root": "~"}}', "HUMAN_PORT=1")
    assert.same({ '"/tmp/h"', '"/tmp"' }, { value_of("home", text), value_of("exec.root", text) })
    assert.equal('""', value_of("exec.root", config("{}")))
    assert.truthy(value_of("exec.root", config('{"exec": {"root": "programs"}}')):find '^"/.*/programs"$')
  end)

  it("never show a secret", function()
    local text = config('{"secrets": {"openai": "sk-visible"}}', "DATABASE_URL=postgres://u:visible@h/d")
    assert.is_nil(text:find("visible", 1, true))
    assert.equal("(set, not shown)", value_of("database.url", text))
    assert.equal("(not set)", value_of("secrets.gemini", text))
  end)

  it("may be files that systemd hands over, which the environment overrules", function()
    local dir = os.tmpname()
    os.execute(("rm %s; mkdir %s; echo t0 >%s/human_admin; printf k >%s/openai"):format(dir, dir, dir, dir))
    local text = config(nil, "CREDENTIALS_DIRECTORY=" .. dir .. " OPENAI_API_KEY=other")
    os.execute("rm -r " .. dir)
    assert.truthy(text:find("api.admin_token +=[^\n]+%(credential human_admin%)"), text)
    assert.truthy(text:find("secrets.openai +=[^\n]+%(OPENAI_API_KEY%)"), text)
    assert.equal("(not set)", value_of("secrets.gemini", text))
  end)

  it("take sizes and times with units, from everywhere alike", function()
    local file = '{"limits": {"body_bytes": "2MB", "head_bytes": "64k"}, "log": {"slow_ms": "1.1s"}}'
    local text = config(file, "HUMAN_LIMITS_REQUEST_TIMEOUT_MS=5m 'HUMAN_LIMITS_WS_QUEUE_BYTES=3 MiB' HUMAN_TLS_HSTS_S=365d",
      "--set reload.grace_ms=1h --set limits.lua_memory_bytes=0.5G --set reload.timeout_ms=250ms")
    for name, shown in pairs {
      ["limits.body_bytes"] = "2MB (2097152)", ["limits.head_bytes"] = "64k (65536)", ["log.slow_ms"] = "1.1s (1100)",
      ["limits.request_timeout_ms"] = "5m (300000)", ["limits.ws_queue_bytes"] = "3 MiB (3145728)",
      ["tls.hsts_s"] = "365d (31536000)", ["reload.grace_ms"] = "1h (3600000)",
      ["limits.lua_memory_bytes"] = "0.5G (536870912)", ["reload.timeout_ms"] = "250ms (250)",
    } do assert.equal(shown, value_of(name, text), name) end
  end)

  it("with units that are not one thing, or not theirs, are refused", function()
    for _, pair in ipairs {
      "limits.body_bytes=1Mb", "limits.body_bytes=1m", "limits.body_bytes=5s", "limits.body_bytes=1TB", "limits.body_bytes=MB",
      "limits.body_bytes=0x10k", "limits.body_bytes=1e3k", "limits.body_bytes=1k2", "limits.body_bytes=-1k", "limits.body_bytes=2G",
      "limits.request_timeout_ms=5M", "limits.request_timeout_ms=5min", "limits.request_timeout_ms=1k", "limits.request_timeout_ms=2d",
      "limits.request_timeout_ms=0.0001s", "tls.hsts_s=500ms", "port=3k", "database.pool=8s", "decisions.keep_days=30d", "workers=2k",
    } do
      local text = config(nil, nil, "--set " .. pair)
      assert.truthy(text:find("must be ", 1, true), pair .. "\n" .. text)
      assert.is_nil(value_of("port", text), pair)
    end
    assert.matches("must be a whole number from 1 to 86400000, or like 500ms, 30s or 5m", config(nil, "HUMAN_LOG_SLOW_MS=5M"))
    assert.matches("FILE:1: log.slow_ms: must be a whole number", config '{"log": {"slow_ms": "soon"}}')
    assert.matches("FILE:1: port: must be a number", config '{"port": "3k"}')
  end)

  local refused = {
    { '{\n"database": {"pool": 65}}', nil, nil,
      "FILE:2: database.pool: must be a whole number from 1 to 64" },
    { '{"database": {"pool": 1.5}}', nil, nil, "from 1 to 64" },
    { '{"databse": {"pool": 2}}', nil, nil,
      'FILE:1: unknown setting "databse.pool" (did you mean "database.pool"?)' },
    { '{"port": "3000"}', nil, nil, "FILE:1: port: must be a number" },
    { '{"jit": 1}', nil, nil, "FILE:1: jit: must be true or false" },
    { '{"host": 1}', nil, nil, "FILE:1: host: must be a text in quotes" },
    { '{"log": {"level": "loud"}}', nil, nil, "log.level: must be one of error, warn, info, debug" },
    { '{"workers": 17}', nil, nil, 'workers: must be "auto" or a whole number from 1 to 16' },
    { '{"port": 3000', nil, nil, "FILE:1: expected , or } after a setting" },
    { '{"host": "a\n"}', nil, nil, 'FILE:1: this text does not end on its line' },
    { '{\n/* ', nil, nil, "FILE:2: this comment does not end" },
    { '{"host": "\\ud800"}', nil, nil, "FILE:1: this escape in a text is not valid JSON" },
    { ("{\"a\":"):rep(9) .. "1", nil, nil, "nested too deep" },
    { "[]", nil, nil, "a settings file is one { .. }" },
    { "{} x", nil, nil, "something follows the closing }" },
    { nil, "HUMAN_AGENT_PORT=tcp:4009", nil, "HUMAN_AGENT_PORT: agent_port: must be a whole number" },
    { '{"port": 3001, "host": "::1",\n"port": 3002}', nil, nil, "FILE:2: port: is set twice, in line 1 as well" },
    { '{"log": {"level": "info"},\n"log": {"level": "warn"}}', nil, nil, "log.level: is set twice, in line 1" },
    { "\239\187\191{}", nil, nil, "FILE:1: the file begins with a byte order mark (BOM)" },
    { "\255\254{\0}\0", nil, nil, "FILE:1: the file is UTF-16 (it begins with its byte order mark, BOM)" },
    { "\254\255\0{\0}", nil, nil, "FILE:1: the file is UTF-16" },
    { "{\0}\0", nil, nil, "FILE:1: the file holds NUL bytes: save it as UTF-8" },
    { '{"host": "a\tb"}', nil, nil, "a control character in a text must be written as an escape" },
    { nil, "HUMAN_CONFIG=/tmp", nil, "/tmp: cannot be read: Is a directory" },
    { nil, "HUMAN_PORT=x", nil, "HUMAN_PORT: port: must be a whole number from 1 to 65535" },
    { nil, nil, "--port 0", "--port: port: must be a whole number from 1 to 65535" },
    { nil, nil, "--agent-port 3000", "agent_port: must differ from port (3000)" },
    { nil, nil, "--set llm.modle=x", '--set: unknown setting "llm.modle" (did you mean "llm.model"?)' },
    { nil, nil, "--fly", "unknown flag: --fly" },
  }
  for _, case in ipairs(refused) do
    it("are refused with: " .. case[4], function()
      local text = config(case[1], case[2], case[3])
      assert.truthy(text:find(case[4], 1, true), text)
      assert.is_nil(value_of("port", text))
    end)
  end

  it("are in a file of at most 256 KB, each text and list of at most 16 KB", function() -- limit: settings file
    assert.matches("FILE: is larger than a settings file may be", config("// " .. ("x"):rep(262144)))
    assert.matches("FILE:1: this text is too long", config('{"cors": {"origins": "' .. ("x"):rep(16384) .. '"}}'))
    assert.matches("FILE:1: this [tl][ei][xs]t is too long", config('{"gateway": {"cors_origins": [' .. ('"x",'):rep(8000) .. "]}}"))
  end)

  it("are not what unknown variables say, which are warned of", function()
    local text = config(nil, "HUMAN_PORTS=1 HUMAN_DATABASE_POOLS=2 HUMAN_XYZZY=1")
    assert.equal("3000", value_of("port", text))
    assert.truthy(text:find("unknown setting HUMAN_PORTS (did you mean HUMAN_PORT?) is ignored", 1, true), text)
    assert.truthy(text:find("unknown setting HUMAN_DATABASE_POOLS (did you mean HUMAN_DATABASE_POOL?) is ignored", 1, true))
    assert.truthy(text:find("unknown setting HUMAN_XYZZY is ignored", 1, true))
  end)

  it("are not what Kubernetes and Docker say of services called human and human-agent", function()
    local names = {
      "HUMAN_PORT=tcp://10.0.0.1:3000", "HUMAN_SERVICE_HOST=10.0.0.1", "HUMAN_SERVICE_PORT=3000",
      "HUMAN_SERVICE_PORT_HTTP=3000", "HUMAN_PORT_3000_TCP=tcp://10.0.0.1:3000", "HUMAN_PORT_3000_TCP_PROTO=tcp",
      "HUMAN_PORT_3000_TCP_PORT=3000", "HUMAN_PORT_3000_TCP_ADDR=10.0.0.1", "HUMAN_AGENT_PORT=tcp://10.0.0.2:4009",
      "HUMAN_AGENT_SERVICE_HOST=10.0.0.2", "HUMAN_AGENT_PORT_4009_TCP_ADDR=10.0.0.2", "HUMAN_NAME=/web/human",
      "HUMAN_ENV_PATH=/bin", "HUMAN_PORT_53_UDP=udp://10.0.0.1:53",
    }
    local text = config(nil, table.concat(names, " "))
    assert.equal("3000", value_of("port", text))
    assert.equal("4009", value_of("agent_port", text))
    local lines = select(2, text:gsub("environment: ", ""))
    assert.equal(1, lines, text)
    for _, name in ipairs(names) do assert.truthy(text:find(name:match "^[^=]+", 1, true), name) end
    assert.truthy(text:find("of a service (Kubernetes, Docker links), no settings: ignored", 1, true))
  end)

  it("may end with a line's end, wherever a secret comes from", function()
    local dir = os.tmpname()
    os.execute(("rm %s; mkdir %s; printf 'k-cred \\r\\n\\n' >%s/openai; printf '\\357\\273\\277k-bom\\n' >%s/gemini")
      :format(dir, dir, dir, dir))
    local f = assert(io.open(dir .. "/show_spec.lua", "w"))
    f:write [[
      local ffi = require "ffi"
      pcall(ffi.cdef, "const char *confpack_secret(const char *name);")
      it("shows", function()
        for _, name in ipairs { "openai", "gemini", "anthropic", "llm", "mine" } do
          print("=" .. ffi.string(ffi.C.confpack_secret(name)) .. "=")
        end
      end)]]
    f:close()
    f = assert(io.open(dir .. "/human.json", "w"))
    f:write '{"secrets": {"llm": "k-file\\r\\n"}}'
    f:close()
    local p = assert(io.popen(("env -i HOME=/tmp HUMAN_CONFIG=%s/human.json CREDENTIALS_DIRECTORY=%s " ..
      "ANTHROPIC_API_KEY='k-env\n' HUMAN_SECRET_MINE='k-own \r\n' HUMAN_LOG_LEVEL='error\n' %s test -o TAP %s/show_spec.lua 2>&1")
      :format(dir, dir, BINARY, dir)))
    local text = p:read "*a"
    p:close()
    os.execute("rm -r " .. dir)
    for _, secret in ipairs { "k-cred", "k-bom", "k-env", "k-file", "k-own" } do
      assert.truthy(text:find("=" .. secret .. "=\n", 1, true), text)
    end
  end)

  it("may be written with the line ends of other systems, tabs, or not at all", function()
    assert.equal("3100", value_of("port", config '{ // x\r\n\t"port": 3100,\r\n}\r\n'))
    for _, nothing in ipairs { "", "\n", "// nothing\n", "{}" } do
      assert.equal("3000", value_of("port", config(nothing)))
    end
  end)

  it("are all described in etc/human.json, with the defaults that hold", function()
    local file = assert(io.open "etc/human.json"):read "*a"
    local text = config((file:gsub('// ("[%w_]+":)', "%1")))
    local described = 0
    for line in text:gmatch "[^\n]+" do
      assert.truthy(line:find("(FILE:", 1, true), line)
      described = described + 1
    end
    assert.is_true(described > 40)
    assert.equal((config(nil):gsub("   %b()", "")), (text:gsub("   %b()", "")))
  end)
end)
