// A table of any length: rows have one height, and those in sight exist. When its end comes near, it asks for more.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface Column<T> {
  name: string;
  label: string;
  /** As in grid-template-columns: "1fr", "8rem". */
  width: string;
  cell: (row: T) => ComponentChildren;
  isNumber?: boolean;
}

interface Props<T> {
  label: string;
  rows: ReadonlyArray<T>;
  columns: ReadonlyArray<Column<T>>;
  keyOf: (row: T) => string;
  href?: (row: T) => string;
  chosen?: string | null;
  /** There may be more: called when the reader comes near the end. */
  more?: (() => void) | undefined;
  empty: ComponentChildren;
}

const ROW = 36;
const SPARE = 12;

export function Table<T>({ label, rows, columns, keyOf, href, chosen, more, empty }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ first: 0, last: 40 });

  const look = () => {
    const el = box.current;
    if (!el) return;
    const first = Math.max(0, Math.floor(el.scrollTop / ROW) - SPARE);
    const last = Math.ceil((el.scrollTop + el.clientHeight) / ROW) + SPARE;
    setView((now) => (now.first === first && now.last === last ? now : { first, last }));
    if (more && last >= rows.length) more();
  };
  useLayoutEffect(() => {
    box.current?.style.setProperty('--columns', columns.map((c) => c.width).join(' '));
  }, [columns]);
  useEffect(() => {
    const el = box.current;
    if (!el) return undefined;
    const seen = new ResizeObserver(look);
    seen.observe(el);
    return () => seen.disconnect();
  });

  if (rows.length === 0) return <>{empty}</>;
  // The first cell is the link, and covers the row.
  const cells = (row: T) => columns.map((c, i) => (
    <span key={c.name} role="cell" class={c.isNumber ? 'num cut' : 'cut'}>
      {i === 0 && href ? <a class="over" href={href(row)}>{c.cell(row)}</a> : c.cell(row)}
    </span>));
  const shown = rows.slice(view.first, view.last);
  return (
    <div ref={box} class="table" role="table" aria-label={label} aria-rowcount={rows.length} tabIndex={0} onScroll={look}>
      <div class="head" role="row">{columns.map((c) => <span key={c.name} role="columnheader" class={c.isNumber ? 'num' : undefined}>{c.label}</span>)}</div>
      <Space rows={view.first} />
      {shown.map((row, i) => {
        const key = keyOf(row);
        return (
          <div key={key} role="row" class={href ? 'line can' : 'line'} aria-rowindex={view.first + i + 1}
            aria-selected={chosen === key ? true : undefined}>{cells(row)}</div>
        );
      })}
      <Space rows={Math.max(0, rows.length - view.last)} />
    </div>
  );
}

// Heights are set by script: the page's policy allows no style in markup.
function Space({ rows }: { rows: number }) {
  const el = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => { el.current?.style.setProperty('flex', `0 0 ${rows * ROW}px`); }, [rows]);
  return <div ref={el} role="presentation" />;
}
