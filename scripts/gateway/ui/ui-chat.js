// scripts/gateway/ui/ui-chat.js -- the messages of one conversation.
// A bubble belongs to a run and a step of it; what a tool does has a card of its own between them.
import { $, element, label, visible } from './ui-dom.js';

const HISTORY = 200, RUNNING = ['waiting', 'thinking', 'acting'];
let socket, key, bubbles = new Map(), running = new Set(), missed = null, mayTalk = false;

const isAtEnd = () => $('log').scrollHeight - $('log').scrollTop - $('log').clientHeight < 80;

function bubble(id, kind, who) {
  let found = bubbles.get(id);
  if (found) return found;
  const stick = isAtEnd(), text = element('div', { class: 'text' });
  const item = element('li', { class: kind, 'data-id': id }, element('span', { class: 'who' }, who), text);
  found = { item, text };
  bubbles.set(id, found);
  $('log').append(item);
  if (stick) $('log').scrollTop = $('log').scrollHeight;
  return found;
}

function write(id, kind, who, text, more) {
  const b = bubble(id, kind, who), stick = isAtEnd();
  if (more) b.text.append(text);
  else b.text.textContent = text;
  if (stick) $('log').scrollTop = $('log').scrollHeight;
  return b;
}

function showRunning() {
  $('stop').hidden = !mayTalk || running.size === 0;
  $('log').setAttribute('aria-busy', String(running.size > 0));
}

const lastStep = new Map(); // run -> the step that is being said
const answerOf = (run) => `answer ${run} ${lastStep.get(run) ?? ''}`;

function tool(call) {
  const state = `${label(call.name ?? call.message)}: ${call.status ?? 'called'}`, b = bubble(`tool ${call.id}`, 'tool', state);
  b.item.firstChild.textContent = state;
  const args = typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments);
  const detail = element('details', {}, element('summary', {}, 'What it was given, and what came of it'), element('pre', {}, visible(args ?? '')));
  if (call.result != null) detail.append(element('pre', {}, visible(String(call.result))));
  b.text.replaceChildren(detail);
  b.item.classList.toggle('failed', call.success === false);
}

const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** A file that the agent has sent: a picture is shown, anything else is a link that saves it. */
function file(of) {
  if (bubbles.has(`file ${of.id}`)) return;
  const b = bubble(`file ${of.id}`, 'agent', 'Agent'), stick = isAtEnd(), href = `ui/files/${encodeURIComponent(of.id)}`;
  const link = element('a', { href, target: '_blank', rel: 'noopener' });
  if (PICTURES.includes(of.type)) link.append(element('img', { src: href, alt: label(of.name), loading: 'lazy' }));
  else {
    link.setAttribute('download', of.name);
    link.append(label(of.name));
  }
  if (of.text) b.text.append(`${of.text}\n`);
  b.text.append(link, ` (${size(of.size)})`);
  if (stick) $('log').scrollTop = $('log').scrollHeight;
}

function showHistory(messages) {
  for (const m of messages) {
    if (RUNNING.includes(m.state)) running.add(m.runId);
    if (m.role === 'user') write(`user ${m.runId ?? m.id}`, 'user', 'You', m.content);
    else if (m.content) write(`message ${m.id}`, 'agent', 'Agent', m.content);
    for (const call of m.tool_calls ?? []) tool({ ...call, success: call.status === 'done' || call.status === 'running' });
    for (const sent of m.files ?? []) file(sent);
  }
  $('log').scrollTop = $('log').scrollHeight;
  showRunning();
}

export const chat = {
  may(talk) {
    mayTalk = talk;
    $('compose').hidden = !talk;
  },
  clear() {
    bubbles = new Map();
    running = new Set();
    lastStep.clear();
    $('log').replaceChildren();
    $('error').textContent = '';
    showRunning();
  },
  isOpen: (name) => name === key,
  async open(of, name) {
    socket = of;
    key = name;
    $('chat-title').textContent = label(name);
    document.title = `${label(name)} · human`;
    const mine = missed = []; // what happens while the history is on its way
    try {
      const { messages } = await socket.call('chat.history', { sessionKey: name, limit: HISTORY });
      if (missed !== mine) return;
      this.clear();
      showHistory(messages);
      missed = null;
      const over = new Set(messages.filter((m) => m.runId && !RUNNING.includes(m.state)).map((m) => m.runId));
      for (const [take, e] of mine) if (!over.has(e.runId)) this[take](e);
    } finally {
      if (missed === mine) missed = null;
    }
  },
  hear(e) {
    if (e.sessionKey !== key) return;
    if (missed) return void missed.push(['hear', e]);
    if (e.step !== undefined) lastStep.set(e.runId, e.step);
    if (e.state === 'received') write(`user ${e.runId}`, 'user', 'You', e.message);
    if (e.state === 'received' || e.state === 'thinking') running.add(e.runId);
    if (e.state === 'chunk') write(answerOf(e.runId), 'agent', 'Agent', e.message, true);
    if (e.state === 'file') file(e.file);
    if (e.state === 'sent') {
      running.delete(e.runId);
      if (!e.intoRun && !(e.aborted && bubbles.has(answerOf(e.runId)) && e.message === '(aborted)')) write(answerOf(e.runId), 'agent', 'Agent', e.message);
      bubbles.get(answerOf(e.runId))?.item.classList.toggle('failed', Boolean(e.error_code || e.aborted));
    }
    showRunning();
  },
  tool(e) {
    if (e.sessionKey !== key) return;
    if (missed) missed.push(['tool', e]);
    else tool(e);
  },
};

$('compose').addEventListener('submit', async (event) => {
  event.preventDefault();
  const message = $('message').value, once = crypto.randomUUID?.() ?? `${Date.now()} ${Math.random()}`;
  if (!message.trim()) return;
  $('error').textContent = '';
  $('message').value = '';
  $('message').focus();
  try {
    await socket.call('chat.send', { message, sessionKey: key, idempotencyKey: once });
  } catch (e) {
    $('error').textContent = e.message;
    if (!$('message').value) $('message').value = message;
  }
});

$('message').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('compose').requestSubmit();
});

$('stop').addEventListener('click', () => socket.call('chat.abort', { sessionKey: key })
  .catch((e) => { $('error').textContent = e.message; }));
