// Short notices at the edge of the page: what was done, and, where there is a way back, the way back.
import { useEffect, useState } from 'preact/hooks';
import { t } from '../core/text';
import { Button, Icon } from './parts';

interface Toast {
  id: number;
  text: string;
  undo?: (() => void) | undefined;
}

const SHOWN_MS = 6000;
const MOST = 4;
let toasts: Toast[] = [];
let count = 0;
const listeners = new Set<(list: Toast[]) => void>();

function become(list: Toast[]): void {
  toasts = list.slice(-MOST);
  for (const heard of listeners) heard(toasts);
}

const drop = (id: number) => become(toasts.filter((one) => one.id !== id));

export function say(text: string, undo?: () => void): void {
  count += 1;
  const id = count;
  become([...toasts, { id, text, undo }]);
  setTimeout(() => drop(id), SHOWN_MS);
}

export function Toasts() {
  const [list, set] = useState(toasts);
  useEffect(() => {
    set(toasts);
    listeners.add(set);
    return () => { listeners.delete(set); };
  }, []);
  return (
    <div class="toasts" role="status">
      {list.map(({ id, text, undo }) => (
        <div key={id} class="toast">
          <Icon name="circle-check" /><span class="grow">{text}</span>
          {undo && <Button kind="plain" onClick={() => { undo(); drop(id); }}>{t('undo')}</Button>}
          <Button kind="plain" icon="x" label={t('close')} onClick={() => drop(id)} />
        </div>
      ))}
    </div>
  );
}
