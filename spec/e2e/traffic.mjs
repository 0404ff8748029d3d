// spec/e2e/traffic.mjs -- holds what a host answers to specs against its OpenAPI document: statuses, codes, fields.
// Of each operation and status the first few answers are looked at, for compiling schemas and checking takes its time.
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const SAMPLES = 5;
const JSON_TYPE = 'application/json';

/** The document with every object closed, so that a field which it does not name is an error; errors may have facts. */
export function closed(node) {
  if (Array.isArray(node)) return node.map(closed);
  if (node === null || typeof node !== 'object') return node;
  const out = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  const hasFacts = node.properties?.error && node.properties.code;
  if (node.type?.includes?.('object') && node.properties && !hasFacts) out.additionalProperties = false;
  return out;
}

export const pointer = (...keys) => keys.map((k) => `/${String(k).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** A document that is held against answers: see(method, target, status, body) -> what is wrong with one; undefined: nothing. */
export function watch(doc) {
  const ajv = formats(new Ajv({ strict: false, allErrors: true })), seen = new Map();
  ajv.addSchema(closed(doc), 'api');
  const routes = Object.keys(doc.paths).map((path) => [path, new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/{\w+}/g, '[^/]+')}$`)])
    .sort(([a], [b]) => a.includes('{') - b.includes('{'));

  return function see(method, target, status, body) {
    const path = routes.find(([, pattern]) => pattern.test(target.split('?')[0]))?.[0], verb = method.toLowerCase(), op = doc.paths[path]?.[verb];
    if (!op) return [404, 405].includes(status) ? undefined : `${method} ${target} is not documented`;
    const title = `${method} ${path} ${status}`, count = seen.get(title) ?? 0;
    seen.set(title, count + 1);
    if (count >= SAMPLES) return undefined;
    const content = op.responses[status]?.content?.[JSON_TYPE];
    if (!op.responses[status]) return status < 500 ? `${title} is not documented` : undefined; // any route may fail in ways of the machine
    if (!content) return undefined;
    const valid = ajv.getSchema(`api#${pointer('paths', path, verb, 'responses', status, 'content', JSON_TYPE, 'schema')}`);
    if (!valid(body)) return `${title}: ${ajv.errorsText(valid.errors)} in ${JSON.stringify(body).slice(0, 500)}`;
    const codes = Object.entries(content.examples ?? {}).flatMap(([name, example]) => [name, example.value?.code]);
    return status < 400 || codes.includes(body.code) ? undefined : `${title}: the code ${body.code} is not documented`;
  };
}
