-- host/lua/core/host_secrets.lua -- what may be done with a secret whose value stays in the host (a part of core/host).

return function(M, C, fill, taken, strings)
  local a, b, c, out = strings[1], strings[2], strings[3], strings[4]

  function M.secret_set(name) return C.host_secret_set(fill(a, name)) == 1 end

  -- HMAC-SHA-256 of data under the secret of that name, raw; nil when it is not configured.
  function M.secret_hmac(name, data)
    if C.host_secret_hmac(fill(a, name), fill(b, data), out) < 0 then return nil end
    return taken()
  end

  -- The SHA-256 (256) or SHA-1 (1) of `before`, the secret of that name and `after`, raw; nil when it is not
  -- configured.
  function M.secret_hash(name, kind, before, after)
    if C.host_secret_hash(fill(a, name), kind, fill(b, before), fill(c, after), out) < 0 then return nil end
    return taken()
  end

  function M.secret_equal(name, value) return C.host_secret_equal(fill(a, name), fill(b, value)) == 1 end
end
