// bench/others.mjs -- how much of the machine somebody else used while a round ran.
// A round beside a backup or another build flatters whoever needs less of the machine, so such rounds are marked.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

const hz = Number(execFileSync('getconf', ['CLK_TCK']));

function stat(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
  } catch { /* ended meanwhile: its time is its parent's by now */ }
}

// Processor seconds of the processes `roots`, their descendants, and those that they have waited for.
function ownSeconds(roots) {
  const kids = new Map(), ticks = new Map();
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)) {
    const f = stat(pid);
    if (!f) continue;
    kids.set(Number(f[1]), [...kids.get(Number(f[1])) ?? [], pid]);
    ticks.set(pid, f.slice(11, 15).reduce((sum, t) => sum + Number(t), 0));
  }
  const sum = (pid) => (ticks.get(pid) ?? 0) + (kids.get(pid) ?? []).reduce((n, kid) => n + sum(kid), 0);
  return roots.reduce((n, root) => n + sum(root), 0) / hz;
}

// Processor seconds of all processes, and those that a hypervisor gave to others.  Interrupts are left out: no
// process is charged for them.
function allSeconds() {
  const [user, nice, system, , , , , steal] = fs.readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/).slice(1).map(Number);
  return (user + nice + system + steal) / hz;
}

// Call it before; call what it returns after: {own, others, seconds}, processor seconds of `roots` with
// their descendants and of everybody else, and how long that took.
export function watchOthers(roots = [process.pid]) {
  const own = ownSeconds(roots), all = allSeconds(), at = performance.now();
  return () => {
    const mine = ownSeconds(roots) - own;
    return { own: mine, others: Math.max(0, allSeconds() - all - mine), seconds: (performance.now() - at) / 1000 };
  };
}
