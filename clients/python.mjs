// clients/python.mjs -- the Python client's generated modules: TypedDicts, and a method for each operation, plain and async.
import { alternatives, factsOf, isObject, operationsOf } from './model.mjs';

const KEYWORDS = new Set(('False None True and as assert async await break class continue def del elif else except finally for from global if '
  + 'import in is lambda nonlocal not or pass raise return try while with yield').split(' '));
const PLAIN = { string: 'str', integer: 'int', number: 'float', boolean: 'bool', null: 'None' };
const WIDTH = 110;

const snake = (id) => id.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
const pascal = (name) => name.split(/[^A-Za-z0-9]+/).map((w) => w && w[0].toUpperCase() + w.slice(1)).join('');
const literal = (value) => (value === null ? 'None' : value === true ? 'True' : value === false ? 'False' : JSON.stringify(value));

/** Types of a module: those of schemas, and the classes that they need, in the order of their definitions. */
class Types {
  constructor() {
    this.classes = new Map();
    this.names = new Set();
    this.fields = new Map(); // "Class field" -> its type
  }

  of(schema, name) {
    const several = alternatives(schema);
    if (several) return this.union(several.map((one, i) => this.of(one, `${name}${several.length > 1 && isObject(one) ? i + 1 : ''}`)));
    if (schema.const !== undefined) return `Literal[${literal(schema.const)}]`;
    if (schema.enum) return `Literal[${schema.enum.map(literal).join(', ')}]`;
    if (schema.contentMediaType) return 'File';
    const types = [schema.type].flat().filter(Boolean);
    return types.length ? this.union(types.map((one) => this.plain(one, schema, name))) : 'Any';
  }

  union(parts) {
    const all = [...new Set(parts)];
    return all.includes('Any') ? 'Any' : all.join(' | ');
  }

  plain(one, schema, name) {
    if (one === 'array') return `list[${this.of(schema.items ?? {}, `${name}Item`)}]`;
    if (one !== 'object') return PLAIN[one];
    if (isObject(schema)) return this.object([schema], name);
    return `dict[str, ${schema.additionalProperties ? this.of(schema.additionalProperties, `${name}Value`) : 'Any'}]`;
  }

  /** A class with the fields of all these objects; what not all of them require is optional. */
  object(parts, wanted) {
    let name = wanted;
    for (let n = 2; this.names.has(name); n += 1) name = `${wanted}${n}`;
    this.names.add(name);
    const fields = [...new Set(parts.flatMap((part) => Object.keys(part.properties)))].map((field) => {
      const schemas = parts.filter((part) => field in part.properties).map((part) => part.properties[field]);
      const type = this.union(schemas.map((one) => this.of(one, `${name}${pascal(field)}`)));
      this.fields.set(`${name} ${field}`, type);
      const required = parts.every((part) => part.required?.includes(field));
      return [field, required ? type : `NotRequired[${type}]`, schemas[0].description];
    });
    const isPlain = fields.every(([field]) => /^[a-z_A-Z]\w*$/.test(field) && !KEYWORDS.has(field));
    this.classes.set(name, isPlain ? this.written(name, fields)
      : `${name} = TypedDict(\n    "${name}",\n    {\n${fields.map(([f, type]) => `        ${JSON.stringify(f)}: ${type},\n`).join('')}    },\n)\n`);
    return name;
  }

  written(name, fields) {
    if (fields.length === 0) return `class ${name}(TypedDict):\n    pass\n`;
    return `class ${name}(TypedDict):\n${fields.map(([field, type, about]) =>
      `    ${field}: ${type}\n${about ? `    ${JSON.stringify(about)}\n` : ''}`).join('')}`;
  }
}

const ANSWERS = { text: 'str', bytes: 'bytes', none: 'None' };
const py = (value) => JSON.stringify(value).replaceAll(/\btrue\b/g, 'True');

/** Words of a doc comment, in lines. */
function doc(op, pad) {
  const text = `${op.summary}.${op.codes.length ? ` Errors: ${op.codes.join(', ')}.` : ''}`.replaceAll('\\', '\\\\').replaceAll('"""', "'''");
  const lines = [''];
  for (const word of text.split(' ')) {
    if (lines.at(-1).length + word.length + 1 > WIDTH - pad.length) lines.push(word);
    else lines[lines.length - 1] += lines.at(-1) ? ` ${word}` : word;
  }
  return lines.length === 1 ? `${pad}"""${lines[0]}"""\n` : `${pad}"""${lines.join(`\n${pad}`)}\n${pad}"""\n`;
}

function method(op, types, isAsync) {
  const pad = '        ', out = [], head = isAsync ? 'async def' : 'def';
  const answer = op.answer.kind === 'json' ? types.results.get(op.id) : ANSWERS[op.answer.kind];
  if (op.answer.kind !== 'events') {
    const call = `${isAsync ? 'await self._call_async' : 'self._call'}(_OPERATIONS["${op.id}"], input, options)`;
    const body = answer === 'None' ? `${pad}${call}\n` : `${pad}result: ${answer} = ${call}\n${pad}return result\n`;
    out.push(`    ${head} ${snake(op.id)}(\n        self, options: CallOptions | None = None, /, **input: Unpack[${op.type}Input]\n    ) -> ${answer}:\n${doc(op, pad)}${body}`);
  }
  if (op.answer.streams) {
    const name = op.answer.kind === 'events' ? op.id : `${op.id}Stream`;
    const iterator = isAsync ? 'AsyncIterator' : 'Iterator';
    out.push(`    def ${snake(name)}(\n        self, options: StreamOptions | None = None, /, **input: Unpack[${op.type}Input]\n    ) -> ${iterator}[StreamEvent]:\n`
      + `${doc(op, pad)}${pad}return self._stream${isAsync ? '_async' : ''}(_OPERATIONS["${name}"], input, options)\n`);
  }
  if (op.pages) {
    const item = /^list\[(.*)\]$/.exec(types.items.get(op.id))[1];
    out.push(`    def each_${snake(op.id)}(\n        self, options: CallOptions | None = None, /, **input: Unpack[${op.type}Input]\n    ) -> ${isAsync ? 'AsyncIterator' : 'Iterator'}[${item}]:\n`
      + `${pad}"""All items of ${snake(op.id)}, page by page."""\n${pad}return self._each${isAsync ? '_async' : ''}(_OPERATIONS["${op.id}"], input, options)\n`);
  }
  return out.join('\n');
}

/** human_client/NAME.py of a document. */
export function python(name, title, document, mark) {
  const ops = operationsOf(document), Class = title.replaceAll(' ', '').replace(/API$/, ''), types = new Types();
  types.results = new Map();
  types.items = new Map();
  for (const op of ops) {
    types.object(op.input.parts, `${op.type}Input`);
    if (op.answer.kind !== 'json') continue;
    types.results.set(op.id, types.of(op.answer.schema, `${op.type}Result`));
    if (op.pages) types.items.set(op.id, types.fields.get(`${types.results.get(op.id)} ${op.pages.items}`));
  }
  const table = ops.flatMap((op) => [[op.id, op.method, op.path, factsOf(op)],
    ...(op.answer.kind === 'json' && op.answer.streams ? [[`${op.id}Stream`, op.method, op.path, { ...factsOf(op), answer: 'events' }]] : [])]);
  const text = `# clients/python/human_client/${name}.py -- ${mark}
# ruff: noqa
from __future__ import annotations

from typing import Any, AsyncIterator, Iterator, Literal, NotRequired, TypedDict, Unpack

from ._client import CallOptions, Client, File, Operation, StreamEvent, StreamOptions

${[...types.classes.values()].map((one) => `\n${one}`).join('\n')}

_OPERATIONS: dict[str, Operation] = {
${table.map(([id, verb, path, facts]) => `    "${id}": Operation("${verb}", "${path}", ${Object.entries(facts).map(([k, v]) => `${k}=${py(v)}`).join(', ')}),\n`).join('').replaceAll(', )', ')')}}


class ${Class}(Client):
${ops.map((op) => method(op, types, false)).join('\n')}

class Async${Class}(Client):
${ops.map((op) => method(op, types, true)).join('\n')}`;
  return { [`python/human_client/${name}.py`]: text };
}
