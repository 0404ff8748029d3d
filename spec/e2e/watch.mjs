// spec/e2e/watch.mjs -- what the processes of a host use while it runs: memory, descriptors.
import fs from 'node:fs';
import { median } from './load.mjs';

const MB = 1024 * 1024;

/** Bytes that a process has for itself and those it shares: all but the pages of files. */
export function memory(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const kb = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
  return (kb('RssAnon') + kb('RssShmem')) * 1024;
}

export const files = (pid) => fs.readdirSync(`/proc/${pid}/fd`).length;

const part = (list, from, to) => list.slice(Math.floor(list.length * from), Math.ceil(list.length * to));

/**
 * Samples of processes, taken by look({name: pid}).  A process that replaces another of its name begins anew,
 * and so does one that is younger than the warm-up.
 */
export class Watch {
  series = new Map();

  look(processes) {
    for (const [name, pid] of Object.entries(processes)) {
      const old = this.series.get(name);
      const s = old?.pid === pid ? old : { pid, memory: [], files: [] };
      this.series.set(name, s);
      try {
        s.memory.push(memory(pid));
        s.files.push(files(pid));
      } catch { /* it has just ended */ }
    }
  }

  /**
   * What grew, as sentences.  Of each series the first `warmUp` (a part of it) is left out; then the medians
   * of the first and the last quarter are compared, and there must be growth between any two quarters, not all
   * in one step: what is collected now and then goes up and down, and what fills once stays.
   */
  grown({ warmUp = 0.3, samples = 20, mb = 6, rate = 0.1, descriptors = 8 } = {}) {
    const found = [];
    for (const [name, s] of this.series) {
      if (s.memory.length < samples) continue;
      for (const [what, limit, unit] of [['memory', (x) => Math.max(mb * MB, x * rate), MB], ['files', () => descriptors, 1]]) {
        const list = part(s[what], warmUp, 1);
        const quarters = [0, 1, 2, 3].map((i) => median(part(list, i / 4, (i + 1) / 4)));
        const steps = [1, 2, 3].map((i) => quarters[i] - quarters[i - 1]), all = quarters[3] - quarters[0], most = limit(quarters[0]);
        const steady = steps.every((step) => step > 0) && all - Math.max(...steps) > most / 4;
        if (steady && all > most) {
          found.push(`${what} of ${name} (process ${s.pid}): ${quarters.map((q) => (q / unit).toFixed(1)).join(' > ')}`);
        }
      }
    }
    return found;
  }

  /** A line for each process: how it began, was at most, and ended. */
  summary() {
    return [...this.series].filter(([, s]) => s.memory.length).map(([name, s]) => {
      const mb = (x) => (x / MB).toFixed(1);
      return `${name.padEnd(11)} ${s.memory.length} samples; MB: first ${mb(s.memory[0])}, most ${mb(Math.max(...s.memory))}, `
        + `last ${mb(s.memory.at(-1))}; descriptors: first ${s.files[0]}, most ${Math.max(...s.files)}, last ${s.files.at(-1)}`;
    });
  }
}
