-- host/lua/core/host_crypto.lua -- the part of host.lua for digests, keys, ciphers, random bytes and base64.
-- Adds its functions to the module M; C and the access to host_str come from host.lua.

return function(M, C, fill, taken, strs, new)
  local a, b, c, out = strs[1], strs[2], strs[3], strs[4]

  local function hash(kind)
    return function(data)
      if C.host_hash(kind, fill(a, ""), fill(b, data), out) < 0 then error("hash failed", 2) end
      return taken()
    end
  end

  local function hmac(kind)
    return function(key, data)
      if C.host_hash(kind, fill(a, key), fill(b, data), out) < 0 then error("hmac failed", 2) end
      return taken()
    end
  end

  M.sha256, M.sha1, M.md5 = hash(C.HOST_SHA256), hash(C.HOST_SHA1), hash(C.HOST_MD5)
  M.sha512, M.keccak256 = hash(C.HOST_SHA512), hash(C.HOST_KECCAK256)
  M.hmac_sha256, M.hmac_sha1 = hmac(C.HOST_HMAC_SHA256), hmac(C.HOST_HMAC_SHA1)
  M.hmac_sha512 = hmac(C.HOST_HMAC_SHA512)

  -- n (at most 256) bytes from the CSPRNG.
  function M.random(n)
    if C.host_random(out, n) < 0 then error("no random bytes", 2) end
    return taken()
  end

  function M.equal(x, y) return C.host_equal(fill(a, x), fill(b, y)) == 1 end

  function M.base64(s)
    if C.host_base64(1, fill(a, s), out) < 0 then error("base64: too long", 2) end
    return taken()
  end

  -- nil for anything but the standard alphabet with correct padding.
  function M.unbase64(s)
    if C.host_base64(0, fill(a, s), out) < 0 then return nil end
    return taken()
  end

  -- The text, sealed with the host's key; or nil, an error code, and why there is no key.
  function M.seal(text, context)
    local e = C.host_seal(fill(a, text), fill(b, context), out)
    if e == 0 then return taken() end
    return nil, e, e == M.E.DOWN and taken() or nil
  end

  -- The text that M.seal() sealed for the same context; or nil and an error code.
  function M.unseal(sealed, context)
    local e = C.host_unseal(fill(a, sealed), fill(b, context), out)
    if e == 0 then return taken() end
    return nil, e
  end

  -- The same, sealed for another context; or nil and an error code.
  function M.reseal(sealed, context, new_context)
    local e = C.host_reseal(fill(a, sealed), fill(b, context), fill(c, new_context), out)
    if e == 0 then return taken() end
    return nil, e
  end

  -- Keys.  On failure each of these returns nil and an error code.

  local KIND = { ed25519 = C.HOST_ED25519, p256 = C.HOST_P256, p256_der = C.HOST_P256_DER }

  -- A private key and its public key; without an argument, a new pair.
  function M.key(kind, private_key)
    local e = C.host_key(KIND[kind], fill(a, private_key or ""), out)
    if e < 0 then return nil, e end
    local both = taken()
    return both:sub(1, 32), both:sub(33)
  end

  local function result(e)
    if e < 0 then return nil, e end
    return taken()
  end

  function M.sign(kind, private_key, data)
    return result(C.host_sign(KIND[kind], fill(a, private_key), fill(b, data), out))
  end

  -- True or false.
  function M.verify(kind, public_key, data, signature)
    local e = C.host_verify(KIND[kind], fill(a, public_key), fill(b, data), fill(c, signature))
    if e < 0 then return nil, e end
    return e == 1
  end

  function M.ecdh(private_key, public_key)
    return result(C.host_ecdh(fill(a, private_key), fill(b, public_key), out))
  end

  local MODE = { gcm_encrypt = C.HOST_GCM_ENCRYPT, gcm_decrypt = C.HOST_GCM_DECRYPT,
                 cbc_encrypt = C.HOST_CBC_ENCRYPT, cbc_decrypt = C.HOST_CBC_DECRYPT }
  local d = new "host_str"

  function M.aes(mode, key, iv, aad, text)
    return result(C.host_aes(MODE[mode], fill(a, key), fill(b, iv), fill(c, aad), fill(d, text), out))
  end

  function M.hkdf(key, salt, info, n)
    return result(C.host_hkdf(fill(a, key), fill(b, salt), fill(c, info), n, out))
  end
end
