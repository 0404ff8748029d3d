// spec/e2e/memory.mjs -- what is in the memory of a process that runs.
import fs from 'node:fs';

/** The mappings of a process: [{from, to, perms, name, anonymous (bytes), flags}]. */
export function mappings(pid) {
  const list = [];
  for (const line of fs.readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)$/.exec(line);
    if (head) list.push({ from: BigInt(`0x${head[1]}`), to: BigInt(`0x${head[2]}`), perms: head[3], name: head[4] });
    const [, name, value] = /^(\w+): +(.*)$/.exec(line) ?? [];
    if (name === 'Anonymous') list.at(-1).anonymous = parseInt(value, 10);
    if (name === 'VmFlags') list.at(-1).flags = value.trim().split(' ');
  }
  return list;
}

const READ_MAX = 2n ** 32n; // what is larger is the shadow of a sanitizer, which has no byte of the program's

/** Which of the secrets ({name: text}) are in these mappings. */
export function found(pid, list, secrets) {
  const mem = fs.openSync(`/proc/${pid}/mem`, 'r'), names = new Set();
  for (const m of list.filter((one) => one.perms[0] === 'r' && one.to - one.from < READ_MAX && one.name !== '[vvar]' && one.name !== '[vsyscall]')) {
    const bytes = Buffer.alloc(Number(m.to - m.from));
    try {
      fs.readSync(mem, bytes, 0, bytes.length, m.from);
    } catch { continue; } // a page of a file that is not there
    for (const [name, secret] of Object.entries(secrets)) if (bytes.includes(secret)) names.add(name);
  }
  fs.closeSync(mem);
  return [...names].sort();
}
