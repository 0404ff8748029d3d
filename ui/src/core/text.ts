// The page's texts, from one catalogue: English is part of the first view, others are loaded when chosen. The pseudo-locale
// is for tests: longer than any language, and from right to left.
import { en, type Key } from '../text/en';

export type { Key };
export type Catalogue = Record<Key, string>;

const LOCALES = { en: 'English', de: 'Deutsch', pseudo: 'Pseudo' } as const;
export type Locale = keyof typeof LOCALES;
export const locales = Object.entries(LOCALES).filter(([name]) => name !== 'pseudo') as ReadonlyArray<[Locale, string]>;

const PLACE = 'human.locale';
let catalogue: Catalogue = en;
let locale: Locale = 'en';

const isLocale = (name: string | null | undefined): name is Locale => name != null && Object.hasOwn(LOCALES, name);

function wished(): Locale {
  const kept = localStorage.getItem(PLACE);
  if (isLocale(kept)) return kept;
  return navigator.languages.map((tag) => tag.slice(0, 2)).find(isLocale) ?? 'en';
}

const stretched = (text: string) => `[${text.split(/(\{\w+\})/).map((part) => (part.startsWith('{') ? part : part.replace(/[aeiou]/g, '$&$&'))).join('')}]`;

async function read(name: Locale): Promise<Catalogue> {
  if (name === 'de') return (await import('../text/de')).de;
  if (name === 'pseudo') return Object.fromEntries(Object.entries(en).map(([key, text]) => [key, stretched(text)])) as Catalogue;
  return en;
}

/** Reads the reader's catalogue; `name` is kept for the next time. */
export async function useLocale(name?: Locale): Promise<void> {
  if (name) localStorage.setItem(PLACE, name);
  locale = wished();
  catalogue = await read(locale);
  document.documentElement.lang = locale === 'pseudo' ? 'en-XB' : locale;
  document.documentElement.dir = locale === 'pseudo' ? 'rtl' : 'ltr';
}

/** For Intl. */
export const tag = (): string => (locale === 'pseudo' ? 'en' : locale);
export const current = (): Locale => locale;

const filled = (text: string, values: Readonly<Record<string, string | number>>) =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));

/** A text of the catalogue; `{name}` in it stands for a value. */
export function t(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
  return filled(catalogue[key], values);
}

/** The texts of one view, in all languages: in a file of `src/text`, loaded with the view. */
export interface Area<K extends string> {
  en: Readonly<Record<K, string>>;
  de: Readonly<Record<K, string>>;
}

/** What `t` is for the whole page, for the texts of one view. */
export function texts<K extends string>(area: Area<K>): (key: K, values?: Readonly<Record<string, string | number>>) => string {
  return (key, values = {}) => filled(locale === 'pseudo' ? stretched(area.en[key]) : area[locale][key], values);
}

/** The same by number: `key.one`, `key.other`. */
export function count<K extends string>(key: `${K}.other` extends Key ? K : never, n: number): string {
  const one = new Intl.PluralRules(tag()).select(n) === 'one' && `${key}.one` in en;
  return t(`${key}.${one ? 'one' : 'other'}` as Key, { n: number(n) });
}

export const number = (n: number, options?: Intl.NumberFormatOptions): string => new Intl.NumberFormat(tag(), options).format(n);
export const money = (cents: number): string => number(cents / 100, { style: 'currency', currency: 'USD' });
export const percent = (share: number): string => number(share, { style: 'percent', maximumFractionDigits: 1 });

export function bytes(n: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const step = n < 1 ? 0 : Math.min(Math.floor(Math.log10(n) / 3), units.length - 1);
  return number(n / 1000 ** step, { style: 'unit', unit: units[step] ?? 'byte', unitDisplay: 'narrow', maximumFractionDigits: step === 0 ? 0 : 1 });
}

export function duration(ms: number): string {
  if (ms < 1000) return number(Math.round(ms), { style: 'unit', unit: 'millisecond', unitDisplay: 'narrow' });
  const s = ms / 1000;
  const [n, unit] = s < 120 ? [s, 'second'] : s < 7200 ? [s / 60, 'minute'] : s < 172_800 ? [s / 3600, 'hour'] : [s / 86_400, 'day'];
  return number(n as number, { style: 'unit', unit: unit as string, unitDisplay: 'narrow', maximumFractionDigits: s < 10 ? 1 : 0 });
}

/** "3 min. ago", "in 2 days". */
export function ago(ms: number, now = Date.now()): string {
  const s = (ms - now) / 1000;
  const size = Math.abs(s);
  const [n, unit] = size < 60 ? [s, 'second'] : size < 3600 ? [s / 60, 'minute'] : size < 86_400 ? [s / 3600, 'hour'] : [s / 86_400, 'day'];
  return new Intl.RelativeTimeFormat(tag(), { numeric: 'auto', style: 'narrow' }).format(Math.trunc(n as number), unit as Intl.RelativeTimeFormatUnit);
}

export const exact = (ms: number): string => new Intl.DateTimeFormat(tag(), { dateStyle: 'medium', timeStyle: 'long' }).format(ms);
