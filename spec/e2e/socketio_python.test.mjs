// spec/e2e/socketio_python.test.mjs -- python-socketio on all transports: an independent view of the protocol.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { root, startHuman } from './support.mjs';

const run = promisify(execFile);
const python = path.join(root, 'build/venv/bin/python'), client = path.join(root, 'spec/e2e/socketio_client.py');
let server;

before(async () => {
  server = process.env.SIO_PEER === 'npm' ? await (await import('./peer.mjs')).startPeer()
    : await startHuman({ scripts: ['spec/e2e/scripts/echo'] });
});
after(async () => { await server?.stop(); });

describe('python-socketio', () => {
  for (const transports of ['polling', 'websocket', 'polling,websocket']) {
    it(`is served over ${transports}`, { timeout: 60_000 }, async () => {
      const { stdout } = await run(python, [client, server.url, transports], { timeout: 50_000 });
      assert.match(stdout, /^ok welcome\n(ok .*\n){12}done\n$/, stdout);
    });
  }
});
