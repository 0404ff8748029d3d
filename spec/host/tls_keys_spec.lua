-- spec/host/tls_keys_spec.lua -- how long a session ticket is valid (host/net/tlskeys.c), with a scripted clock.

local ffi = require "ffi"

pcall(ffi.cdef, [[
  int tlskeys_init(void);
  void tlskeys_turn(double now);
  int tlskeys_on_ticket(void *ssl, unsigned char *name, unsigned char *iv, void *cipher, void *mac, int encrypt);
  double host_clock(void);
  void *EVP_CIPHER_CTX_new(void); void EVP_CIPHER_CTX_free(void *c);
  void *EVP_MAC_fetch(void *libctx, const char *algorithm, const char *properties);
  void EVP_MAC_free(void *m);
  void *EVP_MAC_CTX_new(void *m); void EVP_MAC_CTX_free(void *c);
]])

local C = ffi.C
local TURN_S = 12 * 3600
local KNOWN, OLD, UNKNOWN = 1, 2, 0

describe("a session ticket", function()
  local mac, cipher, mac_state, begun, iv

  setup(function()
    assert.equal(0, C.tlskeys_init())
    begun = C.host_clock()
    mac = C.EVP_MAC_fetch(nil, "HMAC", nil)
    cipher, mac_state, iv = C.EVP_CIPHER_CTX_new(), C.EVP_MAC_CTX_new(mac), ffi.new "unsigned char[16]"
  end)
  teardown(function()
    C.EVP_MAC_CTX_free(mac_state)
    C.EVP_CIPHER_CTX_free(cipher)
    C.EVP_MAC_free(mac)
  end)

  local function sealed()
    local name = ffi.new "unsigned char[16]"
    assert.equal(KNOWN, C.tlskeys_on_ticket(nil, name, iv, cipher, mac_state, 1))
    return name
  end
  local function opened(name) return C.tlskeys_on_ticket(nil, name, iv, cipher, mac_state, 0) end

  it("is good for twelve hours, is replaced in the twelve after, and is nothing then", function()
    begun = begun + 4 * TURN_S
    C.tlskeys_turn(begun)
    local name = sealed()
    assert.equal(KNOWN, opened(name))
    C.tlskeys_turn(begun + TURN_S - 60)
    assert.equal(KNOWN, opened(name))
    C.tlskeys_turn(begun + TURN_S + 60)
    assert.equal(OLD, opened(name))
    local young = sealed()
    assert.equal(KNOWN, opened(young))
    C.tlskeys_turn(begun + 2 * TURN_S + 120)
    assert.equal(UNKNOWN, opened(name))
    assert.equal(OLD, opened(young))
  end)

  it("of another server is nothing", function()
    assert.equal(UNKNOWN, opened(ffi.new("unsigned char[16]", { 1, 2, 3 })))
  end)
end)
