// spec/e2e/outside.mjs -- a PostgreSQL that is not the host's own, as most operators have.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { BINARY, children, makeHome } from './hosts.mjs';

/** A cluster that no host looks after: it lives as long as a psql on it. */
export class Outside {
  home = makeHome();

  async start() {
    this.psql = spawn(BINARY, ['psql', '-At'], { stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, HUMAN_HOME: this.home, HUMAN_CONFIG: '/dev/null', DATABASE_URL: '' } });
    this.psql.stdin.write('select 1;\n');
    await once(this.psql.stdout, 'data');
  }

  get postmaster() { return children(this.psql.pid).find((c) => c.name === 'postgres').pid; }

  async end() {
    const ended = once(this.psql, 'exit');
    this.psql.stdin.end();
    await ended;
  }
}
