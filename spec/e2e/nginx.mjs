// spec/e2e/nginx.mjs -- a real nginx in front of a host, on free ports, with the blocks that docs/operating.md shows.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { tempDir } from './operator.mjs';
import { root, until } from './support.mjs';

const running = new Set();
process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });

/** The nginx blocks of the page, in order. */
export function documented() {
  const text = fs.readFileSync(path.join(root, 'docs/operating.md'), 'utf8');
  return [...text.matchAll(/```nginx\n([\s\S]*?)```/g)].map((m) => m[1]);
}

const listens = (port) => new Promise((resolve) => {
  const socket = net.connect({ port, host: '127.0.0.1' }, () => { socket.destroy(); resolve(true); });
  socket.on('error', () => resolve(false));
});

/** http, stream: what stands inside of these blocks; ports: what it listens on.  Returns {stop()}. */
export async function startNginx({ http = '', stream = '', ports }) {
  const dir = tempDir(), at = (name) => path.join(dir, name);
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${at(name)};`).join(' ');
  fs.writeFileSync(at('nginx.conf'), `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
    daemon off; master_process off; worker_processes 1; pid ${at('pid')}; error_log ${at('error.log')};
    events { worker_connections 256; }
    http { access_log off; ${temp} ${http} }
    stream { ${stream} }`);
  const child = spawn('/usr/sbin/nginx', ['-p', dir, '-c', at('nginx.conf'), '-e', at('error.log')], { stdio: 'ignore' });
  running.add(child);
  child.once('exit', () => running.delete(child));
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${fs.readFileSync(at('error.log'), 'utf8')}`);
    return (await Promise.all(ports.map(listens))).every(Boolean);
  }, 10_000, 'nginx listens');
  return {
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
