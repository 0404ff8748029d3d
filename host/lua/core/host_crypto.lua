-- host/lua/core/host_crypto.lua -- the part of host.lua that is digests, chance, base64 and sealed texts.
-- Adds its functions to the module M; C and what fills and reads host_str are host.lua's.

return function(M, C, fill, taken, strs)
  local a, b, out = strs[1], strs[2], strs[3]

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
  M.hmac_sha256, M.hmac_sha1 = hmac(C.HOST_HMAC_SHA256), hmac(C.HOST_HMAC_SHA1)

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

  -- Sealed with the host's key; nil, an error code, and why there is no key.
  function M.seal(text, context)
    local e = C.host_seal(fill(a, text), fill(b, context), out)
    if e == 0 then return taken() end
    return nil, e, e == M.E.DOWN and taken() or nil
  end

  -- What M.seal() was given for the same context; nil and an error code.
  function M.unseal(sealed, context)
    local e = C.host_unseal(fill(a, sealed), fill(b, context), out)
    if e == 0 then return taken() end
    return nil, e
  end
end
