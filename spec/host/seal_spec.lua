-- spec/host/seal_spec.lua -- sealed texts: who can open them, how failures differ, and where the key is stored.

local BINARY = io.popen("readlink /proc/" .. io.open("/proc/self/stat"):read "*n" .. "/exe"):read "*l"
local crypto = require "human.crypto"

local function shell(command)
  local p = assert(io.popen(command))
  local text = p:read "*a"
  p:close()
  return (text:gsub("%s+$", ""))
end

-- What a process of its own prints, with that home and environment.
local function elsewhere(home, code, env)
  local path = os.tmpname()
  os.remove(path)
  os.execute("mkdir " .. path)
  local f = assert(io.open(path .. "/run_spec.lua", "w"))
  f:write('local crypto = require "human.crypto"\nit("runs", function() print("=" .. tostring(' .. code .. ') .. "=") end)')
  f:close()
  local text = shell(("env -i %s HOME=/tmp HUMAN_LOG_LEVEL=error HUMAN_HOME=%s %s test -o TAP %s/run_spec.lua 2>&1")
    :format(env or "", home, BINARY, path))
  os.execute("rm -r " .. path)
  return text:match "=([^\n]*)=\n" or text
end

describe("a sealed text", function()
  local home
  before_each(function()
    home = os.tmpname()
    os.execute("rm " .. home .. "; mkdir " .. home)
  end)
  after_each(function() os.execute("rm -rf " .. home) end)

  it("opens for its context, and is another one each time", function()
    for _, text in ipairs { "", "x", "sk-\0\255", ("long "):rep(100000) } do
      local sealed = crypto.seal(text, "rows.token 7")
      assert.equal(text, crypto.open(sealed, "rows.token 7"))
      assert.not_equal(sealed, crypto.seal(text, "rows.token 7"))
      assert.truthy(sealed:find "^sealed:1:%x%x%x%x%x%x%x%x:[%w+/]+=*$")
    end
  end)

  it("does not open for another context", function()
    local sealed = crypto.seal("x", "rows.token 7")
    assert.same({ nil, "altered" }, { crypto.open(sealed, "rows.token 8") })
    assert.same({ nil, "altered" }, { crypto.open(sealed, "rows.token 7\0") })
  end)

  it("does not open when any of its characters is another one", function()
    local sealed = crypto.seal("a secret", "c")
    for i = 1, #sealed do
      local other = sealed:sub(i, i) == "b" and "c" or "b"
      local text, why = crypto.open(sealed:sub(1, i - 1) .. other .. sealed:sub(i + 1), "c")
      assert.is_nil(text)
      assert.truthy(why == "altered" or (i <= 18 and why ~= nil) or why == "not_sealed", i .. ": " .. tostring(why))
    end
    for i = 0, #sealed - 1 do assert.is_nil((crypto.open(sealed:sub(1, i), "c"))) end
  end)

  it("is told apart from what is none, and from one of a key that is not ours", function()
    assert.same({ nil, "not_sealed" }, { crypto.open("", "c") })
    assert.same({ nil, "not_sealed" }, { crypto.open("sealed:1:00000000:", "c") })
    assert.same({ nil, "not_sealed" }, { crypto.open("sealed:1:00000000:AAAA", "c") })
    assert.same({ nil, "other_key" }, { crypto.open("sealed:1:00000000:" .. crypto.base64(("x"):rep(40)), "c") })
  end)

  it("may be made with 16 keys that follow each other, and no more", function() -- limit: seal keys
    local keys = ("0a"):rep(32) .. (" " .. ("0b"):rep(32)):rep(15)
    assert.equal("x", elsewhere(home, 'crypto.open(crypto.seal("x", "c"), "c")', "HUMAN_SEAL_KEY='" .. keys .. "'"))
    local more = keys .. " " .. ("0c"):rep(32)
    assert.truthy(elsewhere(home, 'select(2, pcall(crypto.seal, "x", "c"))', "HUMAN_SEAL_KEY='" .. more .. "'")
      :find("at most 16", 1, true))
  end)

  it("needs a context, and a text that is no larger than it may be", function() -- limit: sealed text
    assert.error_matches(function() crypto.seal("x", "") end, "context must be")
    assert.error_matches(function() crypto.seal("x") end, "context must be")
    assert.error_matches(function() crypto.open("x", ("c"):rep(1025)) end, "context must be")
    assert.error_matches(function() crypto.seal(("x"):rep(16777000) .. ("x"):rep(217), "c") end, "more than")
  end)

  it("of scripts never opens as a secret of the host, nor the other way round", function()
    local ffi, new_buf = require "ffi", require "c_buf"
    local C = ffi.C                              -- seal.h has the boundary's enums, which are known already
    pcall(ffi.cdef, "int seal_open(int kind, const host_str *sealed, const host_str *context, buf *out);")
    local function open(kind, sealed, context)
      local a, b, out = ffi.new "host_str", ffi.new "host_str", new_buf()
      a.p, a.n, b.p, b.n = sealed, #sealed, context, #context
      local e = C.seal_open(kind, a, b, out)
      C.buf_free(out)
      return e
    end
    local sealed = crypto.seal("x", "c")
    assert.equal(0, open(1, sealed, "c"))
    assert.equal(-9, open(2, sealed, "c"))
  end)

  it("opens in another process of the same home, whose key nobody else can read", function()
    local sealed = elsewhere(home, 'crypto.seal("x", "c")')
    assert.equal("x", elsewhere(home, ('crypto.open(%q, "c")'):format(sealed)))
    assert.equal("600", shell("stat -c %a " .. home .. "/seal.key"))
    assert.equal("seal.key", shell("ls " .. home .. " | grep seal"))
  end)

  it("has one key, however many processes need the first at once", function()
    local out = os.tmpname()
    local f = assert(io.open(home .. "/run_spec.lua", "w"))
    f:write 'it("runs", function() print("\\n" .. require("human.crypto").seal("x", "c"):sub(10, 17)) end)'
    f:close()
    os.execute(("for i in 1 2 3 4 5 6 7 8; do HUMAN_HOME=%s %s test -o TAP %s/run_spec.lua >>%s 2>&1 & done; wait")
      :format(home, BINARY, home, out))
    local ids = shell("grep -xE '[0-9a-f]{8}' " .. out .. " | sort | uniq -c")
    os.remove(out)
    assert.truthy(ids:find "^%s*8 %x+$", ids)
  end)

  it("opens on another host that was given the key, and after a newer key was put before it", function()
    local key, newer = ("0a"):rep(32), ("0B"):rep(32)
    local sealed = elsewhere(home, 'crypto.seal("x", "c")', "HUMAN_SEAL_KEY=" .. key)
    local open = ('crypto.open(%q, "c")'):format(sealed)
    assert.equal("x", elsewhere(home .. "/b", open, ("HUMAN_SEAL_KEY='%s,%s'"):format(newer, key)))
    assert.equal("nil", elsewhere(home .. "/b", open, "HUMAN_SEAL_KEY=" .. newer))
    assert.not_equal(sealed:sub(10, 17),
      elsewhere(home, 'crypto.seal("x", "c"):sub(10, 17)', ("HUMAN_SEAL_KEY='%s %s'"):format(newer, key)))
    assert.equal("", shell("ls " .. home .. " | grep seal.key"))
  end)

  it("is made with a key that no script can send away or compare", function()
    local env = "HUMAN_SEAL_KEY=" .. ("0a"):rep(32)
    assert.equal("nil", elsewhere(home, 'crypto.secret_hmac_hex("seal.key", "x")', env))
    assert.equal("false", elsewhere(home, 'crypto.secret_equal("seal.key", ("0a"):rep(32))', env))
  end)

  it("is not made with a key that others can read, or that is none", function()
    local code = 'select(2, pcall(crypto.seal, "x", "c"))'
    os.execute(("head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n' >%s/seal.key; chmod 644 %s/seal.key"):format(home, home))
    assert.truthy(elsewhere(home, code):find("seal.key: can be read by others", 1, true))
    os.execute(("echo short >%s/seal.key; chmod 600 %s/seal.key"):format(home, home))
    assert.truthy(elsewhere(home, code):find("64 hexadecimal digits", 1, true))
    assert.truthy(elsewhere(home, code, "HUMAN_SEAL_KEY=abc"):find("64 hexadecimal digits", 1, true))
  end)
end)
