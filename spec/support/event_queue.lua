-- spec/support/event_queue.lua -- the part of human.host that the scheduler needs: a queue of events and a clock,
-- both set by the spec; it records calls in ended, cancelled, marks and logged.

return function()
  local f = { queue = {}, ended = {}, cancelled = {}, marks = {}, logged = {}, t = 0, next_id = 100 }
  f.E, f.EV = { CANCELED = -3, OPS = -11 }, { DONE = 2, CHUNK = 3, TIMER = 10 }
  function f.next()
    local e = table.remove(f.queue, 1)
    if e then return e[1], e[2], e[3], e[5] or 0, e[4] or "" end
  end
  function f.clock() return f.t end
  f.now = f.clock
  function f.timer() end
  function f.task_new() f.next_id = f.next_id + 1 return f.next_id end
  function f.task_end(id) f.ended[#f.ended + 1] = id end
  function f.cancel(op)
    f.cancelled[#f.cancelled + 1] = op
    f.queue[#f.queue + 1] = { f.EV.DONE, f.E.CANCELED, op }
    return 0
  end
  function f.mark(label, ref) f.marks[#f.marks + 1] = label .. (ref and "/" .. ref or "") end
  function f.struck() return 0 end
  function f.log(_, line) f.logged[#f.logged + 1] = line end
  return f
end
