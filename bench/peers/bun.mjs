// bench/peers/bun.mjs PORT DIRECTORY [SOCKET_DIRECTORY] -- the routes of the benchmarks on Bun: its own HTTP server,
// router and SQL client, npm socket.io on @socket.io/bun-engine; files below /bench/ui, and where PostgreSQL listens.
import { Glob, SQL, file, serve } from 'bun';
import { Server as Engine } from '@socket.io/bun-engine';
import { Server } from 'socket.io';
import { priced, refusal, wrong } from './item.mjs';

const [port, directory, socket] = process.argv.slice(2);
const routes = {
  '/bench/json': {
    POST: async (req) => {
      const body = await req.json().catch(() => undefined);
      const path = wrong(body);
      return path === undefined ? Response.json(priced(body)) : Response.json(refusal('Bad Request', path), { status: 400 });
    },
  },
};
for (const name of new Glob('**').scanSync({ cwd: directory })) {         // kept in memory, as ours are: half of Bun.file's cost
  const it = file(`${directory}/${name}`);
  routes[`/bench/ui/${name}`] = new Response(await it.bytes(), { headers: { 'content-type': it.type } });
}

if (socket) {
  const sql = new SQL({ adapter: 'postgres', path: `${socket}/.s.PGSQL.5432`, username: 'human', database: 'human', max: 8 });
  routes['/bench/rows/:id'] = async (req) => {
    const id = Number(req.params.id);
    if (!Number.isInteger(id) || id < 1) return Response.json(refusal('Bad Request', 'id'), { status: 400 });
    const [row] = await sql`select aid as id, bid as branch, abalance as balance from pgbench_accounts where aid = ${id}`;
    return row ? Response.json(row) : Response.json(refusal('Not Found', 'id'), { status: 404 });
  };
  await sql.connect();
}

const io = new Server();
const engine = new Engine({ path: '/bench.io/' });
io.bind(engine);
io.on('connection', (client) => {
  client.join('all');
  client.on('message', (m) => client.emit('message', m));
  client.on('broadcast', (m) => io.to('all').emit('message', m));
});
serve({ ...engine.handler(), routes, port: Number(port), hostname: '127.0.0.1', development: false });
