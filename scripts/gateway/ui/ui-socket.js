// scripts/gateway/ui/ui-socket.js -- the connection to /ws: calls with answers, events, and a new connection when it ends.

const ANSWER_MS = 30000, AGAIN_MS = 1000, AGAIN_MAX_MS = 30000;

function address() {
  const url = new URL('ws', location.href);
  url.hash = url.search = '';
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url;
}

export class Socket {
  #on; #ws; #calls = new Map(); #count = 0; #wait = AGAIN_MS; #timer; #over = false;

  /** on: {say(text), heard(event, payload), opened(greeting), refused()}. */
  constructor(on) { this.#on = on; }

  get isOpen() { return this.#ws?.readyState === WebSocket.OPEN; }

  open() {
    if (this.#over) return;
    this.#on.say('Connecting…');
    const ws = this.#ws = new WebSocket(address());
    ws.addEventListener('message', (event) => this.#take(JSON.parse(event.data)));
    ws.addEventListener('close', () => { if (ws === this.#ws) this.#again(); });
  }

  #take(frame) {
    if (frame.type === 'hello-ok') {
      this.#wait = AGAIN_MS;
      this.#on.say('Connected');
      return this.#on.opened(frame);
    }
    if (frame.type === 'event') return this.#on.heard(frame.event, frame.payload ?? {});
    const call = this.#calls.get(frame.id);
    if (!call) return undefined;
    this.#calls.delete(frame.id);
    clearTimeout(call.timer);
    return frame.ok ? call.done(frame.payload) : call.fail(Object.assign(new Error(frame.error.message), { code: frame.error.code }));
  }

  #drop() {
    for (const call of this.#calls.values()) {
      clearTimeout(call.timer);
      call.fail(new Error('The connection was lost.'));
    }
    this.#calls.clear();
  }

  #again() {
    this.#drop();
    if (this.#over) return;
    this.#on.say('Offline; trying again…');
    this.#on.refused();
    this.#timer = setTimeout(() => this.open(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, AGAIN_MAX_MS);
  }

  close() {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#ws?.close();
    this.#drop();
  }

  call(method, params = {}) {
    if (!this.isOpen) return Promise.reject(new Error('There is no connection.'));
    const id = `ui-${this.#count += 1}`;
    return new Promise((done, fail) => {
      const timer = setTimeout(() => {
        this.#calls.delete(id);
        fail(new Error('The server did not answer in time.'));
      }, ANSWER_MS);
      this.#calls.set(id, { done, fail, timer });
      this.#ws.send(JSON.stringify({ type: 'req', id, method, params }));
    });
  }
}
