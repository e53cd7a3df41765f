import { texts } from './texts';

export const conflictTexts = texts({
  en: {
    title: 'It was changed in the meantime',
    text: 'Another change was saved while you edited. Choose for each difference whose value goes on. Nothing is saved until you save again.',
    contested: 'Both of you changed this.',
    mine: 'Yours',
    theirs: 'Saved by the other',
    no_difference: 'The other change has no effect on what you see here. Save again to keep your changes.',
    back: 'Back to the form',
    apply: 'Take these values',
  },
  de: {
    title: 'Inzwischen wurde etwas geändert',
    text: 'Während Sie bearbeitet haben, wurde eine andere Änderung gespeichert. Wählen Sie bei jedem Unterschied, welcher Wert gilt. Gespeichert wird erst, wenn Sie noch einmal speichern.',
    contested: 'Das haben Sie beide geändert.',
    mine: 'Ihr Wert',
    theirs: 'Gespeicherter Wert',
    no_difference:
      'Die andere Änderung betrifft nichts, was Sie hier sehen. Speichern Sie noch einmal, um Ihre Änderungen zu behalten.',
    back: 'Zurück zum Formular',
    apply: 'Diese Werte übernehmen',
  },
});
