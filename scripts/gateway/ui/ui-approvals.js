// scripts/gateway/ui/ui-approvals.js -- calls of tools that wait for a permission, with the exact arguments.
// The decision names the hash of what was shown, so it cannot be for anything else.
import { $, element, label as named, visible } from './ui-dom.js';

const cards = new Map();
let mayDecide = false;

function decide(socket, one, decision, card) {
  for (const button of card.querySelectorAll('button')) button.disabled = true;
  socket.call('exec.approval.resolve', { id: one.id, decision, argumentsHash: one.argumentsHash })
    .then((done) => { if (!done.resolved) $('error').textContent = `Somebody else has decided already: ${done.decision}`; approvals.remove(one.id); },
      (e) => {
        $('error').textContent = e.message;
        for (const button of card.querySelectorAll('button')) button.disabled = false;
        if (e.code === 'NOT_FOUND') approvals.remove(one.id);
      });
}

function card(socket, one) {
  const until = new Date(one.expiresAtMs).toLocaleTimeString();
  const box = element('article', { class: 'approval', 'aria-label': `${named(one.tool)} asks for permission` },
    element('strong', {}, named(one.tool)), ` asks for permission (risk ${one.risk}, session ${named(one.sessionKey)}, until ${until})`,
    element('pre', {}, visible(JSON.stringify(one.arguments, null, 2))), element('p', { class: 'note' }, `because ${visible(one.why)}`));
  if (one.prefixCovers) box.append(element('p', { class: 'note' }, `What begins so: ${visible(one.prefixCovers)}`));
  if (!mayDecide) return box;
  const row = element('div', { class: 'row' });
  for (const [label, decision, kind] of [['Allow once', 'allow-once', 'yes'], ['Always allow this', 'allow-always', ''], ['Always allow what begins so', 'allow-prefix', ''], ['Deny', 'deny', '']]) {
    if (decision === 'allow-always' && !one.allowsAlways) continue;
    if (decision === 'allow-prefix' && !one.prefixCovers) continue;
    const covers = { 'allow-always': one.alwaysCovers, 'allow-prefix': one.prefixCovers }[decision];
    const button = element('button', { type: 'button', class: kind, ...(covers && { title: `covers ${visible(covers)}` }) }, label);
    button.addEventListener('click', () => decide(socket, one, decision, box));
    row.append(button);
  }
  box.append(row);
  return box;
}

export const approvals = {
  may(decideThem) { mayDecide = decideThem; },
  add(socket, one) {
    if (cards.has(one.id)) return;
    cards.set(one.id, card(socket, one));
    $('approvals').append(cards.get(one.id));
  },
  remove(id) {
    cards.get(id)?.remove();
    cards.delete(id);
  },
  clear() {
    cards.clear();
    $('approvals').replaceChildren();
  },
};
