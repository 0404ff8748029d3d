// scripts/gateway/ui/ui-dom.js -- elements by their id, and new ones; texts are texts.

export const $ = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

// What is not seen, or turns the order of what is seen around.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e01ff}]/gu;

/** A text in which every character shows itself, for what somebody has to judge. */
export const visible = (text) => text.replace(HIDDEN, (c) => (c.length > 1 ? `\\u{${c.codePointAt(0).toString(16)}}` : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`));

const NAME_MAX = 120;

/** A name that strangers may have chosen, on one line: what is not seen shows itself, and it ends somewhere. */
export function label(text) {
  const all = Array.from(visible(String(text).slice(0, 2 * NAME_MAX)).replace(/\s+/g, ' '));
  return all.length > NAME_MAX ? `${all.slice(0, NAME_MAX).join('')}…` : all.join('');
}
