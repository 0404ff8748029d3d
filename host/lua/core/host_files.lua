-- host/lua/core/host_files.lua -- the part of host.lua for files, as answers and for scripts.
-- Adds its functions to the module M; C and the access to host_str come from host.lua.

return function(M, C, fill, taken, strs, new)
  local a, b, c, out = strs[1], strs[2], strs[3], strs[4]

  M.ASSET = { NONE = C.HOST_ASSET_NONE, DIRECTORY = C.HOST_ASSET_DIRECTORY, METHOD = C.HOST_ASSET_METHOD,
              LINKS = C.HOST_ASSET_LINKS, FALLBACK = C.HOST_ASSET_FALLBACK, IMMUTABLE = C.HOST_ASSET_IMMUTABLE,
              PRIVATE = C.HOST_ASSET_PRIVATE }

  -- The name below a tree that the path of a URL stands for; nil and an error if it is not valid.
  function M.asset_path(raw)
    local e = C.host_asset_path(fill(a, raw), out)
    if e < 0 then return nil, e end
    return taken()
  end

  -- Is it a valid name below a root?
  function M.file_name_ok(name) return C.host_file_name_ok(fill(a, name)) == 1 end

  function M.asset_tree(name) return C.host_asset_tree(fill(a, name)) == 1 end

  -- The status of the answer, or one of ASSET, or an error; and the size of its body.
  function M.asset_embedded(req, tree, path, flags, headers)
    out.n = 0
    local status = C.host_asset_embedded(req, fill(a, tree), fill(b, path), flags, fill(c, headers), out)
    return status, tonumber(taken()) or 0
  end

  local FORMAT = { gzip = C.HOST_GZIP, raw = C.HOST_RAW }

  -- The uncompressed data, at most max bytes; or nil and an error.  format: "gzip", or "raw" (DEFLATE alone).
  function M.inflate(format, data, max)
    local e = C.host_inflate(FORMAT[format], fill(a, data), max, out)
    if e < 0 then return nil, e end
    return taken()
  end

  local spec = new "host_file_spec"
  M.FILE = {}
  for _, name in ipairs { "READ", "WRITE", "LIST", "STAT", "REMOVE", "MKDIR", "MOVE", "TREE", "RUNNING", "SWITCH",
                          "NEW", "ALL", "REPLACE",
                          "OK", "NONE", "EXISTS", "DIRECTORY", "NO_DIRECTORY", "NOT_EMPTY", "LINK", "LARGE", "FULL",
                          "FORBIDDEN", "FAILED" } do
    M.FILE[name] = C["HOST_FILE_" .. name]
  end

  -- o: {what, root, name, flags, max, to_root, to, data}: see host_api.h.
  function M.file(owner, o)
    spec.what, spec.flags, spec.max = o.what, o.flags or 0, o.max or 0
    fill(spec.root, o.root)
    fill(spec.name, o.name)
    fill(spec.to_root, o.to_root or "")
    fill(spec.to, o.to or "")
    fill(spec.data, o.data or "")
    return C.host_file(owner, spec)
  end

  -- The op; its status is that of asset_embedded.
  function M.asset_file(owner, req, dir, path, flags, headers)
    return C.host_asset_file(owner, req, fill(a, dir), fill(b, path), flags, fill(c, headers))
  end
end
