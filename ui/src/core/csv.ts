// A table as CSV (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe, which makes it a text.
export type Cell = string | number | null | undefined;

const FORMULA = /^[=+\-@\t\r\n]/;

function field(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : '';
  const text = FORMULA.test(cell.trimStart()) || FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

export const csv = (rows: ReadonlyArray<ReadonlyArray<Cell>>): string => rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');

/** Gives the reader a file. */
export function save(name: string, text: string, type = 'text/csv;charset=utf-8'): void {
  const link = document.createElement('a');
  const address = URL.createObjectURL(new Blob(['\ufeff', text], { type }));
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
