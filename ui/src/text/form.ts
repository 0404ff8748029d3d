// Texts of forms that are made from a schema.
export const form = {
  en: {
    byDefault: 'The default',
    lines: 'One on each line',
    isSet: 'Set',
  },
  de: {
    byDefault: 'Wie vorgegeben',
    lines: 'Eins je Zeile',
    isSet: 'Gesetzt',
  },
};
