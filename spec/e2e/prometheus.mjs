// spec/e2e/prometheus.mjs -- a strict reader of Prometheus' text format 0.0.4: even what a scraper
// would tolerate is an error here.
// https://prometheus.io/docs/instrumenting/exposition_formats/
import assert from 'node:assert/strict';

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]?Inf|-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

function labelsOf(text = '', line) {
  const labels = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const found = LABEL.exec(text);
    assert.ok(found, `labels: ${line}`);
    assert.ok(!(found[1] in labels), `a label twice: ${line}`);
    labels[found[1]] = found[2];
  }
  return labels;
}

const familyOf = (families, name) => {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  return families.get(base)?.type === 'histogram' ? base : name;
};

function checkHistogram(name, samples) {
  const series = new Map();
  for (const { name: full, labels: { le, ...labels }, value } of samples) {
    const key = JSON.stringify(labels);
    const s = series.get(key) ?? { buckets: [] };
    series.set(key, s);
    if (full.endsWith('_bucket')) s.buckets.push([le === '+Inf' ? Infinity : Number(le), value]);
    else s[full.slice(name.length + 1)] = value;
  }
  for (const [key, { buckets, sum, count }] of series) {
    assert.ok(sum >= 0 && count >= 0, `${name}${key} has sum and count`);
    assert.equal(buckets.at(-1)?.[0], Infinity, `${name}${key} ends with +Inf`);
    assert.equal(buckets.at(-1)[1], count, `${name}${key}: +Inf is the count`);
    for (let i = 1; i < buckets.length; i += 1) {
      assert.ok(buckets[i][0] > buckets[i - 1][0] && buckets[i][1] >= buckets[i - 1][1], `${name}${key} is cumulative`);
    }
  }
}

/** Map of name -> {type, help, samples: [{name, labels, value}]}; throws at the first fault. */
export function parse(text) {
  const families = new Map(), seen = new Set();
  let current;
  assert.ok(text.endsWith('\n'), 'the last line ends');
  for (const line of text.slice(0, -1).split('\n')) {
    const meta = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (meta?.[1] === 'HELP') {
      assert.ok(!families.has(meta[2]), `family twice: ${line}`);
      current = meta[2];
      families.set(current, { help: meta[3], samples: [] });
    } else if (meta) {
      assert.equal(meta[2], current, `TYPE follows HELP: ${line}`);
      assert.match(meta[3], /^(counter|gauge|histogram)$/);
      families.get(current).type = meta[3];
    } else {
      const found = LINE.exec(line);
      assert.ok(found, `malformed: ${line}`);
      const [, name, labels, value] = found;
      assert.equal(familyOf(families, name), current, `stands with its family: ${line}`);
      const id = line.slice(0, line.lastIndexOf(' '));
      assert.ok(!seen.has(id), `series twice: ${line}`);
      seen.add(id);
      families.get(current).samples.push({ name, labels: labelsOf(labels, line), value: Number(value) });
    }
  }
  for (const [name, { type, samples }] of families) {
    assert.ok(type, `${name} has a type`);
    if (type === 'counter') assert.match(name, /_total$/);
    if (type !== 'counter') assert.doesNotMatch(name, /_total$/);
    if (type === 'histogram') checkHistogram(name, samples);
  }
  return families;
}

/** The sum of the series of `name` that have these labels. */
export function sum(families, name, labels = {}) {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  return (family?.samples ?? []).filter((s) => s.name === name && Object.entries(labels).every(([k, v]) => s.labels[k] === v))
    .reduce((n, s) => n + s.value, 0);
}
