// spec/e2e/few_files.test.mjs -- a host that may open only a few files: clients beyond that get an answer that says so,
// and everything else (the database, a reload, an operator's command) still gets a descriptor.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, it } from 'node:test';
import { BINARY, startHost } from './hosts.mjs';
import { reload } from './modes.mjs';
import { open, responses } from './raw.mjs';
import { until } from './support.mjs';

const FILES = 64, CLIENTS = 150;
const ASK = 'GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n';
let host;
before(async () => {
  host = await startHost({ as: { command: ['sh', '-c', `ulimit -n ${FILES}; exec "$0" gateway`, BINARY] } });
});
after(async () => assert.equal((await host?.stop())?.code, 0));

it(`with ulimit -n ${FILES} each of ${CLIENTS} clients is answered, 200 or 503, and the log says why`, async () => { // limit: open files
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => open(host.port)));
  for (const c of clients) c.socket.write(ASK);
  const status = (c) => responses(c.data())[0]?.status;
  await until(() => clients.every(status), 5000, 'all clients have an answer');
  const told = clients.map(status), count = (n) => told.filter((s) => s === n).length;
  assert.equal(count(200) + count(503), CLIENTS);
  assert.ok(count(200) > 0 && count(503) > 0, `${count(200)} times 200`);
  assert.match(host.log(), /connections are open, as many as may be .*new clients get 503/);
  assert.match(host.log(), new RegExp(`at most ${FILES} files may be open, fewer than limits.connections`));
  const made = await reload(BINARY, host.home);
  assert.equal(made.code, 0, made.text);
  const gone = clients.map((c) => c.socket.destroyed || once(c.socket, 'close'));
  for (const c of clients) c.socket.destroy();
  await Promise.all(gone);
  await until(async () => (await fetch(`${host.url}/ready`)).status === 200, 5000, 'clients are served again');
});
