-- spec/host/crypto_spec.lua -- digests, base64, comparison and randomness against published vectors.

local host = require "human.core.host"

local function hex(s)
  return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- FIPS 180-4, RFC 1321, RFC 2202 and RFC 4231.
local DIGESTS = {
  { "sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
  { "sha256", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
  { "sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
  { "md5", "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
}
local HMACS = {
  { "hmac_sha256", "Jefe", "what do ya want for nothing?",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
  { "hmac_sha256", ("\170"):rep(131), "Test Using Larger Than Block-Size Key - Hash Key First",
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
  { "hmac_sha256", "", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
  { "hmac_sha1", "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
}
-- RFC 4648, section 10.
local BASE64 = {
  { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
  { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\0\255\251\240", "AP/78A==" },
}

describe("host crypto", function()
  for _, c in ipairs(DIGESTS) do
    it(("computes %s of %q"):format(c[1], c[2]), function() assert.equal(c[3], hex(host[c[1]](c[2]))) end)
  end

  for i, c in ipairs(HMACS) do
    it(("computes %s, vector %d"):format(c[1], i), function()
      assert.equal(c[4], hex(host[c[1]](c[2], c[3])))
    end)
  end

  it("encodes and decodes base64", function()
    for _, c in ipairs(BASE64) do
      assert.equal(c[2], host.base64(c[1]))
      assert.equal(c[1], host.unbase64(c[2]))
    end
    local long = host.random(256):rep(2000)
    assert.equal(long, host.unbase64(host.base64(long)))
  end)

  it("decodes nothing but canonical base64", function()
    for _, text in ipairs { "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zm 9v", "Zm9v\n", "Zm9-", "====", "=Zg=",
                            "Zg=a", "Zm\0v" } do
      assert.is_nil(host.unbase64(text), text)
    end
  end)

  it("compares", function()
    assert.is_true(host.equal("", ""))
    assert.is_true(host.equal("a\0b", "a\0b"))
    assert.is_false(host.equal("a\0b", "a\0c"))
    assert.is_false(host.equal("a", "ab"))
  end)

  it("gives as many random bytes as asked, and others each time", function()
    assert.equal("", host.random(0))
    assert.equal(256, #host.random(256))
    assert.are_not.equal(host.random(16), host.random(16))
    assert.has_error(function() host.random(257) end)
    assert.has_error(function() host.random(-1) end)
  end)

  it("names errors", function()
    assert.equal("timeout", host.error_name(host.E.TIMEOUT))
    assert.equal("down", host.error_name(host.E.DOWN))
    assert.equal("ok", host.error_name(0))
    assert.equal("unknown", host.error_name(-99))
  end)
end)
