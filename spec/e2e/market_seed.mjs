// spec/e2e/market_seed.mjs -- the contract that the marketplace was made from, as data (market_seed.json), and how it is compared:
// with the OpenAPI document, and with answers.
import assert from 'node:assert/strict';
import fs from 'node:fs';

/** [{method, path, public, fields, query, requests, response, errors}, ..]: the 90 endpoints, in the contract's order. */
export const SEED = JSON.parse(fs.readFileSync(new URL('./market_seed.json', import.meta.url), 'utf8'));

export const title = (e) => `${e.method} ${e.path}`;

/** All endpoints' descriptions in a document, by title. */
export const operation = (doc, e) => doc.paths[e.path]?.[e.method.toLowerCase()];

const list = (value) => (value === undefined ? [] : [].concat(value));

/** A schema with its references followed. */
function plain(doc, schema) {
  if (!schema?.$ref) return schema ?? {};
  return plain(doc, schema.$ref.split('/').slice(1).reduce((at, key) => at[key], doc));
}

/** The schemas that a schema may be. */
export function shapes(doc, schema) {
  const at = plain(doc, schema);
  return (at.oneOf ?? at.anyOf ?? [at]).flatMap((one) => (one.oneOf || one.anyOf || one.$ref ? shapes(doc, one) : [one]));
}

export const bodyOf = (doc, op) => {
  const content = op.requestBody?.content ?? {};
  return (content['application/json'] ?? Object.values(content)[0])?.schema;
};

/** The schema of the answer to a request that succeeds. */
export function answerOf(op) {
  const [status] = Object.keys(op.responses).filter((s) => s.startsWith('2')).sort();
  return Object.values(op.responses[status]?.content ?? {})[0]?.schema;
}

// What a value of the contract's type may be documented as; a schema without a type allows all.
const MAY_BE = { string: ['string'], uuid: ['string'], integer: ['integer'], number: ['number'], boolean: ['boolean'], object: ['object'] };
const EVERYTHING = (schema) => schema.type === undefined && schema.enum === undefined && schema.const === undefined && !schema.properties;

/** What is wrong with how a field of the contract's tables is documented: texts. */
export function fieldProblems(doc, field, schema, isRequired) {
  const wrong = [];
  const isList = field.type.endsWith('[]');
  const [of] = shapes(doc, schema);
  const type = isList ? 'array' : field.type;
  if (isList) {
    if (!list(of.type).includes('array')) wrong.push(`is no list: ${JSON.stringify(of.type)}`);
    const [item] = shapes(doc, of.items ?? {}), name = field.type.slice(0, -2);
    if (!EVERYTHING(item) && !list(item.type).some((t) => MAY_BE[name].includes(t))) wrong.push(`is no list of ${name}`);
  } else if (!EVERYTHING(of) && !list(of.type ?? typeof (of.const ?? of.enum?.[0])).some((t) => MAY_BE[type].includes(t))) {
    wrong.push(`is ${JSON.stringify(of.type)}, not ${type}`);
  }
  if (type === 'uuid' && of.format !== 'uuid') wrong.push('is no uuid');
  if (field.required && !isRequired) wrong.push('is not required');
  if (!field.required && isRequired) wrong.push('is required');
  return [...wrong, ...limitProblems(field.text ?? '', of, isList)];
}

// The numbers that a field's description has: "1-100 chars", "1-50, default 20", "max 300 chars", "At least 1 tag", a | b.
function limitProblems(text, schema, isList) {
  const wrong = [];
  const is = (name, value) => {
    if (schema[name] !== value) wrong.push(`${name} is ${schema[name]}, not ${value}`);
  };
  const chars = /(\d+)-(\d+) char/.exec(text), range = !chars && /\b(\d+)-(\d+)\b/.exec(text);
  if (chars) { is('minLength', Number(chars[1])); is('maxLength', Number(chars[2])); }
  if (range) { is('minimum', Number(range[1])); is('maximum', Number(range[2])); }
  const most = /max (\d+) char/.exec(text), preset = /default (\d+)/.exec(text), least = /At least (\d+)/.exec(text);
  if (most) is('maxLength', Number(most[1]));
  if (preset) is('default', Number(preset[1]));
  if (least && isList) is('minItems', Number(least[1]));
  const words = text.replace(/\s*\(default\)/g, '').split(/\s*\|\s*|\s+or\s+/).map((w) => w.replace(/"/g, '').trim());
  if (words.length > 1 && words.every((w) => /^[a-z_0-9]+$/.test(w))) {
    for (const word of words) {
      if (!schema.enum?.includes(word)) wrong.push(`does not name ${word}`);
    }
  }
  return wrong;
}

const kind = (value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

/** Fields of an example that a schema does not document with the same type: paths. */
export function undocumented(doc, schema, example, at = '') {
  const all = shapes(doc, schema);
  if (all.some(EVERYTHING)) return [];
  const is = kind(example);
  if (is === 'array') {
    const lists = all.filter((one) => list(one.type).includes('array'));
    if (!lists.length) return [`${at}: no list`];
    return example.flatMap((item, i) => undocumented(doc, lists[0].items ?? {}, item, `${at}[${i}]`));
  }
  if (is === 'object') {
    const objects = all.filter((one) => one.properties || one.additionalProperties);
    const tried = objects.map((one) => Object.entries(example).flatMap(([name, value]) => {
      const inner = one.properties?.[name] ?? (one.properties ? one.additionalProperties || undefined : {});
      return inner === undefined ? [`${at}.${name}`] : undocumented(doc, inner === true ? {} : inner, value, `${at}.${name}`);
    }));
    return tried.sort((a, b) => a.length - b.length)[0] ?? [`${at}: no object`];
  }
  const types = all.flatMap((one) => list(one.type ?? [kind(one.const ?? one.enum?.[0])]));
  const fits = is === 'number' ? types.includes('number') || types.includes('integer') : types.includes(is);
  return fits ? [] : [`${at}: ${types}, not ${is}`];
}

/** Fields of an example that an answer lacks, or has with another type: paths.  Each item of a list has one like it in the answer. */
export function lacking(example, answer, at = '') {
  const is = kind(example);
  if (is === 'null') return answer === undefined ? [at] : [];
  if (kind(answer) !== is) return [`${at}: ${kind(answer)}, not ${is}`];
  if (is === 'array') {
    return example.flatMap((item, i) => {
      const tried = answer.map((one) => lacking(item, one, `${at}[${i}]`));
      return tried.sort((a, b) => a.length - b.length)[0] ?? [`${at}[${i}]`];
    });
  }
  if (is === 'object') return Object.entries(example).flatMap(([name, value]) => lacking(value, answer[name], `${at}.${name}`));
  return [];
}

const PLACEHOLDER = /uuid|^(txn|bid|sub|del)-|^parent-|\.\.\.$/;

/** A request example as the contract has it, with the ids that stand in it for "uuid" and the like put in. */
export function filled(example, ids = {}) {
  const body = structuredClone(example);
  for (const [name, value] of Object.entries(ids)) {
    const keys = name.split('.');
    const at = keys.slice(0, -1).reduce((object, key) => object[key], body), last = keys.at(-1);
    assert.match(String(at[last]), PLACEHOLDER, `${name} is no placeholder`);
    at[last] = value;
  }
  assert.doesNotMatch(JSON.stringify(body), /"(parent-)?uuid(-\d)?"/, 'a placeholder is left');
  return body;
}
