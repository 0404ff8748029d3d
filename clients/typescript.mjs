// clients/typescript.mjs -- the JavaScript client's generated files: a table of operations, and their types.
import { alternatives, factsOf, operationsOf } from './model.mjs';

const NAME = /^[A-Za-z_$][\w$]*$/;
const key = (name) => (NAME.test(name) ? name : JSON.stringify(name));
const comment = (text, pad) => (text ? `${pad}/** ${text.replaceAll('*/', '* /').replaceAll('\n', ' ')} */\n` : '');
const PLAIN = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null' };

/** A schema as a type. */
function type(schema, pad = '') {
  const several = alternatives(schema);
  if (several) return [...new Set(several.map((one) => type(one, pad)))].join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.contentMediaType) return 'Blob';
  const types = [schema.type].flat().filter(Boolean);
  if (types.length === 0) return 'unknown';
  return types.map((one) => {
    if (one === 'array') {
      const item = type(schema.items ?? {}, pad);
      return item.includes(' | ') ? `Array<${item}>` : `${item}[]`;
    }
    if (one !== 'object') return PLAIN[one];
    if (!schema.properties) return schema.additionalProperties ? `Record<string, ${type(schema.additionalProperties, pad)}>` : 'Record<string, unknown>';
    return object(schema, pad);
  }).join(' | ');
}

function object(schema, pad = '') {
  const required = new Set(schema.required), inner = `${pad}  `;
  const fields = Object.entries(schema.properties).map(([name, s]) =>
    `${comment(s.description, inner)}${inner}${key(name)}${required.has(name) ? '' : '?'}: ${type(s, inner)};\n`);
  return fields.length ? `{\n${fields.join('')}${pad}}` : 'Record<string, never>';
}

const needsInput = (op) => op.input.parts.every((part) => (part.required ?? []).length > 0);
const ANSWERS = { text: 'string', bytes: 'Blob', none: 'void' };

function signature(op) {
  const input = `input${needsInput(op) ? '' : '?'}: ${op.type}Input`;
  const about = `${op.summary}.${op.codes.length ? ` Errors: ${op.codes.join(', ')}.` : ''}`;
  const answer = op.answer.kind === 'json' ? `${op.type}Result` : ANSWERS[op.answer.kind];
  const lines = [];
  if (op.answer.kind !== 'events') lines.push(`${comment(about, '  ')}  ${op.id}(${input}, options?: CallOptions): Promise<${answer}>;\n`);
  if (op.answer.streams) {
    const name = op.answer.kind === 'events' ? op.id : `${op.id}Stream`;
    lines.push(`${comment(about, '  ')}  ${name}(${input}, options?: StreamOptions): AsyncGenerator<StreamEvent, void, void>;\n`);
  }
  return lines.join('');
}

/** NAME.js and NAME.d.ts of a document. */
export function typescript(name, title, doc, mark) {
  const ops = operationsOf(doc), Class = title.replaceAll(' ', '').replace(/API$/, '');
  const table = ops.map((op) => `  ${op.id}: [${JSON.stringify(op.method)}, ${JSON.stringify(op.path)}, ${JSON.stringify(factsOf(op))}],\n`);
  for (const op of ops.filter((one) => one.answer.kind === 'json' && one.answer.streams)) {
    table.push(`  ${op.id}Stream: [${JSON.stringify(op.method)}, ${JSON.stringify(op.path)}, ${JSON.stringify({ ...factsOf(op), answer: 'events' })}],\n`);
  }
  const js = `// clients/js/${name}.js -- ${mark}\nimport { Client, define } from './client.js';\n\n`
    + `export class ${Class} extends Client {}\n\ndefine(${Class}, {\n${table.join('')}});\n`;
  const types = ops.flatMap((op) => [
    `export type ${op.type}Input = ${op.input.parts.map((part) => object(part)).join(' | ')};\n`,
    op.answer.kind === 'json' ? `export type ${op.type}Result = ${type(op.answer.schema)};\n` : '',
  ]);
  const paged = ops.filter((op) => op.pages);
  const pages = paged.map((op) => `  ${op.id}: { input: Omit<${op.type}Input, 'offset'>; item: ${op.type}Result['${op.pages.items}'][number] };\n`);
  const codes = [...new Set(ops.flatMap((op) => op.codes))].sort();
  const dts = `// clients/js/${name}.d.ts -- ${mark}\nimport { CallOptions, Client, StreamEvent, StreamOptions } from './client.js';\n\n`
    + `/** Codes of errors. */\nexport type ${Class}ErrorCode =\n${codes.map((c) => `  | '${c}'`).join('\n')};\n\n${types.join('')}\n`
    + `/** Lists that each() reads page by page. */\nexport interface ${Class}Pages {\n${pages.join('')}}\n\n`
    + `export interface ${Class} {\n${ops.map(signature).join('')}`
    + (paged.length ? `  /** All items of a list, page by page. */\n  each<N extends keyof ${Class}Pages>(name: N, input?: ${Class}Pages[N]['input'], options?: CallOptions): `
      + `AsyncGenerator<${Class}Pages[N]['item'], void, void>;\n` : '')
    + `}\n\nexport class ${Class} extends Client {}\n`;
  return { [`js/${name}.js`]: js, [`js/${name}.d.ts`]: dts };
}
