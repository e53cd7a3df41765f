/** The words of mails in a language: messages of the catalogue, dates, times and names. */
import { IntlMessageFormat } from 'intl-messageformat';
import type { Instant, LocalDate } from '../../domain/base/instant';
import type { Language } from '../../domain/notification/settings';
import { de } from './messages/de';
import { en } from './messages/en';
import type { MessageKey } from './messages/en';

export const CATALOGUES: Readonly<Record<Language, Readonly<Record<MessageKey, string>>>> = { en, de };

/** How a language writes dates and numbers. */
const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', de: 'de-DE' };

/** Characters of a name in a subject. What is longer is cut, so that the rest of the subject stays visible. */
const SUBJECT_NAME_MAX = 60;

/** The arguments of a message. */
export type MessageArguments = Readonly<Record<string, string | number>>;

/** Writes in a language and a time zone. */
export interface Words {
  language: Language;
  text(key: MessageKey, values?: MessageArguments): string;
  /** A local date, such as 7 June 2027. */
  date(day: LocalDate): string;
  /** An instant with its time zone. */
  time(at: Instant): string;
  number(value: number): string;
  percent(value: number): string;
}

const messages = new Map<string, IntlMessageFormat>();

/** The words of a language; times are those of a time zone. */
export function wordsOf(language: Language, timezone: string): Words {
  const locale = LOCALES[language];
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' });
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short', timeZone: timezone });
  return {
    language,
    text: (key, values) => String(messageOf(language, key).format(values)),
    date: (date) => day.format(new Date(`${date}T00:00:00Z`)),
    time: (at) => `${time.format(new Date(at))} (${timezone})`,
    number: (value) => new Intl.NumberFormat(locale).format(value),
    percent: (value) => new Intl.NumberFormat(locale, { style: 'percent' }).format(value / 100),
  };
}

/** A message, parsed once. */
function messageOf(language: Language, key: MessageKey): IntlMessageFormat {
  const name = `${language} ${key}`;
  const known = messages.get(name);
  if (known) return known;
  const message = new IntlMessageFormat(CATALOGUES[language][key], LOCALES[language], undefined, { ignoreTag: true });
  messages.set(name, message);
  return message;
}

/** What ends a line or changes the direction of the text around it. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;
const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/**
 * A name inside a sentence: in one line, and isolated if it is written from right to left, so that it does not move the text after it
 * (Unicode Annex 9).
 */
export function inline(name: string): string {
  const line = name.replace(CONTROLS, ' ').replace(/\s+/g, ' ').trim();
  return RIGHT_TO_LEFT.test(line) ? `\u2068${line}\u2069` : line;
}

/** A name inside a subject: as in a sentence, and not too long. */
export function short(name: string): string {
  const line = name.replace(CONTROLS, ' ').replace(/\s+/g, ' ').trim();
  const characters = [...new Intl.Segmenter().segment(line)].map(({ segment }) => segment);
  if (characters.length <= SUBJECT_NAME_MAX) return inline(line);
  return inline(`${characters.slice(0, SUBJECT_NAME_MAX - 1).join('')}…`);
}
