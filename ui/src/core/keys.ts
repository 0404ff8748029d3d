// The keyboard: single keys and pairs ("g c"), never while something is being written, and never with a modifier but that
// of the palette. `?` shows all that were bound.
import { useEffect } from 'preact/hooks';
import type { Key } from './text';

interface Binding {
  keys: string;
  label: Key;
  run: () => void;
}

const PAIR_MS = 1200;
const bindings = new Set<Binding>();
let first = '';
let since = 0;

const writes = (target: EventTarget | null) => target instanceof HTMLElement
  && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const chord = (event.ctrlKey || event.metaKey) && !event.altKey;
  if (chord ? event.key.toLowerCase() !== 'k' : event.altKey || writes(event.target) || event.key.length > 1) return;
  const key = chord ? 'mod+k' : event.key;
  const pair = event.timeStamp - since < PAIR_MS ? `${first} ${key}` : key;
  const found = [...bindings].reverse().find((one) => one.keys === pair) ?? [...bindings].reverse().find((one) => one.keys === key);
  first = chord ? '' : key;
  since = event.timeStamp;
  if (!found) return;
  event.preventDefault();
  first = '';
  found.run();
}

addEventListener('keydown', pressed);

/** Binds keys as long as the component is there. */
export function useKeys(keys: string, label: Key, run: () => void): void {
  useEffect(() => {
    const binding = { keys, label, run };
    bindings.add(binding);
    return () => { bindings.delete(binding); };
  });
}

export const bound = (): ReadonlyArray<Readonly<Binding>> => [...bindings];
