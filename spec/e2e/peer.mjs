// spec/e2e/peer.mjs -- npm socket.io with the behaviour of scripts/echo, to check the tests against.
import http from 'node:http';
import { Server } from 'socket.io';
import packed from 'socket.io-msgpack-parser';

function serve(server, options) {
  const io = new Server(server, { destroyUpgrade: false, cors: { origin: '*' }, ...options });
  io.on('connection', (socket) => {
    socket.emit('welcome', socket.handshake.auth, socket.handshake.query.who ?? 'nobody');
    socket.on('message', (...args) => socket.emit('message-back', ...args));
    socket.on('message-with-ack', (...args) => args.pop()(...args));
    socket.on('slow', (n) => setTimeout(() => socket.emit('slow', n), 20));
    socket.on('ask', async (question, timeout_s = 30) => {
      const answer = await socket.timeout(timeout_s * 1000).emitWithAck('question', question).catch(() => 'timeout');
      socket.emit('asked', ...(answer === 'timeout' ? [null, answer] : [answer]));
    });
    socket.on('join', (room, ack) => { socket.join(room); ack(); });
    socket.on('leave', (room, ack) => { socket.leave(room); ack(); });
    socket.on('tell', (room, text) => io.to(room).emit('told', text));
    socket.on('others', (room, text) => socket.to(room).emit('told', text));
    socket.on('volatile', (n, text) => {
      for (let i = 1; i <= n; i++) socket.volatile.emit('volatile', i, text);
      socket.emit('done');
    });
    socket.on('volatile-room', (room, n, text) => {
      for (let i = 1; i <= n; i++) io.to(room).volatile.emit('volatile', i, text);
      io.to(room).emit('done');
    });
    socket.on('ask-room', async (room, ms, question, ack) => {
      await io.to(room).timeout(ms).emitWithAck('question', question).then((list) => ack(list), (e) => ack(e.responses, 'timeout'));
    });
    socket.on('who', async (room, ack) => ack((await io.in(room).fetchSockets()).map((s) => s.id)));
    socket.on('bye', (close) => socket.disconnect(close));
    socket.on('disconnect', (reason) => io.to('watchers').emit('gone', reason));
  });
  io.of('/custom').on('connection', (socket) => {
    socket.on('message', (...args) => socket.emit('message-back', ...args));
  });
  io.of(/^\/dynamic-\d+$/).on('connection', (socket) => {
    socket.on('message', (...args) => socket.emit('message-back', socket.nsp.name, ...args));
  });
  io.of('/members').use((socket, next) => {
    if (socket.handshake.auth.token === 'abc') return next();
    const error = new Error('Unauthorized');
    error.data = { statusCode: 401, code: 'bad_key' };
    next(error);
  });
  return io;
}

export async function startPeer() {
  const server = http.createServer((_, res) => res.writeHead(404).end());
  const all = [
    serve(server, { path: '/echo.io/' }),
    serve(server, { path: '/fast.io/', pingInterval: 1000, pingTimeout: 800, maxHttpBufferSize: 1000,
                    connectTimeout: 3000 }),
    serve(server, { path: '/old.io/', allowEIO3: true }),
    serve(server, { path: '/packed.io/', parser: packed }),
    serve(server, { path: '/small.io/', perMessageDeflate: { threshold: 1024 }, maxHttpBufferSize: 100000 }),
    serve(server, { path: '/back.io/', connectionStateRecovery: { maxDisconnectionDuration: 60000 } }),
  ];
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  return {
    port, url: `http://127.0.0.1:${port}`, peer: true,
    async stop() {
      for (const io of all) await io.close();
      server.closeAllConnections();
    },
  };
}
