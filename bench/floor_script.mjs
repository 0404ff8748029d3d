// bench/floor_script.mjs -- makes a pgbench script of what an operation has sent to the database (wire.mjs): the same
// statements in the same transactions, for other actors and with ids of its own.
// Two operations are compared: what differs between them is a variable.  Its value is an input (an actor), what an earlier
// statement returned (\gset), or new (an id that the host makes: a random one).  Times stay as they were.

const TOKEN = /(\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d)?|[0-9A-Za-z_-]+)/;
const RANDOM_DIGITS = 12;

// What the host does by itself, beside requests.
const INTERNAL = /pg_advisory_xact_lock\(7312499|delete from host_queue|update host_queue|host_jobs|^\s*(listen|deallocate|set|select pg_notify)\b/i;

const canonical = (value) => {
  if (Array.isArray(value)) return value.map(canonical);
  if (!value || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, canonical(value[key])]));
};

// Names in JSON come in no order.
function settled(text) {
  if (text === null || !/^[[{]/.test(text)) return text;
  try { return JSON.stringify(canonical(JSON.parse(text))); } catch { return text; }
}

/** The transactions of requests among what was seen between two times, whose statements name one of these texts. */
export function requestsOf(seen, from, to, names) {
  const open = new Map(), found = [];
  for (const s of [...seen].sort((a, b) => a.sent - b.sent)) {
    if (s.sent < from) continue;
    const begins = /^\s*begin\b/i.test(s.sql), ends = /^\s*(commit|rollback)\s*;?\s*$/i.test(s.sql);
    let tx = open.get(s.conn);
    if (!tx) found.push(tx = []);
    tx.push(s);
    if (begins) open.set(s.conn, tx);
    if (ends) open.delete(s.conn);
  }
  const wanted = (tx) => tx[0].sent <= to && !tx.some((s) => INTERNAL.test(s.sql))
    && tx.some((s) => s.params.some((p) => p && names.some((name) => p.includes(name))));
  return found.filter(wanted).flat();
}

const quoted = (text) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replace(/:(?=[A-Za-z_])/g, '\\x3a')}'`;

// name: what it is called when it is not an input.
function variables(one, two, inputs) {
  const known = new Map(), fresh = [], asked = new Set();
  for (const input of inputs) known.set(input.values[0], input.is);
  const returned = (before, a, b) => {
    for (let i = 0; i < before; i++) {
      const s = one[i], other = two[i];
      if (s.rows.length !== 1 || other.rows.length !== 1) continue;
      const at = s.rows[0].findIndex((cell, k) => cell === a && other.rows[0][k] === b);
      if (at < 0) continue;
      asked.add(i);
      return `:r${i}_${s.columns[at]}`;
    }
  };
  const made = (a) => {
    if (a.length < RANDOM_DIGITS) return undefined;
    const name = `made${fresh.length}`, head = a.length > RANDOM_DIGITS ? `${quoted(a.slice(0, -RANDOM_DIGITS))} || ` : '';
    fresh.push(`\\set ${name} random(100000000000, 999999999999)`);
    return `${head}:${name}`;
  };
  const of = (i, a, b) => {
    if (known.has(a)) return known.get(a);
    if (a === b || /^\d{4}-\d\d-\d\d[T ]/.test(a)) return undefined;
    const is = returned(i, a, b) ?? made(a);
    if (is) known.set(a, is);
    return is;
  };
  return { of, fresh, asked };
}

// A parameter as an expression of SQL.
function expression(i, a, b, vars) {
  if (a === null) return 'null';
  const mine = settled(a).split(TOKEN), others = settled(b ?? '').split(TOKEN), parts = [];
  let text = '';
  mine.forEach((piece, k) => {
    const is = k % 2 ? vars.of(i, piece, mine.length === others.length ? others[k] : piece) : undefined;
    if (!is) { text += piece; return; }
    if (text) parts.push(quoted(text));
    parts.push(is);
    text = '';
  });
  if (text || !parts.length) parts.push(quoted(text));
  return parts.length === 1 && !parts[0].includes('||') ? parts[0] : `(${parts.join(' || ')})`;
}

/** {script, statements, commits, trips (round trips of the host)} of two operations, lists of requestsOf().
 *  inputs: [{values: [of the first, of the second], is: an expression}]; setup: lines that set what they use. */
export function floorScript(one, two, inputs, setup) {
  const shape = (list) => list.map((s) => s.sql);
  const differs = shape(one).findIndex((sql, i) => sql !== two[i]?.sql);
  if (!one.length || one.length !== two.length || differs >= 0) {
    throw new Error(`two operations have sent different statements (${one.length}, ${two.length}):\n${one[Math.max(0, differs)]?.sql}\n${two[Math.max(0, differs)]?.sql}`);
  }
  const vars = variables(one, two, inputs);
  const texts = one.map((s, i) => s.sql.trim().replace(/;$/, '').replace(/\$(\d+)/g, (_, n) => expression(i, s.params[n - 1], two[i].params[n - 1], vars)));
  const lines = [...setup, ...vars.fresh], flight = (s) => `${s.conn}.${s.flight}`;
  for (let i = 0; i < one.length;) {
    let end = i + 1;
    while (end < one.length && flight(one[end]) === flight(one[i])) end++;
    const pipelined = end - i > 1 && !one.slice(i, end).some((_, k) => vars.asked.has(i + k));
    if (pipelined) lines.push('\\startpipeline');
    for (; i < end; i++) lines.push(vars.asked.has(i) ? `${texts[i]} \\gset r${i}_` : `${texts[i]};`);
    if (pipelined) lines.push('\\endpipeline');
  }
  const begun = one.filter((s) => /^\s*begin\b/i.test(s.sql)).length, inside = new Set();
  let open = false, alone = 0;
  for (const s of one) {
    if (/^\s*begin\b/i.test(s.sql)) open = true;
    else if (/^\s*commit\b/i.test(s.sql)) open = false;
    else if (!open) alone++;
    inside.add(flight(s));
  }
  return { script: `${lines.join('\n')}\n`, statements: one.length, commits: begun, alone, trips: inside.size };
}
