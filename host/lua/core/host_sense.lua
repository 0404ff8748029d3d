-- host/lua/core/host_sense.lua -- the part of host.lua for sentences as vectors, for the index of these, and for DNS.
-- Adds its functions to the module M; C and the access to host_str come from host.lua.

return function(M, C, fill, taken, strs)
  local a, b, out = strs[1], strs[2], strs[4]

  M.SENTENCE_MAX, M.NEAREST_MAX = C.HOST_SENTENCE_MAX, C.HOST_NEAREST_MAX
  M.INDEX = { BEGIN = C.HOST_INDEX_BEGIN, KEEP = C.HOST_INDEX_KEEP, DONE = C.HOST_INDEX_DONE,
              FAILED = C.HOST_INDEX_FAILED,
              FRESH = C.HOST_INDEX_FRESH, YOURS = C.HOST_INDEX_YOURS, FILLING = C.HOST_INDEX_FILLING }

  function M.dns_txt(owner, name, server) return C.host_dns_txt(owner, fill(a, name), fill(b, server)) end
  function M.sentence(owner, text) return C.host_sentence(owner, fill(a, text)) end
  function M.likeness(x, y) return C.host_likeness(fill(a, x), fill(b, y)) end
  function M.index_put(id, kind, vector) return C.host_index_put(fill(a, id), kind, fill(b, vector)) end
  function M.index_size() return C.host_index_size() end

  -- The result, and the cursor where there is one.
  function M.index_turn(what, model, cursor)
    out.n = 0
    local result = C.host_index_turn(what, fill(a, model), fill(b, cursor), out)
    return result, taken()
  end

  -- DONE has {id (16 bytes), cosine, id, cosine, ..}.
  function M.nearest(owner, model, vector, kinds, most)
    return C.host_nearest(owner, fill(a, model), fill(b, vector), kinds, most)
  end
end
