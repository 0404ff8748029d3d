// bench/peers/node_pg.mjs -- a primary-key read as JSON with node-postgres, pool of 8, prepared.
import http from 'node:http';
import pg from 'pg';

const pool = new pg.Pool({ host: process.argv[3], user: 'human', database: 'human', max: 8 });
http.createServer(async (req, res) => {
  const id = Number(req.url.split('/').pop());
  const { rows } = await pool.query({ name: 'read', values: [id],
    text: 'select aid as id, bid as branch, abalance as balance from pgbench_accounts where aid = $1' });
  const text = JSON.stringify(rows[0]);
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  res.end(text);
}).listen(Number(process.argv[2]), '127.0.0.1');
