-- host/lua/core/host_labels.lua -- the part of host.lua that says what is running: for the watchdog, which
-- ends what does not end, and for the count of memory by what asked for it.

local native = require "human.native"

return function(M, C, fill, a, ffi)
  local beat = C.host_beat_page()
  local REF_MAX = ffi.sizeof(beat.ref)
  local labels, label_names, last_ref = {}, { [0] = "the runtime" }, nil

  -- The number of a name (of a route, a job) for mark(); 0 when there are too many.
  function M.label(name)
    local n = labels[name]
    if not n then
      n = C.host_label(fill(a, name))
      if n > 0 then labels[name], label_names[n] = n, name end
    end
    return n
  end

  -- What memory was allocated for so far: name -> bytes, those that were freed again included.
  function M.allocated()
    local all = {}
    for label, name in pairs(label_names) do
      local bytes = native.allocated(label)
      if bytes > 0 then all[name] = bytes end
    end
    return all
  end

  function M.label_name(label) return label_names[math.abs(label)] or "?" end

  -- Records that `label` runs now (negative: only a name for people, which is never struck); ref (nil, or at
  -- most 68 bytes) identifies it, such as a request's id.
  function M.mark(label, ref)
    beat.label = label
    if ref ~= last_ref then
      last_ref = ref
      local n = ref and #ref or 0
      if n > REF_MAX then n = REF_MAX end
      if n > 0 then ffi.copy(beat.ref, ref, n) end
      beat.ref_n = n
    end
  end

  -- The number of labels that have ended too many workers, and whether `label` is one.
  function M.struck() return beat.struck end
  function M.is_struck(label) return C.host_label_struck(label) == 1 end
end
