// spec/e2e/patroni.mjs -- PostgreSQL under Patroni: two nodes and one etcd, all of Debian, on free ports of
// loopback.  Acknowledged writes are on both nodes (synchronous mode), so a failover loses none.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { children, isAlive } from './hosts.mjs';
import { freePort, until } from './support.mjs';

const run = promisify(execFile);
const PASSWORD = 'failover';
const TTL_S = 6, MOST_MS = 60_000;
const family = (pid) => [pid, ...children(pid).flatMap((c) => family(c.pid))];

/** As whom: PostgreSQL refuses root. */
function user() {
  if (process.getuid() !== 0) return {};
  const [uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(fs.readFileSync('/etc/passwd', 'utf8')).slice(1).map(Number);
  return { uid, gid };
}

function binaries() {
  const base = '/usr/lib/postgresql';
  return path.join(base, fs.readdirSync(base).sort((a, b) => b - a)[0], 'bin');
}

class Node {
  constructor(cluster, name, port, restPort) {
    Object.assign(this, { cluster, name, port, restPort, dir: path.join(cluster.dir, name) });
    fs.mkdirSync(this.dir, { mode: 0o700 });
    cluster.give(this.dir);
    fs.writeFileSync(path.join(cluster.dir, `${name}.yml`), this.settings());
  }

  settings() {
    const { dir, name, port, restPort, cluster } = this;
    const account = (who) => `{username: ${who}, password: ${PASSWORD}}`;
    return `
scope: spec
name: ${name}
restapi: {listen: '127.0.0.1:${restPort}', connect_address: '127.0.0.1:${restPort}'}
etcd3: {host: '127.0.0.1:${cluster.etcdPort}'}
bootstrap:
  dcs:
    ttl: ${TTL_S}
    loop_wait: 1
    retry_timeout: 2
    synchronous_mode: true
    postgresql: {use_pg_rewind: true, parameters: {wal_keep_size: 256MB}}
  initdb: [{encoding: UTF8}, {locale: C.UTF-8}]
  pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication all 127.0.0.1/32 scram-sha-256']
postgresql:
  listen: '127.0.0.1:${port}'
  connect_address: '127.0.0.1:${port}'
  data_dir: ${dir}/data
  bin_dir: ${binaries()}
  pgpass: ${dir}/pgpass
  authentication: {superuser: ${account('postgres')}, replication: ${account('copy')}, rewind: ${account('rewind')}}
  parameters: {unix_socket_directories: '${dir}', max_connections: 100, fsync: 'off'}
watchdog: {mode: 'off'}
`;
  }

  start() {
    this.process = this.cluster.spawn(this.name, 'patroni', [path.join(this.cluster.dir, `${this.name}.yml`)]);
  }

  /** Patroni and PostgreSQL: what is gone when the machine is. */
  all() {
    const pid = this.postmaster();
    return [...family(this.process.pid), ...(pid ? family(pid) : [])];
  }

  /** PostgreSQL outlives Patroni, so it is found by its file. */
  postmaster() {
    try {
      const pid = Number(fs.readFileSync(path.join(this.dir, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
      return isAlive(pid) ? pid : undefined;
    } catch {
      return undefined;
    }
  }

  signal(name) {
    for (const pid of this.all()) try { process.kill(pid, name); } catch (e) { if (e.code !== 'ESRCH') throw e; }
  }

  async kill() {
    const all = this.all();
    this.signal('SIGKILL');
    await until(() => !all.some(isAlive), 5000, 'all of a node is gone');
  }

  /** Whether Patroni says that it is the leader, or a standby that follows. */
  is(role) {
    return fetch(`http://127.0.0.1:${this.restPort}/${role}`, { signal: AbortSignal.timeout(1000) })
      .then((r) => r.status === 200, () => false);
  }
}

export class Cluster {
  async start() {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'human-patroni-'));
    fs.chmodSync(this.dir, 0o755);
    this.give(this.dir);
    this.processes = new Set();
    process.once('exit', () => this.abandon());
    this.etcdPort = await freePort();
    const url = `http://127.0.0.1:${this.etcdPort}`, peer = `http://127.0.0.1:${await freePort()}`;
    this.spawn('etcd', 'etcd', ['--data-dir', path.join(this.dir, 'etcd'), '--unsafe-no-fsync', '--listen-client-urls', url,
      '--advertise-client-urls', url, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer,
      '--initial-cluster', `default=${peer}`]);
    await until(() => fetch(`${url}/health`).then((r) => r.ok, () => false), MOST_MS, 'etcd answers');
    this.nodes = [];
    for (const name of ['a', 'b']) {
      const node = new Node(this, name, await freePort(), await freePort());
      this.nodes.push(node);
      node.start();
      await until(() => node.is(name === 'a' ? 'primary' : 'sync'), MOST_MS,
        () => `node ${name} runs\n${this.log(name)}`);
    }
    await this.sql('create database human', 'postgres');
  }

  give(what) {
    const { uid, gid } = user();
    if (uid !== undefined) fs.chownSync(what, uid, gid);
  }

  spawn(name, program, args) {
    const log = fs.openSync(path.join(this.dir, `${name}.log`), 'a');
    const child = spawn(program, args, { stdio: ['ignore', log, log], cwd: this.dir, ...user(),
      env: { PATH: process.env.PATH, HOME: this.dir, ETCD_UNSUPPORTED_ARCH: process.arch } });
    fs.closeSync(log);
    this.processes.add(child);
    return child;
  }

  log(name) { return fs.readFileSync(path.join(this.dir, `${name}.log`), 'utf8').slice(-3000); }

  /** For DATABASE_URL: every node, and that writes are wanted. */
  url(more = '&target_session_attrs=read-write') {
    const hosts = this.nodes.map((n) => `127.0.0.1:${n.port}`).join(',');
    return `postgresql://postgres:${PASSWORD}@${hosts}/human?sslmode=disable${more}`;
  }

  async leader() {
    for (const node of this.nodes) if (await node.is('primary')) return node;
    return undefined;
  }

  other(node) { return this.nodes.find((n) => n !== node); }

  /** The other node has to follow, in step, before the leader may go. */
  async settled() {
    let leader;
    await until(async () => (leader = await this.leader()) && this.other(leader).is('sync'), MOST_MS,
      () => `both nodes are in step\n${this.log('a')}\n${this.log('b')}`);
    return leader;
  }

  async switchover(leader, candidate) {
    const answer = await fetch(`http://127.0.0.1:${leader.restPort}/switchover`, { method: 'POST',
      body: JSON.stringify({ leader: leader.name, candidate: candidate.name }) });
    if (answer.status !== 200) throw new Error(`switchover: ${answer.status} ${await answer.text()}`);
  }

  /** Rows of one statement on the leader. */
  async sql(statement, database = 'human') {
    const leader = await until(() => this.leader(), MOST_MS, 'there is a leader');
    const { stdout } = await run('psql', ['-h', '127.0.0.1', '-p', leader.port, '-U', 'postgres', '-d', database,
      '-XAtqc', statement], { env: { ...process.env, PGPASSWORD: PASSWORD }, maxBuffer: 256 << 20 });
    return stdout.trim().split('\n').filter(Boolean);
  }

  abandon() {
    for (const node of this.nodes ?? []) node.signal('SIGKILL');
    for (const child of this.processes) child.kill('SIGKILL');
    fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  async stop() {
    for (const node of this.nodes ?? []) await node.kill();
    for (const child of this.processes) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}
