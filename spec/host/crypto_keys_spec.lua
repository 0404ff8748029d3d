-- spec/host/crypto_keys_spec.lua -- signatures, shared secrets and ciphers against published vectors, and against
-- invalid input from strangers (the kinds of Wycheproof's test vectors).

local crypto = require "human.crypto"
local ffi = require "ffi"
local host = require "human.core.host"

local x = crypto.unhex
local hex = crypto.hex

-- The byte at i, counted from the end when negative, with its lowest bit turned.
local function bent(text, i)
  i = i < 0 and #text + 1 + i or i
  return text:sub(1, i - 1) .. string.char(bit.bxor(text:byte(i), 1)) .. text:sub(i + 1)
end

-- What a call raises, with the line of this file.
local function raised(call, ...)
  local ok, err = pcall(call, ...)
  return not ok and err
end

-- What strangers send instead of n bytes.
local function strange(n)
  local list = { "", "\0", ("\0"):rep(n), ("\255"):rep(n), ("\0"):rep(n - 1), ("\0"):rep(n + 1), ("x"):rep(100000) }
  for _ = 1, 200 do list[#list + 1] = host.random(n) end
  return list
end

describe("hashes", function()
  it("are those of the standards", function() -- FIPS 180-4, RFC 4231, RFC 2202
    assert.equal("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
      .. "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f", hex(crypto.sha512 "abc"))
    assert.equal("a9993e364706816aba3e25717850c26c9cd0d89d", hex(crypto.sha1 "abc"))
    assert.equal(crypto.sha256_hex "abc", hex(crypto.sha256 "abc"))
    local text = "what do ya want for nothing?"
    assert.equal("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
      .. "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737", hex(crypto.hmac_sha512("Jefe", text)))
    assert.equal("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", hex(crypto.hmac_sha1("Jefe", text)))
    assert.equal(crypto.hmac_sha256_hex("Jefe", text), hex(crypto.hmac_sha256("Jefe", text)))
  end)

  it("include the Keccak of Ethereum", function()
    assert.equal("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470", hex(crypto.keccak256 ""))
    assert.equal("4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45", hex(crypto.keccak256 "abc"))
  end)

  it("take no more Keccak than a turn has time for", function() -- limit: keccak text
    local most = ("x"):rep(1048576)
    assert.equal(32, #crypto.keccak256(most))
    assert.has_error(function() crypto.keccak256(most .. "x") end)
  end)

  it("permute as OpenSSL's SHA-3 does, for every length around a block", function()
    ffi.cdef [[void keccak_256(int padding, const void *data, size_t n, unsigned char *out);
      int EVP_Q_digest(void *, const char *, const char *, const void *, size_t, unsigned char *, size_t *);]]
    local ours, theirs, n = ffi.new "unsigned char[32]", ffi.new "unsigned char[32]", ffi.new "size_t[1]"
    local data = host.random(256):rep(3)
    for length = 0, #data do
      ffi.C.keccak_256(6, data, length, ours)
      assert.equal(1, ffi.C.EVP_Q_digest(nil, "SHA3-256", nil, data, length, theirs, n))
      assert.equal(hex(ffi.string(theirs, 32)), hex(ffi.string(ours, 32)))
    end
  end)

  it("are read from hex digits, and nothing else is", function()
    assert.equal("\0\255\16az", x "00fF10617A")
    assert.equal("", x "")
    for _, text in ipairs { "0", "0g", "0x", " 00", "00\n", "\0\0" } do assert.is_nil(x(text)) end
  end)
end)

describe("an Ethereum address", function()
  local ADDRESSES = { -- EIP-55
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
  }

  it("gets the capitals of its checksum", function()
    for _, address in ipairs(ADDRESSES) do
      assert.equal(address, crypto.eip55(address))
      assert.equal(address, crypto.eip55(address:lower()))
      assert.equal(address, crypto.eip55("0x" .. address:sub(3):upper()))
    end
  end)

  it("with other capitals is none", function()
    assert.is_nil(crypto.eip55 "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
    assert.is_nil(crypto.eip55 "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed")
    for _, text in ipairs { "", "0x", ADDRESSES[1] .. "0", ADDRESSES[1]:sub(1, 41), ADDRESSES[1]:sub(3) .. "00",
                            "0x" .. ("g"):rep(40), "0X" .. ADDRESSES[7]:sub(3), ADDRESSES[7]:sub(1, 41) .. "\n" } do
      assert.is_nil(crypto.eip55(text), text)
    end
    assert.is_nil(crypto.eip55(nil))
  end)
end)

describe("Ed25519", function()
  local VECTORS = { -- RFC 8032, section 7.1: private, public, text, signature
    { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        .. "d25bf5f0595bbe24655141438e7a100b" },
    { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        .. "387b2eaeb4302aeeb00d291612bb0c00" },
    { "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        .. "4a7c15e9716ed28dc027beceea1ec40a" },
  }

  it("signs and verifies as RFC 8032 has it", function()
    for _, v in ipairs(VECTORS) do
      local private, public, text, signature = x(v[1]), x(v[2]), x(v[3]), x(v[4])
      assert.equal(v[2], hex(crypto.ed25519_public(private)))
      assert.equal(v[4], hex(crypto.ed25519_sign(private, text)))
      assert.is_true(crypto.ed25519_verify(public, text, signature))
      assert.is_false(crypto.ed25519_verify(public, text .. "\0", signature))
      for i = 1, 64 do assert.is_false(crypto.ed25519_verify(public, text, bent(signature, i))) end
    end
  end)

  it("takes a signature in one form only", function() -- s + L verifies where nobody looks
    local public, signature = x(VECTORS[1][2]), x(VECTORS[1][4])
    local order = x "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"
    local sum, carry = {}, 0
    for i = 1, 32 do
      local v = signature:byte(32 + i) + order:byte(i) + carry
      sum[i], carry = string.char(v % 256), math.floor(v / 256)
    end
    assert.is_false(crypto.ed25519_verify(public, "", signature:sub(1, 32) .. table.concat(sum)))
  end)

  it("refuses public keys under which one signature fits every text", function()
    local nothing = x("01" .. ("00"):rep(63)) -- the neutral point, and s = 0
    for _, key in ipairs {
      ("00"):rep(32), "01" .. ("00"):rep(31), "01" .. ("00"):rep(30) .. "80", "ec" .. ("ff"):rep(30) .. "7f",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "ee" .. ("ff"):rep(30) .. "7f",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", "ed" .. ("ff"):rep(31),
    } do
      assert.same({ false, "bad_key" }, { crypto.ed25519_verify(x(key), "any text", nothing) })
    end
  end)

  it("answers whatever strangers send", function()
    local private, public = crypto.ed25519_keypair()
    assert.equal(public, crypto.ed25519_public(private))
    local signature = crypto.ed25519_sign(private, "text")
    for _, key in ipairs(strange(32)) do assert.is_false((crypto.ed25519_verify(key, "text", signature))) end
    for _, sig in ipairs(strange(64)) do assert.is_false(crypto.ed25519_verify(public, "text", sig)) end
    assert.same({ false, "bad_key" }, { crypto.ed25519_verify(hex(public), "text", signature) })
  end)
end)

describe("P-256", function()
  local PRIVATE = x "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721" -- RFC 6979, A.2.5
  local PUBLIC = x("0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    .. "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")
  local SIGNED = {
    sample = x("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
      .. "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"),
    test = x("f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
      .. "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"),
  }
  local ORDER = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

  -- A number of DER: positive, and no longer than it must be.
  local function der_number(bytes)
    bytes = bytes:gsub("^%z+", "")
    if bytes:byte() >= 128 then bytes = "\0" .. bytes end
    return "\2" .. string.char(#bytes) .. bytes
  end

  local function der(numbers) return "\48" .. string.char(#numbers) .. numbers end

  it("verifies the signatures of RFC 6979, raw and as DER, with either form of the key", function()
    assert.equal(hex(PUBLIC), hex(crypto.p256_public(PRIVATE)))
    local packed = "\3" .. PUBLIC:sub(2, 33)
    for text, raw in pairs(SIGNED) do
      local as_der = der(der_number(raw:sub(1, 32)) .. der_number(raw:sub(33)))
      for _, key in ipairs { PUBLIC, packed } do
        assert.is_true(crypto.p256_verify(key, text, raw))
        assert.is_true(crypto.p256_verify(key, text, as_der, "der"))
        assert.is_false(crypto.p256_verify(key, text .. ".", raw))
        assert.is_false(crypto.p256_verify(key, text, as_der))
        assert.is_false(crypto.p256_verify(key, text, raw, "der"))
      end
      for i = 1, 64 do assert.is_false(crypto.p256_verify(PUBLIC, text, bent(raw, i))) end
      for i = 1, #as_der do assert.is_false(crypto.p256_verify(PUBLIC, text, bent(as_der, i), "der")) end
    end
  end)

  it("makes signatures of both forms", function()
    local private, public = crypto.p256_keypair()
    assert.equal(public, crypto.p256_public(private))
    for i = 1, 100 do -- so that short numbers are among them
      local raw, as_der = crypto.p256_sign(private, "text " .. i), crypto.p256_sign(private, "text " .. i, "der")
      assert.equal(64, #raw)
      assert.is_true(crypto.p256_verify(public, "text " .. i, raw))
      assert.is_true(crypto.p256_verify(public, "text " .. i, as_der, "der"))
    end
  end)

  it("takes no DER but the one", function()
    local r, s = SIGNED.test:sub(1, 32), SIGNED.test:sub(33)
    local good = der(der_number(r) .. der_number(s))
    for name, bad in pairs {
      ["something behind it"] = good .. "\0", ["cut"] = good:sub(1, -2), ["a long length"] = "\48\129" .. good:sub(2),
      ["zeros before s"] = der(der_number(r) .. "\2\33\0" .. s), ["negative r"] = der("\2\32" .. r .. der_number(s)),
      ["no s"] = der(der_number(r)), ["three numbers"] = der(der_number(r) .. der_number(s) .. "\2\1\1"),
      ["r + n"] = der(der_number("\1" .. ("\255"):rep(32)) .. der_number(s)), ["s zero"] = der(der_number(r) .. "\2\1\0"),
      ["indefinite"] = "\48\128" .. good:sub(3) .. "\0\0", ["another tag"] = "\49" .. good:sub(2), ["nothing"] = "",
    } do
      assert.is_false(crypto.p256_verify(PUBLIC, "test", bad, "der"), name)
    end
  end)

  it("takes no r or s out of range", function()
    local zero, one, n = ("00"):rep(32), ("00"):rep(31) .. "01", ORDER
    for _, pair in ipairs { { zero, zero }, { zero, one }, { one, zero }, { n, n }, { one, n }, { n, one },
                            { ("ff"):rep(32), ("ff"):rep(32) } } do
      assert.is_false(crypto.p256_verify(PUBLIC, "test", x(pair[1] .. pair[2])))
    end
  end)

  it("has public keys on the curve only", function()
    local signature = SIGNED.test
    for name, key in pairs {
      ["off the curve"] = bent(PUBLIC, -1), ["the other y of nobody"] = "\4" .. ("\0"):rep(64), ["infinity"] = "\0",
      ["infinity, long"] = ("\0"):rep(65), ["a hybrid form"] = "\7" .. PUBLIC:sub(2), ["without its form"] = PUBLIC:sub(2),
      ["x beyond the field"] = "\2" .. ("\255"):rep(32), ["x of no point"] = "\2" .. ("\0"):rep(31) .. "\7",
      ["cut"] = PUBLIC:sub(1, -2), ["longer"] = PUBLIC .. "\0", ["nothing"] = "", ["text"] = hex(PUBLIC),
    } do
      assert.same({ false, "bad_key" }, { crypto.p256_verify(key, "test", signature) }, name)
      assert.same({ nil, "bad_key" }, { crypto.p256_shared(PRIVATE, key) }, name)
    end
    for _, sig in ipairs(strange(64)) do
      assert.is_false(crypto.p256_verify(PUBLIC, "test", sig))
      assert.is_false(crypto.p256_verify(PUBLIC, "test", sig, "der"))
    end
    for _, key in ipairs(strange(65)) do assert.is_nil((crypto.p256_shared(PRIVATE, key))) end
  end)

  it("shares the secret of RFC 5903", function()
    local mine = x "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"
    local theirs = x("04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
      .. "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab")
    assert.equal("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de", hex(crypto.p256_shared(mine, theirs)))
    local a, a_public = crypto.p256_keypair()
    local b, b_public = crypto.p256_keypair()
    assert.equal(crypto.p256_shared(a, b_public), crypto.p256_shared(b, a_public))
  end)

  it("has private keys between zero and the order only", function()
    for _, key in ipairs { "", "x", ("\0"):rep(32), x(ORDER), ("\255"):rep(32), ("\1"):rep(31), ("\1"):rep(33) } do
      for _, call in ipairs { crypto.p256_public, crypto.p256_sign, crypto.p256_shared } do
        assert.matches("crypto_keys_spec.lua:%d+: crypto.p256_%l+: the private key", raised(function() call(key, PUBLIC) end))
      end
    end
  end)
end)

describe("HKDF", function()
  local function range(from, to)
    local list = {}
    for i = from, to do list[#list + 1] = string.char(i) end
    return table.concat(list)
  end

  it("derives what RFC 5869 says", function()
    local key = ("\11"):rep(22)
    assert.equal("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
      hex(crypto.hkdf_sha256(key, range(0, 12), range(0xf0, 0xf9), 42)))
    assert.equal("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
      .. "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
      hex(crypto.hkdf_sha256(range(0, 0x4f), range(0x60, 0xaf), range(0xb0, 0xff), 82)))
    assert.equal("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
      hex(crypto.hkdf_sha256(key, "", "", 42)))
  end)

  it("derives no more than it can", function() -- limit: derived bytes
    assert.equal(8160, #crypto.hkdf_sha256("key", "", ("i"):rep(1024), 8160))
    for _, n in ipairs { 0, -1, 8161, 1.5, 0 / 0, math.huge } do
      assert.has_error(function() crypto.hkdf_sha256("key", "", "", n) end)
    end
    assert.has_error(function() crypto.hkdf_sha256("key", "", ("i"):rep(1025), 32) end)
    assert.has_error(function() crypto.hkdf_sha256("", "", "", 32) end)
  end)
end)

describe("AES", function()
  local SHORT, LONG = x "feffe9928665731c6d6a8f9467308308", x(("feffe9928665731c6d6a8f9467308308"):rep(2))
  local NONCE, AAD = x "cafebabefacedbaddecaf888", x "feedfacedeadbeeffeedfacedeadbeefabaddad2"
  local TEXT = x("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
    .. "b16aedf5aa0de657ba637b39")

  it("in GCM is that of its specification", function() -- test cases 1, 4, 13 and 16
    for _, v in ipairs {
      { ("\0"):rep(16), ("\0"):rep(12), "", "", "58e2fccefa7e3061367f1d57a4e7455a" },
      { ("\0"):rep(32), ("\0"):rep(12), "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
      { SHORT, NONCE, TEXT, AAD, "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f"
        .. "6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47" },
      { LONG, NONCE, TEXT, AAD, "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b0"
        .. "8b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b" },
    } do
      assert.equal(v[5], hex(crypto.aes_gcm_encrypt(v[1], v[2], v[3], v[4])))
      assert.equal(v[3], crypto.aes_gcm_decrypt(v[1], v[2], x(v[5]), v[4]))
    end
  end)

  it("in GCM opens nothing that was changed", function()
    local sealed = crypto.aes_gcm_encrypt(LONG, NONCE, TEXT, AAD)
    for i = 1, #sealed do assert.is_nil(crypto.aes_gcm_decrypt(LONG, NONCE, bent(sealed, i), AAD)) end
    for _, bad in ipairs(strange(#sealed)) do assert.is_nil(crypto.aes_gcm_decrypt(LONG, NONCE, bad, AAD)) end
    for n = 0, #sealed - 1 do assert.is_nil(crypto.aes_gcm_decrypt(LONG, NONCE, sealed:sub(1, n), AAD)) end
    assert.is_nil(crypto.aes_gcm_decrypt(LONG, NONCE, sealed))
    assert.is_nil(crypto.aes_gcm_decrypt(LONG, bent(NONCE, 1), sealed, AAD))
    assert.is_nil(crypto.aes_gcm_decrypt(LONG, "", sealed, AAD))
    assert.is_nil(crypto.aes_gcm_decrypt(bent(LONG, 1), NONCE, sealed, AAD))
  end)

  it("in CBC is that of SP 800-38A", function()
    local iv, text = x "000102030405060708090a0b0c0d0e0f", x "6bc1bee22e409f96e93d7e117393172a"
    for key, first in pairs {
      ["2b7e151628aed2a6abf7158809cf4f3c"] = "7649abac8119b246cee98e9b12e9197d",
      ["603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"] = "f58c4c04d6e5f1ba779eabfb5f7bfbd6",
    } do
      local sealed = crypto.aes_cbc_encrypt(x(key), iv, text)
      assert.equal(first, hex(sealed):sub(1, 32))
      assert.equal(32, #sealed)
      assert.equal(text, crypto.aes_cbc_decrypt(x(key), iv, sealed))
    end
    for n = 0, 49 do
      local some = host.random(n)
      local sealed = crypto.aes_cbc_encrypt(SHORT, iv, some)
      assert.equal(n - n % 16 + 16, #sealed)
      assert.equal(some, crypto.aes_cbc_decrypt(SHORT, iv, sealed))
    end
  end)

  it("in CBC answers nil for lengths and paddings that are wrong", function()
    local iv, sealed = ("i"):rep(16), crypto.aes_cbc_encrypt(SHORT, ("i"):rep(16), ("t"):rep(16))
    assert.is_nil(crypto.aes_cbc_decrypt(SHORT, iv, ""))
    assert.is_nil(crypto.aes_cbc_decrypt(SHORT, iv, sealed:sub(1, 16))) -- without the block that is padding alone
    assert.is_nil(crypto.aes_cbc_decrypt(SHORT, iv, bent(sealed, 16)))
    assert.is_nil(crypto.aes_cbc_decrypt(SHORT, "short", sealed))
    for n = 1, 31 do assert.is_nil(crypto.aes_cbc_decrypt(SHORT, iv, sealed:sub(1, n))) end
  end)

  it("says which argument of a script is wrong", function()
    local iv = ("i"):rep(16)
    for _, n in ipairs { 0, 15, 17, 24, 31, 33, 64 } do
      for _, call in ipairs { crypto.aes_gcm_encrypt, crypto.aes_gcm_decrypt, crypto.aes_cbc_encrypt, crypto.aes_cbc_decrypt } do
        assert.matches("keys_spec.lua:%d+: crypto.aes_[%l_]+: the key must be 16 or 32 bytes",
          raised(function() call(("k"):rep(n), iv, "text") end))
      end
    end
    assert.error_matches(function() crypto.aes_gcm_encrypt(SHORT, "short", "text") end, "the nonce must be 12 to 64 bytes")
    assert.error_matches(function() crypto.aes_cbc_encrypt(SHORT, "short", "text") end, "the iv must be 16 bytes")
    assert.error_matches(function() crypto.aes_cbc_encrypt(SHORT, iv, nil) end, "argument 3 must be a string")
    assert.error_matches(function() crypto.p256_sign(LONG, "text", "pem") end, 'form must be "raw" or "der"')
  end)
end)

describe("data of more than 16 MB", function()
  it("is refused, and 16 MB are not", function() -- limit: crypto text
    local most = ("x"):rep(16777216)
    local over, key = most .. "x", ("k"):rep(32)
    local public = crypto.ed25519_public(key)
    assert.is_true(crypto.ed25519_verify(public, most, crypto.ed25519_sign(key, most)))
    assert.is_true(most == crypto.aes_gcm_decrypt(key, ("n"):rep(12), crypto.aes_gcm_encrypt(key, ("n"):rep(12), most)))
    for name, call in pairs {
      sign = function() crypto.p256_sign(key, over) end,
      verify = function() crypto.ed25519_verify(public, over, ("s"):rep(64)) end,
      gcm = function() crypto.aes_gcm_encrypt(key, ("n"):rep(12), over) end,
      cbc = function() crypto.aes_cbc_encrypt(key, ("n"):rep(16), over) end,
    } do
      assert.matches("keys_spec.lua:%d+: .*more than 16 MB", raised(call), nil, nil, name)
    end
  end)
end)
