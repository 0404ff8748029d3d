// clients/model.mjs -- what generators need of an OpenAPI document: operations with one flat input, their answer and errors.

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const JSON_TYPE = 'application/json';
const KEPT_OF_SYSTEM = ['health', 'ready']; // the rest of what all surfaces share is not for clients

export const isObject = (schema) => [schema?.type].flat().includes('object') && schema.properties !== undefined;
export const alternatives = (schema) => schema?.oneOf ?? schema?.anyOf;
export const pascal = (id) => id[0].toUpperCase() + id.slice(1);

/** The objects that a schema of a body may be; null: it is none. */
function objectsOf(schema) {
  if (isObject(schema)) return [schema];
  const parts = alternatives(schema)?.map(objectsOf);
  return parts?.every(Boolean) ? parts.flat() : null;
}

const openObject = (properties, required) => ({ type: 'object', properties, required });

/** The flat input: parameters of path and query, and the fields of the body; or the body as one field where names clash. */
function inputOf(op, id) {
  const params = (op.parameters ?? []).filter((p) => p.in === 'path' || p.in === 'query');
  const place = (where) => params.filter((p) => p.in === where).map((p) => p.name);
  const fields = Object.fromEntries(params.map((p) => [p.name, { ...p.schema, description: p.description }]));
  const required = params.filter((p) => p.required).map((p) => p.name);
  const [mime, media] = Object.entries(op.requestBody?.content ?? {})[0] ?? [];
  const input = { path: place('path'), query: place('query'), body: null, parts: [openObject(fields, required)], whole: false };
  if (!mime) return input;
  input.body = mime === JSON_TYPE ? 'json' : mime === 'multipart/form-data' ? 'form' : 'raw';
  const objects = objectsOf(media.schema);
  const clash = objects?.some((o) => Object.keys(o.properties).some((name) => name in fields));
  if (!objects || clash) {
    input.whole = true;
    input.parts = [openObject({ ...fields, body: input.body === 'raw' ? { contentMediaType: mime } : media.schema }, [...required, 'body'])];
  } else {
    input.parts = objects.map((o) => openObject({ ...fields, ...o.properties }, [...required, ...o.required ?? []]));
  }
  for (const part of input.parts) {
    if ('options' in part.properties) throw new Error(`${id}: a field is called "options", which is what follows the input`);
  }
  return input;
}

function answerOf(op) {
  const good = Object.entries(op.responses).filter(([status]) => status.startsWith('2'));
  const schemas = good.map(([, r]) => r.content?.[JSON_TYPE]?.schema).filter(Boolean);
  const mimes = good.flatMap(([, r]) => Object.keys(r.content ?? {}));
  if (schemas.length > 0) return { kind: 'json', schema: schemas.length > 1 ? { anyOf: schemas } : schemas[0], streams: mimes.includes('text/event-stream') };
  if (mimes.includes('text/event-stream')) return { kind: 'events', streams: true };
  if (mimes.length === 0) return { kind: 'none' };
  return { kind: mimes.every((m) => m.startsWith('text/')) ? 'text' : 'bytes' };
}

/** How a list goes on: {items: the field with them (null: the answer is the list), by: "offset" | "after"}. */
function pagesOf(input, answer) {
  if (answer.kind !== 'json') return null;
  const lists = Object.entries(answer.schema.properties ?? {}).filter(([, s]) => s.type === 'array').map(([name]) => name);
  if (input.query.includes('offset') && lists.length === 1) return { items: lists[0], by: 'offset' };
  return null;
}

const codesOf = (op) => [...new Set(Object.entries(op.responses).filter(([s]) => /^[45]/.test(s))
  .flatMap(([, r]) => Object.entries(r.content?.[JSON_TYPE]?.examples ?? {}).map(([name, e]) => e.value?.code ?? name)))].sort();

/** The operations of a document, in its order: [{id, type, method, path, summary, input, answer, pages, isRepeatable, codes}]. */
export function operationsOf(doc) {
  const list = [];
  for (const [path, methods] of Object.entries(doc.paths)) {
    for (const method of METHODS.filter((m) => methods[m])) {
      const op = methods[method], id = op.operationId;
      if (op.tags?.[0] === 'System' && !KEPT_OF_SYSTEM.includes(id)) continue;
      const input = inputOf(op, id), answer = answerOf(op);
      const names = (op.security ?? []).flatMap((s) => Object.keys(s));
      list.push({
        id, type: pascal(id), method: method.toUpperCase(), path, summary: op.summary, input, answer, pages: pagesOf(input, answer),
        isRepeatable: (op.parameters ?? []).some((p) => p.name === 'Idempotency-Key'), isAdmin: names.includes('management'), codes: codesOf(op),
      });
    }
  }
  return list;
}

/** What a client's table says of an operation, besides method and path. */
export function factsOf(op) {
  const facts = {};
  if (op.input.path.length) facts.path = op.input.path;
  if (op.input.query.length) facts.query = op.input.query;
  if (op.input.body) facts.body = op.input.body;
  if (op.input.whole) facts.whole = true;
  if (op.answer.kind !== 'json') facts.answer = op.answer.kind;
  if (op.isRepeatable) facts.repeatable = true;
  if (op.isAdmin) facts.admin = true;
  if (op.pages) facts.items = op.pages.items;
  return facts;
}
