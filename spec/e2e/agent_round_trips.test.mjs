// spec/e2e/agent_round_trips.test.mjs -- how often a turn goes to the database and back, counted on the wire.
// A relay between the host and PostgreSQL counts what the host sends: Execute (a statement) and Sync (it waits).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { connected, makeAgent, makeUser, newMessage, NORMAL, outline, run, send } from './agent_client.mjs';
import { Outside } from './outside.mjs';
import { startHuman, until } from './support.mjs';

const TURNS = 8, TURNS_MAX = 40, QUIET_MS = 100;
const EXECUTE = 'E'.charCodeAt(0), SYNC = 'S'.charCodeAt(0);
const outside = new Outside(), sent = { statements: 0, trips: 0, at: 0 };
let relay, host;

/** Counts the messages of a client, of which the first has no type. */
function counter() {
  let rest = Buffer.alloc(0), begun = false;
  return (data) => {
    rest = Buffer.concat([rest, data]);
    for (;;) {
      const head = begun ? 1 : 0;
      if (rest.length < head + 4 || rest.length < head + rest.readInt32BE(head)) return;
      if (begun && rest[0] === EXECUTE) sent.statements += 1;
      if (begun && rest[0] === SYNC) sent.trips += 1;
      sent.at = Date.now();
      rest = rest.subarray(head + rest.readInt32BE(head));
      begun = true;
    }
  };
}

function pass(client) {
  const server = net.connect(`${outside.home}/run/.s.PGSQL.5432`), count = counter();
  client.on('data', (data) => { count(data); server.write(data); });
  server.on('data', (data) => client.write(data));
  for (const [one, other] of [[client, server], [server, client]]) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}

before(async () => {
  await outside.start();
  relay = net.createServer(pass).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  host = await startHuman({ env: { DATABASE_URL: `postgresql://human@127.0.0.1:${relay.address().port}/human?sslmode=disable` } });
});
after(async () => {
  await host?.stop();
  relay?.close();
  await outside.end();
  fs.rmSync(outside.home, { recursive: true, force: true });
});

describe('a turn of an agent that is alone', () => {
  it('waits for the database no more often than it must', async () => {
    const user = await makeUser(host.url), agent = await makeAgent(host.url, user);
    const socket = await connected(host.url, agent.id, user.key), turns = [];
    const least = (name) => Math.min(...turns.map((t) => t[name]));
    for (let i = 0; i < TURNS || (i < TURNS_MAX && (least('trips') > 4 || least('statements') > 10)); i += 1) {
      const before = { ...sent }, from = socket.actions.length;
      await send(socket, newMessage(`How do I begin with cardio, part ${i}?`));
      assert.deepEqual(outline(await run(socket, from)), NORMAL);
      await until(() => Date.now() - sent.at > QUIET_MS, 5000, 'nothing more is asked');
      turns.push({ trips: sent.trips - before.trips, statements: sent.statements - before.statements });
    }
    // One of each tells other hosts, which this host does not know yet to be absent.  It has business of its own with the
    // database, too, which comes on top of some turns.
    assert.ok(least('trips') <= 4, `round trips: ${JSON.stringify(turns)}`);
    assert.ok(least('statements') <= 10, `statements: ${JSON.stringify(turns)}`);
  });
});
