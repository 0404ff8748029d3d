// spec/e2e/mcp_bad_server.mjs -- a server that says what no server should: node mcp_bad_server.mjs DIRECTORY.
// The file `description` of the directory is what its tools say of themselves, `starts` has a line for each start.
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

const dir = process.argv[2], now = (name, otherwise) => { try { return fs.readFileSync(path.join(dir, name), 'utf8'); } catch { return otherwise; } };
fs.appendFileSync(path.join(dir, 'starts'), 'start\n');
const say = (value) => process.stdout.write(`${typeof value === 'string' ? value : JSON.stringify({ jsonrpc: '2.0', ...value })}\n`);
const text = (t) => ({ content: [{ type: 'text', text: t }] });
const empty = { type: 'object', properties: {} };

const TOOLS = {
  fine: { does: (id) => say({ id, result: text('fine') }) },
  hangs: { does: () => {} },
  floods: { does: () => { const line = 'x'.repeat(1 << 20); for (let i = 0; i < 100; i += 1) process.stdout.write(line); } },
  gibberish: { does: () => { const line = `${'x'.repeat(1 << 16)}\n`; for (let i = 0; i < 1600; i += 1) process.stdout.write(line); } },
  complains: { does: () => { const line = `${'e'.repeat(1 << 16)}\n`; for (let i = 0; i < 1600; i += 1) process.stderr.write(line); } },
  dies: { does: () => { process.stderr.write('out of ideas\n', () => process.exit(3)); } },
  strays: { does: (id) => { say({ id: id + 1000, result: text('not yours') }); say({ id: String(id), result: text('nor this') }); say({ id, result: text('yours') }); } },
  twice: { does: (id) => { say({ id, result: text('first') }); say({ id, result: text('second') }); } },
  odd: { does: (id) => say({ id, result: { content: [5, { type: 'text', text: 7 }, { type: 'hologram' }, null, { type: 'text', text: 'a\u0000b' }] } }) },
  asks: { does: (id) => { for (let i = 0; i < 2000; i += 1) say({ id: `s${i}`, method: 'sampling/createMessage', params: {} }); say({ id, result: text('asked') }); } },
  no_schema: { inputSchema: { type: 'array' } },
  endless: { inputSchema: { type: 'object', properties: Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`p${i}`, { type: 'string' }])) } },
  'bad name!': {},
};

const input = readline.createInterface({ input: process.stdin });
input.on('close', () => fs.appendFileSync(path.join(dir, 'starts'), 'end\n'));
input.on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize') say({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'bad', version: '1' } } });
  if (method === 'ping') say({ id, result: {} });
  if (method === 'tools/list') {
    const description = now('description', 'Does it');
    const tools = Object.entries(TOOLS).map(([name, t]) => ({ name, description, inputSchema: t.inputSchema ?? empty }));
    // It does not know of pages, either: each is the first, and says that there is another.
    say({ id, result: { tools: [...tools, { name: 'fine', description: 'Another one.', inputSchema: empty }], nextCursor: 'more' } });
  }
  if (method === 'tools/call') TOOLS[params.name].does(id);
});
