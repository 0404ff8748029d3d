// spec/e2e/browser.mjs -- Debian's Chromium for specs, and what those of the Control UI look for in a page.
import { chromium } from 'playwright-core';

export const launch = () => chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });

/** Of the page that `pageOf()` gives when it is asked: a row of a table, what is open beside it, a notice, a dialog's button. */
export const partsOf = (pageOf) => ({
  row: (name) => pageOf().getByRole('table').getByRole('row').filter({ hasText: name }),
  beside: () => pageOf().locator('.beside'),
  toast: (text) => pageOf().locator('.toast').filter({ hasText: text }).first().waitFor(),
  sure: (name) => pageOf().getByRole('dialog').getByRole('button', { name, exact: true }).click(),
});
