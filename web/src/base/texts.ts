/** Texts in two languages. Messages are ICU; English defines the keys, and German cannot miss one. */
import IntlMessageFormat from 'intl-messageformat';
import { createStore } from './store';

export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

type Values = Record<string, string | number | boolean | Date | null | undefined>;
type Messages = Record<string, string>;

export interface Texts<Keys extends string> {
  readonly messages: Readonly<Record<Language, Readonly<Record<Keys, string>>>>;
}

/** Returns the text of a key, with its values. */
export type Translate<Keys extends string> = (key: Keys, values?: Values) => string;

/** Declares the texts of an area. */
export function texts<const En extends Messages>(messages: {
  en: En;
  de: Record<keyof En, string>;
}): Texts<Extract<keyof En, string>> {
  return { messages: messages };
}

const STORAGE_KEY = 'covenant-language';
const formats = new Map<string, IntlMessageFormat>();

/** The language that the page was opened with (public/color-scheme.js), or that was chosen since. */
const language = createStore<Language>(document.documentElement.lang === 'de' ? 'de' : 'en');

/** Changes the language of all pages, and remembers it in this browser. */
export function chooseLanguage(chosen: Language): void {
  document.documentElement.lang = chosen;
  localStorage.setItem(STORAGE_KEY, chosen);
  language.set(chosen);
}

/** The language; the component is drawn again when it changes. */
export const useLanguage = language.use;

/** The texts of an area in the current language. */
export function useTexts<Keys extends string>(declared: Texts<Keys>): Translate<Keys> {
  const language = useLanguage();
  return (key, values) => translate(declared, language, key, values);
}

/**
 * Returns the name of a code of the interface: the text with the key `${group}${code}`. A code without a name, for example of a
 * newer server, is shown as it is.
 */
export function useNames<Keys extends string>({ messages }: Texts<Keys>): (code: string, group?: string) => string {
  const names: Readonly<Record<string, string>> = messages[useLanguage()];
  return (code, group = '') => (Object.hasOwn(names, group + code) ? (names[group + code] as string) : code);
}

/** The text of a key in a language. Without values it is a plain look-up. */
export function translate<Keys extends string>(
  { messages }: Texts<Keys>,
  language: Language,
  key: Keys,
  values?: Values,
): string {
  const message = messages[language][key];
  if (values === undefined) return message;
  const cached = `${language} ${message}`;
  let format = formats.get(cached);
  if (format === undefined) formats.set(cached, (format = new IntlMessageFormat(message, language)));
  return String(format.format(values));
}
