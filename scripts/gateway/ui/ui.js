// scripts/gateway/ui/ui.js -- the small page: signing in, a chat that streams, and approvals.
// Whatever comes from the server is set as text, never as markup.  Bubbles are keyed by run, so that answers to several
// messages, and of several windows, never mix.  What the page shows is a view: after each connection it is read anew.
import { Socket } from './ui-socket.js';
import { chat } from './ui-chat.js';
import { approvals } from './ui-approvals.js';
import { $, element, label } from './ui-dom.js';

const SESSION = new URL('ui/session', location.href);
let socket;

// ---- signing in ---------------------------------------------------------------------------------------------

/** The session as the server knows it: {role, byCookie}; role null: nobody has signed in. */
async function session(method = 'GET', body) {
  const answer = await fetch(SESSION, {
    method, credentials: 'same-origin', cache: 'no-store', redirect: 'error',
    headers: body ? { 'content-type': 'application/json' } : {}, body: body && JSON.stringify(body),
  });
  const said = answer.status === 204 ? {} : await answer.json();
  if (answer.ok) return said;
  throw Object.assign(new Error(said.message ?? `the server answers ${answer.status}`), { status: answer.status });
}

const isCode = (text) => /^[0-9]{6,8}$/.test(text);
const signIn = (secret) => session('POST', isCode(secret) ? { code: secret } : { token: secret });

/** The secret of a link that was opened, which is in the address no longer. */
function takeFragment() {
  const found = /^#token=([^&]+)$/.exec(location.hash);
  if (!found) return null;
  history.replaceState(null, '', location.pathname + location.search);
  try {
    return decodeURIComponent(found[1]);
  } catch {
    return found[1];
  }
}

function showLogin(message = '') {
  socket?.close();
  $('app').hidden = true;
  $('login').hidden = false;
  $('login-error').textContent = message;
  $('secret').value = '';
  $('secret').focus();
}

$('login-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = event.target.querySelector('button');
  button.disabled = true;
  try {
    await signIn($('secret').value.trim());
    await enter();
  } catch (e) {
    showLogin(e.message);
  } finally {
    button.disabled = false;
  }
});

$('logout').addEventListener('click', async () => {
  socket?.close(); // or its end, which comes with that of the device, is taken for a revocation
  await session('DELETE').catch(() => {});
  chat.clear();
  approvals.clear();
  showLogin('You have signed out.');
});

// ---- the conversations ----------------------------------------------------------------------------------------

const keyOf = () => {
  const found = /^#chat:(.+)$/.exec(location.hash);
  try {
    return found ? decodeURIComponent(found[1]) : 'default';
  } catch {
    return 'default';
  }
};
const hashOf = (key) => `#chat:${encodeURIComponent(key)}`;

async function listSessions() {
  const { sessions } = await socket.call('sessions.list', { limit: 100 });
  const now = keyOf();
  if (!sessions.some((s) => s.key === now)) sessions.unshift({ key: now, title: now });
  $('sessions').replaceChildren(...sessions.map((s) => {
    const button = element('button', { type: 'button' }, label(s.title ?? s.key));
    if (s.key === now) button.setAttribute('aria-current', 'page');
    button.addEventListener('click', () => { location.hash = hashOf(s.key); });
    return element('li', {}, button);
  }));
}

function openMenu(open) {
  $('sidebar').classList.toggle('open', open);
  $('menu').setAttribute('aria-expanded', String(open));
}
$('menu').addEventListener('click', () => openMenu(!$('sidebar').classList.contains('open')));

async function openChat() {
  openMenu(false);
  await chat.open(socket, keyOf());
  await listSessions();
}
const inform = (promise) => promise.catch((e) => { $('error').textContent = e.message; });

addEventListener('hashchange', () => {
  const secret = takeFragment();
  if (secret) return void signIn(secret).then(enter, (e) => showLogin(e.message));
  if (socket?.isOpen) inform(openChat());
});

$('new-session').addEventListener('submit', (event) => {
  event.preventDefault();
  location.hash = hashOf($('new-key').value);
  $('new-key').value = '';
  $('message').focus();
});

// ---- the connection -------------------------------------------------------------------------------------------

const HEARD = {
  chat: (e) => {
    chat.hear(e);
    if (e.state === 'received' || e.state === 'sent') inform(listSessions());
  },
  'agent.tool': (e) => chat.tool(e),
  'sessions.changed': (e) => { if (e.reason === 'reset' && chat.isOpen(e.key)) inform(openChat()); },
  'exec.approval.requested': (e) => approvals.add(socket, e),
  'exec.approval.resolved': (e) => approvals.remove(e.id),
};

async function begin(role) {
  chat.may(role === 'operator');
  approvals.may(role === 'operator');
  await openChat();
  const waiting = await socket.call('exec.approval.list');
  approvals.clear();
  for (const one of waiting.approvals) approvals.add(socket, one);
}

/** Shows the page to who has signed in, or the login. */
async function enter() {
  const { role, byCookie } = await session();
  if (!role) return showLogin();
  socket?.close();
  $('login').hidden = true;
  $('app').hidden = false;
  $('logout').hidden = !byCookie;
  socket = new Socket({
    say: (text) => { $('status').textContent = text; },
    heard: (name, payload) => HEARD[name]?.(payload),
    opened: (greeting) => (greeting.auth.role ? inform(begin(greeting.auth.role)) : showLogin()),
    // The connection ends: was it the sign-in that ended?
    refused: () => session().then((s) => { if (!s.role) showLogin(); }, (e) => { if (e.status === 401) showLogin('Sign in again.'); }),
  });
  socket.open();
  $('message').focus();
}

const secret = takeFragment();
(secret ? signIn(secret).then(enter) : enter()).catch((e) => showLogin(e.status === 401 && !secret ? '' : e.message));
