// spec/e2e/database_settings.test.mjs -- databases as operators configure them: URLs with mistakes,
// roles with too few rights, the wrong encoding, a newer schema, few connections, long migrations.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeAgent, makeUser } from './agent_client.mjs';
import { deaf } from './deaf.mjs';
import { BINARY, databaseUrl, launch, makeHome, sql, startHost } from './hosts.mjs';
import { keepAsking, readsAndWrites } from './load.mjs';
import { Outside } from './outside.mjs';
import { freePort, root, until } from './support.mjs';

/** One command with these settings: {code, text}. */
async function human(args, env) {
  const child = spawn(BINARY, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, HUMAN_CONFIG: '/dev/null',
    HUMAN_HOME: makeHome(), HUMAN_SCRIPTS: path.join(root, 'scripts'), ...env } });
  let text = '';
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (t) => { text += t; });
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  return { code, text };
}

describe('a database URL that can never become right ends the program with status 2, and a message that names the part', () => {
  const cases = [
    ['nonsense', /neither a URL .* nor a list/],
    ['mysql://u:geheim@h/db', /the scheme is mysql:\/\//],
    ['http://example.com', /the scheme is http:\/\//],
    ['"postgresql://u:geheim@h/db"', /begins with a quote/],
    ['postgresql://u:ge\nheim@h/db', /line break/],
    ['postgresql://u:ge@heim@h/db', /more than one "@".*%40/],
    ['postgresql://u:geheim/x@h/db', /"\/" before the "@".*%2F/],
    ['postgresql://u:geheim#/x@h/db', /"\/" before the "@".*%2F/],
    ['postgresql://u:geheim?/x@h/db', /port/],
    ['postgresql://u:geheim%@h/db', /the password contains a %/],
    ['postgresql://u:geheim x@h/db', /the password contains a blank/],
    ['postgresql://u:geheim@h:70000/db', /the port "70000"/],
    ['postgresql://u:geheim@h ost/db', /the host/],
    ['postgresql://u:geheim@h/db?shcema=x', /parameter: "shcema"/],
    ['postgresql://u:geheim@h/db?sslmode=on', /sslmode must be one of/],
    ['postgresql://u:geheim@h/db?target_session_attrs=standby', /takes no writes/],
    ['host=h password=my geheim dbname=x', /single quotes/],
  ];
  for (const [url, message] of cases) {
    it(JSON.stringify(url), async () => {
      const { code, text } = await human(['gateway'], { DATABASE_URL: url });
      assert.equal(code, 2, text);
      assert.match(text, message);
      assert.match(text, /database\.url/);
      assert.doesNotMatch(text, /geheim/);
    });
  }
  it('a pooler without a way past it', async () => {
    const { code, text } = await human(['gateway'], { DATABASE_URL: 'postgresql://h/db', HUMAN_DATABASE_POOLER: 'transaction' });
    assert.equal(code, 2);
    assert.match(text, /database\.pooler: needs database\.direct_url/);
  });
  it('and passwords with #, ? and encoded characters are right', async () => {
    for (const url of ['postgresql://u:a#b@h/db', 'postgresql://u:a?b@h/db', 'postgresql://u:a%40%2F%23@h1,[::1]:5433/db']) {
      assert.equal((await human(['config'], { DATABASE_URL: url })).code, 0, url);
    }
  });
});

const mayMount = process.getuid() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;

/** The host's program where the names of `lines` (as in /etc/hosts) are known. */
function knowing(lines) {
  const file = path.join(makeHome(), 'hosts');
  fs.writeFileSync(file, lines.join('\n') + '\n');
  return { command: ['unshare', '-m', 'sh', '-c', 'mount --bind "$1" /etc/hosts && exec "$0" gateway', BINARY, file] };
}

describe('a database of somebody else', () => {
  const outside = new Outside();
  const as = (role, name) => databaseUrl(outside.home, name).replace('human@', `${role}@`);
  before(() => outside.start());
  after(() => outside.end());

  it('whose role may not make tables is told what to grant', async () => {
    await sql(outside.home, 'create role plain login');
    await sql(outside.home, 'create database granted');
    const { code, text } = await human(['migrate'], { DATABASE_URL: as('plain', 'granted') });
    assert.equal(code, 1, text);
    assert.match(text, /GRANT USAGE, CREATE ON SCHEMA "public" TO "plain"/);
    assert.doesNotMatch(text, /traceback/);
    await sql(outside.home, 'grant usage, create on schema public to plain', 'granted');
    assert.equal((await human(['migrate'], { DATABASE_URL: as('plain', 'granted') })).code, 0);
  });

  it('whose first host accepts and never answers is reached by the second one, within the first one\'s own time', async () => {
    const callers = new Set(), mute = net.createServer((socket) => callers.add(socket.on('error', () => {}))).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    await sql(outside.home, 'create database second');
    const host = await startHost({ env: { HUMAN_DATABASE_CONNECT_TIMEOUT_MS: '2000',
      DATABASE_URL: `host=127.0.0.1,${outside.home}/run port=${mute.address().port},5432 user=human dbname=second` } });
    const ready = await until(async () => {
      const answer = await fetch(`${host.url}/ready`);
      return answer.status === 200 && answer.json();
    }, 8000, 'the second host is found, after 2 s for the first');
    assert.deepEqual(ready.reasons, []);
    assert.ok(callers.size > 0, 'the first host was asked');
    await makeUser(host.url);
    assert.equal((await host.stop()).code, 0);
    for (const socket of callers) socket.destroy();
    mute.close();
  });

  /** The outside database at a TCP address, too; which a host there may leave. */
  async function at(address, port = 0) {
    const open = new Set(), server = net.createServer((socket) => {
      const to = net.connect(`${outside.home}/run/.s.PGSQL.5432`);
      for (const [one, other] of [[socket, to], [to, socket]]) open.add(one.on('error', () => {}).on('close', () => other.destroy()).pipe(other) && one);
    }).listen(port, address).unref();
    await once(server, 'listening');
    const leave = async () => {
      server.close();
      for (const socket of open) socket.destroy();
    };
    return { port: server.address().port, leave };
  }
  const LIMIT_MS = 2000, SOON_MS = 40_000; // of an address; the kernel tries one that drops packets for two minutes
  const name = async (text) => { await sql(outside.home, `create database ${text}`); return text; };

  it('whose first host drops packets is reached by the second one, within the first one\'s own time', async () => {
    const [off, live] = [await deaf('127.0.7.1'), await at('127.0.7.2')];
    const begun = Date.now(), host = await startHost({ env: { HUMAN_DATABASE_CONNECT_TIMEOUT_MS: LIMIT_MS,
      DATABASE_URL: `host=127.0.7.1,127.0.7.2 port=${off.port},${live.port} user=human dbname=${await name('dropped')}` } });
    assert.ok(Date.now() - begun < SOON_MS, `ready after ${Date.now() - begun} ms`);
    await makeUser(host.url);
    assert.equal((await host.stop()).code, 0);
    const asked = await human(['psql', '-Atc', "select 'there'"], { HUMAN_DATABASE_CONNECT_TIMEOUT_MS: LIMIT_MS,
      DATABASE_URL: `host=127.0.7.1,127.0.7.2 port=${off.port},${live.port} user=human dbname=dropped` });
    assert.deepEqual(asked, { code: 0, text: 'there\n' });
    for (const one of [off, live]) (one.close ?? one.leave)();
  });

  it('whose host has a name with several addresses, of which the first drops packets, is reached at the second', { skip: !mayMount && 'needs mounts' }, async () => {
    const live = await at('127.0.7.4'), off = await deaf('127.0.7.3', live.port);
    const begun = Date.now(), host = await startHost({ as: knowing(['127.0.7.3 many.test', '127.0.7.4 many.test', '127.0.0.1 localhost']),
      env: { HUMAN_DATABASE_CONNECT_TIMEOUT_MS: LIMIT_MS, DATABASE_URL: `postgresql://human@many.test:${live.port}/${await name('many')}` } });
    assert.ok(Date.now() - begun < SOON_MS, `ready after ${Date.now() - begun} ms`);
    await makeUser(host.url);
    assert.equal((await host.stop()).code, 0);
    for (const one of [off, live]) (one.close ?? one.leave)();
  });

  it('that moves, while we run, from a host that then drops packets to the next one of the list is followed', async () => {
    const [first, second] = [await at('127.0.7.5'), await at('127.0.7.6')];
    const host = await startHost({ env: { HUMAN_DATABASE_CONNECT_TIMEOUT_MS: LIMIT_MS,
      DATABASE_URL: `host=127.0.7.5,127.0.7.6 port=${first.port},${second.port} user=human dbname=${await name('moved')}` } });
    const user = await makeUser(host.url), agent = await makeAgent(host.url, user);
    await first.leave();
    const off = await deaf('127.0.7.5', first.port), since = Date.now();
    const load = keepAsking(6, readsAndWrites(host, user, agent));
    await until(() => load.seen.some((a) => a.status === 202 && a.at > since - performance.timeOrigin), SOON_MS, 'writes are answered again');
    await until(() => load.seen.slice(-100).length === 100 && load.seen.slice(-100).every((a) => a.status < 300), 10_000, 'all is answered again');
    await load.stop();
    assert.deepEqual(load.seen.filter((a) => ![200, 202, 503].includes(a.status)).slice(0, 3), []);
    assert.equal((await host.stop()).code, 0);
    off.close();
    second.leave();
  });

  it('that is not in UTF-8 is refused before the first migration', async () => {
    await sql(outside.home, "create database latin encoding 'LATIN1' locale 'C' template template0");
    const { code, text } = await human(['migrate'], { DATABASE_URL: databaseUrl(outside.home, 'latin') });
    assert.equal(code, 1, text);
    assert.match(text, /"latin" is encoded in LATIN1 and must be in UTF8/);
    assert.deepEqual(await sql(outside.home, "select tablename from pg_tables where schemaname = 'public'", 'latin'), []);
  });

  it('that is newer than the program is refused by migrate, by the server and by doctor; a local migration that is gone is not', async () => {
    await sql(outside.home, 'create database newer');
    const env = { DATABASE_URL: databaseUrl(outside.home, 'newer') };
    assert.match((await human(['migrate', '--json'], env)).text, /^\{"applied":[1-9]\d*\}$/m);
    await sql(outside.home, "insert into schema_migrations values (9001, 'mine', 'x')", 'newer');
    assert.match((await human(['migrate', '--json'], env)).text, /^\{"applied":0\}$/m);
    assert.match((await human(['doctor'], env)).text, /9001_mine, which no script here brings/);
    await sql(outside.home, "insert into schema_migrations values (99, 'later', 'x')", 'newer');
    const refused = await human(['migrate', '--json'], env);
    assert.equal(refused.code, 1);
    assert.match(refused.text, /^\{"error":".*99_later/m);
    for (const args of [['migrate'], ['gateway']]) {
      const { code, text } = await human(args, { ...env, HUMAN_PORT: await freePort(), HUMAN_AGENT_PORT: '0' });
      assert.equal(code, 1, text);
      assert.match(text, /newer than this program.*0099_later.*(install|restore)/);
    }
    const doctor = await human(['doctor'], env);
    assert.equal(doctor.code, 1);
    assert.match(doctor.text, /FAIL.*newer than this program/is);
  });

  it('that allows fewer connections than the workers want serves all the same', async () => {
    await sql(outside.home, 'create role few login');
    await sql(outside.home, 'create database few owner few');
    await sql(outside.home, 'alter role few connection limit 4');
    const host = await startHost({ env: { DATABASE_URL: as('few', 'few'), HUMAN_WORKERS: '3' } });
    const probes = keepAsking(3, () => fetch(`${host.url}/ready`, { headers: { connection: 'close' } }));
    await until(() => probes.seen.length > 200 && probes.seen.slice(-200).every((a) => a.status === 200), 40_000,
      'every worker has had its turn');
    await probes.stop();
    const user = await makeUser(host.url), agent = await makeAgent(host.url, user);
    const load = keepAsking(9, readsAndWrites(host, user, agent));
    await until(() => load.seen.length > 400, 30_000, 'requests are answered');
    const odd = (await load.stop()).filter((a) => ![200, 202].includes(a.status));
    assert.deepEqual(odd.slice(0, 3), [], `${odd.length} were refused\n${host.log().slice(-2000)}`);
    const doctor = await human(['doctor'], { DATABASE_URL: as('few', 'few') });
    assert.match(doctor.text, /too many connections for role|CONNECTION LIMIT/);
    assert.equal((await host.stop()).code, 0);
  });

  it('that has had a later migration of a range refuses an earlier one, and takes those of other ranges', async () => {
    await sql(outside.home, 'create database ordered');
    const own = fs.mkdtempSync(path.join(makeHome(), 'own-'));
    fs.mkdirSync(path.join(own, 'api/local/migrations'), { recursive: true });
    fs.chmodSync(own, 0o755);
    const write = (name) => fs.writeFileSync(path.join(own, 'api/local/migrations', name), 'select 1;\n');
    const env = { DATABASE_URL: databaseUrl(outside.home, 'ordered'), HUMAN_SCRIPTS: `${own}:${path.join(root, 'scripts')}` };
    write('9005_first.sql');
    assert.equal((await human(['migrate'], env)).code, 0);
    write('9006_next.sql');
    assert.match((await human(['migrate'], env)).text, /Applied 1 migrations/);
    write('9004_late.sql');
    for (const command of ['migrate', 'doctor']) {
      const { code, text } = await human([command], env);
      assert.equal(code, 1, text);
      assert.match(text, /9004_late\.sql: comes too late: this database has had 9006_next/);
    }
  });

  // limit: database.migrate_timeout_ms
  it('whose migration takes longer than any statement may: two hosts start at once, and it is applied once', async () => {
    await sql(outside.home, 'create database slow');
    const own = fs.mkdtempSync(path.join(makeHome(), 'own-'));
    fs.mkdirSync(path.join(own, 'api/local/migrations'), { recursive: true });
    fs.chmodSync(own, 0o755);
    fs.writeFileSync(path.join(own, 'api/local/migrations/9002_long.sql'),
      'create table long_one (a int);\nselect pg_sleep(3);\ninsert into long_one values (1);\n');
    const env = { DATABASE_URL: databaseUrl(outside.home, 'slow'), HUMAN_DATABASE_STATEMENT_TIMEOUT_MS: '500',
      HUMAN_DATABASE_LEASE_TIMEOUT_MS: '800', HUMAN_SCRIPTS: `${own}:${path.join(root, 'scripts')}`, HUMAN_OVERRIDES: '**' };
    const hosts = await Promise.all([startHost({ env }), startHost({ env })]);
    assert.deepEqual(await sql(outside.home, 'select count(*) from long_one', 'slow'), ['1']);
    for (const host of hosts) assert.equal((await host.stop()).code, 0, host.log());
  });

  it('whose migration takes longer than database.migrate_timeout_ms ends the start, by that name', async () => {
    await sql(outside.home, 'create database late');
    const own = fs.mkdtempSync(path.join(makeHome(), 'own-'));
    fs.mkdirSync(path.join(own, 'api/local/migrations'), { recursive: true });
    fs.chmodSync(own, 0o755);
    fs.writeFileSync(path.join(own, 'api/local/migrations/9003_long.sql'), 'select pg_sleep(30);\n');
    const host = launch({ HUMAN_HOME: makeHome(), HUMAN_PORT: await freePort(), DATABASE_URL: databaseUrl(outside.home, 'late'),
      HUMAN_DATABASE_MIGRATE_TIMEOUT_MS: '300', HUMAN_SCRIPTS: `${own}:${path.join(root, 'scripts')}` });
    const [code] = await once(host.child, 'exit');
    assert.equal(code, 1, host.log());
    assert.match(host.log(), /took longer than database\.migrate_timeout_ms/);
  });
});
