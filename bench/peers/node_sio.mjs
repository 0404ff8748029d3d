// bench/peers/node_sio.mjs -- npm socket.io 4: echo, and broadcast to everybody.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { path: '/bench.io/', transports: ['websocket', 'polling'] });
io.on('connection', (socket) => {
  socket.join('all');
  socket.on('message', (m) => socket.emit('message', m));
  socket.on('broadcast', (m) => io.to('all').emit('message', m));
});
http.listen(Number(process.argv[2]), '127.0.0.1', 4096);
