// ui/icons.mjs -- writes src/parts/shapes.ts: the Lucide icons that the page uses, as data. Nothing here becomes markup
// in the browser, which its policy of trusted types would refuse.
import { readFileSync, writeFileSync } from 'node:fs';

const NAMES = ['activity', 'arrow-left', 'arrow-up', 'bell', 'book-open', 'bot', 'braces', 'calendar-clock', 'check', 'chevron-down',
  'chevron-right', 'chevrons-up-down', 'circle-alert', 'circle-check', 'circle-dot', 'circle-x', 'clock', 'coins', 'copy', 'download',
  'ellipsis', 'external-link', 'file-code', 'filter', 'gauge', 'gavel', 'house', 'inbox', 'key-round', 'languages', 'layers', 'list', 'log-out',
  'menu', 'message-square', 'moon', 'network', 'paperclip', 'pause', 'pencil', 'play', 'plug', 'plus', 'radio', 'refresh-cw', 'rotate-ccw',
  'search', 'send', 'server', 'settings', 'shield-check', 'smartphone', 'sparkles', 'square', 'store', 'sun', 'terminal', 'trash-2',
  'triangle-alert', 'undo-2', 'user', 'users', 'wallet', 'wand-sparkles', 'wrench', 'x'];

function shape(name) {
  const svg = readFileSync(new URL(`node_modules/lucide-static/icons/${name}.svg`, import.meta.url), 'utf8');
  const inside = svg.slice(svg.indexOf('>', svg.indexOf('<svg')) + 1);
  const parts = [...inside.matchAll(/<(path|circle|rect|line|polyline|polygon|ellipse)\s([^>]*?)\/?>/g)];
  return parts.map(([, tag, attributes]) => [tag, Object.fromEntries([...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map((m) => [m[1], m[2]]))]);
}

const lines = NAMES.map((name) => `  '${name}': ${JSON.stringify(shape(name))},`);
writeFileSync(new URL('src/parts/shapes.ts', import.meta.url),
  `// Made by icons.mjs from Lucide (ISC License, https://lucide.dev).
type Shape = ReadonlyArray<readonly [string, Readonly<Record<string, string>>]>;
const shapes = {\n${lines.join('\n')}\n} satisfies Record<string, Shape>;
export type IconName = keyof typeof shapes;
export const shapeOf = (name: IconName): Shape => shapes[name];
`);
