// Sums by day as bars, one on the other. What stands at the day under the pointer, or that the arrow keys have reached, is
// written out beneath, exactly.
import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { label } from './parts';

export interface ChartLine { name: string; values: ReadonlyArray<number> }

const INKS = 7;
const DAY_S = 86_400;

function Dot({ n }: { n: number }) {
  const el = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => { el.current?.style.setProperty('--ink', `var(--c${n % INKS})`); }, [n]);
  return <span ref={el} class="dot" aria-hidden="true" />;
}

/** What a colour of the tables is now: a canvas does not know its name. */
function inkOf(el: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  el.append(probe);
  const ink = getComputedStyle(probe).color;
  probe.remove();
  return ink;
}

/** Each line on those before it; the whole comes first, so that the others are drawn over it. */
function piled(lines: ReadonlyArray<ChartLine>, days: number): number[][] {
  const sum = Array.from({ length: days }, () => 0);
  return lines.map((line) => line.values.map((value, i) => { sum[i] = (sum[i] ?? 0) + value; return sum[i] ?? 0; })).reverse();
}

function useTheme(): number {
  const [n, turn] = useState(0);
  useEffect(() => {
    const changed = () => turn((now) => now + 1);
    const list = matchMedia('(prefers-color-scheme: dark)');
    const seen = new MutationObserver(changed);
    seen.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    list.addEventListener('change', changed);
    return () => { seen.disconnect(); list.removeEventListener('change', changed); };
  }, []);
  return n;
}

export function DayChart({ name, dates, lines, said }: { name: string; dates: ReadonlyArray<string>; lines: ReadonlyArray<ChartLine>; said: (value: number) => string }) {
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const theme = useTheme();
  const key = JSON.stringify([dates, lines]);
  useEffect(() => {
    const el = box.current;
    if (!el || dates.length === 0) return undefined;
    const text = inkOf(el, '--text-faint');
    const grid = { stroke: inkOf(el, '--line'), width: 1 };
    const axis = { stroke: text, grid, ticks: grid, font: `11px ${getComputedStyle(el).fontFamily}` };
    const bars = uPlot.paths.bars?.({ size: [0.75, 48], align: 0 });
    const plot = new uPlot({
      width: Math.max(100, el.clientWidth), height: el.clientHeight, legend: { show: false }, tzDate: (s) => uPlot.tzDate(new Date(s * 1000), 'UTC'),
      scales: { x: { range: (_, from, to) => [from - DAY_S / 2, to + DAY_S / 2] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
      cursor: { points: { show: false }, drag: { x: false, y: false }, y: false },
      axes: [{ ...axis, space: 70 }, { ...axis, size: 76, values: (_, list) => list.map(said) }],
      series: [{}, ...lines.map((_, i) => {
        const ink = inkOf(el, `--c${(lines.length - 1 - i) % INKS}`);
        return { stroke: ink, fill: ink, width: 0, points: { show: false }, ...(bars && { paths: bars }) };
      })],
      hooks: { setCursor: [(u) => setAt(u.cursor.idx ?? null)] },
    }, [dates.map((date) => Date.parse(`${date}T00:00:00Z`) / 1000), ...piled(lines, dates.length)], el);
    const sized = new ResizeObserver(() => plot.setSize({ width: Math.max(100, el.clientWidth), height: el.clientHeight }));
    sized.observe(el);
    return () => { sized.disconnect(); plot.destroy(); };
  }, [key, theme, said]);
  const pressed = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(dates.length - 1, (at ?? dates.length - 1) + by)));
  };
  const day = at ?? dates.length - 1;
  return (
    <div class="chart">
      <div ref={box} class="plot" role="group" aria-roledescription="chart" aria-label={name} tabIndex={0} onKeyDown={pressed} />
      <ul class="said" aria-live="polite">
        <li><strong>{dates[day]}</strong></li>
        {lines.map((line, i) => <li key={line.name}><Dot n={i} /><span class="cut">{label(line.name, 40)}</span><span class="num">{said(line.values[day] ?? 0)}</span></li>)}
      </ul>
    </div>
  );
}
