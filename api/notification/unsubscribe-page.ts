/** The pages of the link in a mail that ends mails of its kind, in the language of the mail. */
import { maskedAddress } from '../../domain/notification/address';
import type { OptionalKind } from '../../domain/notification/kind';
import { LANGUAGES } from '../../domain/notification/settings';
import type { Language } from '../../domain/notification/settings';

/** What a page is about. */
export interface PageSubject {
  recipient_id: string;
  address: string;
  kind: OptionalKind;
  language: Language;
}

interface PageTexts {
  title: string;
  question: (address: string) => string;
  button: string;
  done: (address: string) => string;
  undo: (path: string) => string;
  invalid: string;
  kinds: Record<OptionalKind, string>;
}

const TEXTS: Record<Language, PageTexts> = {
  en: {
    title: 'Unsubscribe',
    question: (address) => `Do you want no more mails of this kind to ${address}?`,
    button: 'Unsubscribe',
    done: (address) => `You get no more mails of this kind to ${address}.`,
    undo: (path) =>
      `If you want them again, reply to one of our mails. Admins subscribe you again with <code>PATCH ${path}</code>.`,
    invalid: 'This link is not valid. Copy all of it from the mail, or reply to the mail to unsubscribe.',
    kinds: {
      renewal_reminder: 'Reminders before a contract ends or renews',
      quota_80: 'Notices that 80% of a quota are used',
      quota_100: 'Notices that a quota is used up',
      low_water: 'Notices that a pool is running low',
      replenish_blocked: 'Notices that a pool cannot be replenished',
      job_failed: 'Notices that a job ended with failures',
      report: 'Scheduled reports',
      digest: 'Digests, and all notices that are not needed',
    },
  },
  de: {
    title: 'Abbestellen',
    question: (address) => `Möchten Sie an ${address} keine E-Mails dieser Art mehr erhalten?`,
    button: 'Abbestellen',
    done: (address) => `Sie erhalten an ${address} keine E-Mails dieser Art mehr.`,
    undo: (path) =>
      `Wenn Sie sie wieder erhalten möchten, antworten Sie auf eine unserer E-Mails. Admins melden Sie mit <code>PATCH ${path}</code> wieder an.`,
    invalid:
      'Dieser Link ist nicht gültig. Kopieren Sie ihn vollständig aus der E-Mail, oder antworten Sie auf die E-Mail, um sie abzubestellen.',
    kinds: {
      renewal_reminder: 'Erinnerungen vor Ende oder Verlängerung eines Vertrags',
      quota_80: 'Hinweise, dass 80 % eines Kontingents verbraucht sind',
      quota_100: 'Hinweise, dass ein Kontingent aufgebraucht ist',
      low_water: 'Hinweise, dass ein Pool zur Neige geht',
      replenish_blocked: 'Hinweise, dass ein Pool nicht aufgefüllt werden kann',
      job_failed: 'Hinweise, dass ein Auftrag mit Fehlern endete',
      report: 'Regelmäßige Berichte',
      digest: 'Sammel-E-Mails und alle Hinweise, die nicht nötig sind',
    },
  },
};

/** Asks whether to unsubscribe. */
export function questionPage({ language, kind, address }: PageSubject): string {
  const { question, button, kinds } = TEXTS[language];
  const form = `<form method="post"><button type="submit">${button}</button></form>`;
  return pageOf(language, `<p>${question(shown(address))}</p><p><strong>${kinds[kind]}</strong></p>${form}`);
}

/** Confirms it, and says how it is undone. */
export function donePage({ language, kind, address, recipient_id }: PageSubject): string {
  const { done, undo, kinds } = TEXTS[language];
  const path = `/api/v1/notification-recipients/${recipient_id}`;
  return pageOf(language, `<p>${done(shown(address))}</p><p><strong>${kinds[kind]}</strong></p><p>${undo(path)}</p>`);
}

/** Says that a link is not valid, in the first known of these languages, because the link names none. */
export function invalidPage(accepted: readonly string[]): string {
  const wanted = accepted.map((tag) => tag.toLowerCase().split('-')[0]);
  const language = wanted.flatMap((tag) => LANGUAGES.find((one) => one === tag) ?? [])[0] ?? 'en';
  return pageOf(language, `<p>${TEXTS[language].invalid}</p>`);
}

function shown(address: string): string {
  return maskedAddress(address).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function pageOf(language: Language, content: string): string {
  const { title } = TEXTS[language];
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>`;
  return `<!doctype html><html lang="${language}"><head>${head}</head><body><h1>${title}</h1>${content}</body></html>`;
}
