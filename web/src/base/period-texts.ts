import { texts } from './texts';

export const periodTexts = texts({
  en: { unit: 'Unit of “{label}”', D: 'days', W: 'weeks', M: 'months', Y: 'years' },
  de: { unit: 'Einheit von „{label}“', D: 'Tage', W: 'Wochen', M: 'Monate', Y: 'Jahre' },
});
