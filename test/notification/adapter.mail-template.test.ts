/** The templates of mails, with plain names and with the longest and strangest ones, in every language. */
import { IntlMessageFormat } from 'intl-messageformat';
import { parse } from 'parse5';
import type { DefaultTreeAdapterTypes } from 'parse5';
import { renderMail } from '../../adapters/mail-template/render';
import { CATALOGUES } from '../../adapters/mail-template/words';
import type { MailContent, RenderedMail } from '../../domain/notification/content';
import { KIND_NAMES, NOTIFICATION_KINDS } from '../../domain/notification/kind';
import { LANGUAGES } from '../../domain/notification/settings';
import { PLAIN_NAMES, mailExamples } from '../../project/mail-examples';
import type { ExampleNames } from '../../project/mail-examples';
import { secretsIn } from '../../demo/check-mails';

const UNSUBSCRIBE = 'https://covenant.example/api/v1/unsubscribe/abc';

const MARKUP = '<script>alert(1)</script><img src=x onerror=alert(1)><b>&amp;</b> "\' onmouseover="alert(1)';

/** Names that break a template which trusts them. */
const STRANGE_NAMES: Record<string, ExampleNames> = {
  mixed: {
    contract: `${MARKUP} {contract} {0} {count, plural, one {x}} '{' # </bdi> שלום\r\n\u202E מ`,
    product: 'Acme\r\nBcc: other@example.com\r\n\r\n<b>x</b>\u2028invoice\u202Efdp.exe\u2066',
    customer: 'שלום עולם ـ مرحبا 👩‍👩‍👧‍👦 Acme\u200BCorp\uFEFF\u00AD',
    reference: `שלום\r\n\u202E ${MARKUP} {order}`,
  },
  long: { contract: 'W'.repeat(200), product: '👩‍👩‍👧‍👦'.repeat(18), customer: 'ש'.repeat(200), reference: 'M'.repeat(200) },
};

const PLAIN_CASES = casesOf(PLAIN_NAMES, 'plain');
const STRANGE_CASES = Object.entries(STRANGE_NAMES).flatMap(([title, names]) => casesOf(names, title));

function same(name: string): ExampleNames {
  return { contract: name, product: name, customer: name, reference: name };
}

function casesOf(names: ExampleNames, title: string) {
  return LANGUAGES.flatMap((language) =>
    mailExamples(names).map(({ name, content }) => ({ title: `${title}: ${name}, ${language}`, language, content })),
  );
}

async function rendered({ language, content }: (typeof PLAIN_CASES)[number]): Promise<RenderedMail> {
  return renderMail(content, { language, unsubscribe_url: UNSUBSCRIBE });
}

/** The elements of a document. */
function elementsOf(node: DefaultTreeAdapterTypes.Node): DefaultTreeAdapterTypes.Element[] {
  const children = 'childNodes' in node ? node.childNodes.flatMap(elementsOf) : [];
  return 'tagName' in node ? [node, ...children] : children;
}

function textOf(node: DefaultTreeAdapterTypes.Node): string {
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}

function attribute(element: DefaultTreeAdapterTypes.Element, name: string): string | undefined {
  return element.attrs.find((one) => one.name === name)?.value;
}

test('every kind of mail has an example', () => {
  const kinds = new Set(mailExamples(PLAIN_NAMES).map(({ content }) => content.kind));
  expect([...kinds].sort()).toEqual([...KIND_NAMES].sort());
});

test('the catalogues of all languages have the same messages with the same arguments', () => {
  const [first, ...others] = LANGUAGES.map((language) =>
    Object.fromEntries(
      Object.entries(CATALOGUES[language]).map(([key, message]) => [
        key,
        argumentsOf(new IntlMessageFormat(message, language, undefined, { ignoreTag: true }).getAst()),
      ]),
    ),
  );
  for (const other of others) expect(other).toEqual(first);
});

type Ast = ReturnType<IntlMessageFormat['getAst']>;

/** The names of the arguments of a message, in alphabetical order. */
function argumentsOf(ast: Ast): string[] {
  const names = ast.flatMap((part) => {
    const nested = 'options' in part ? Object.values(part.options).flatMap(({ value }) => argumentsOf(value)) : [];
    // 0: a text; 7: the number of a plural.
    return 'value' in part && ![0, 7].includes(Number(part.type)) ? [part.value, ...nested] : [];
  });
  return [...new Set(names)].sort();
}

test('names of every form leave the mail whole: one line of subject, escaped HTML, a text of words, absolute links', async () => {
  for (const given of STRANGE_CASES) {
    const mail = await rendered(given);
    expect({ title: given.title, problems: problemsOf(mail, given) }).toEqual({ title: given.title, problems: [] });
  }
});

function problemsOf(mail: RenderedMail, given: (typeof PLAIN_CASES)[number]): string[] {
  return [...problemsOfText(mail), ...problemsOfHtml(mail, given)];
}

function problemsOfText({ subject, text }: RenderedMail): string[] {
  return [
    // eslint-disable-next-line no-control-regex -- Controls are what is looked for.
    ...(/[\u0000-\u001F\u007F\u2028\u2029\u202A-\u202E]/.test(subject) ? ['controls in the subject'] : []),
    ...(subject.trim() !== subject || subject === '' ? ['spaces around the subject'] : []),
    ...([...new Intl.Segmenter().segment(subject)].length > 150 ? ['a long subject'] : []),
    ...(/&(amp|lt|gt|quot|nbsp|#\d+);/.test(text.replaceAll(MARKUP, '')) ? ['entities in the text'] : []),
    ...(/undefined|\[object|NaN|Invalid Date/.test(`${subject}${text}`) ? ['a value that is none'] : []),
    ...(/\n{4}/.test(text) ? ['holes in the text'] : []),
  ];
}

function problemsOfHtml({ html }: RenderedMail, { language }: (typeof PLAIN_CASES)[number]): string[] {
  const elements = elementsOf(parse(html));
  const tags = new Set(elements.map(({ tagName }) => tagName));
  const links = elements.flatMap((element) => attribute(element, 'href') ?? []);
  const sources = elements.flatMap((element) => attribute(element, 'src') ?? []);
  const handlers = elements.flatMap(({ attrs }) => attrs.filter(({ name }) => name.startsWith('on')));
  const root = elements.find(({ tagName }) => tagName === 'html')!;
  const named = elements.filter(({ tagName }) => tagName === 'bdi');
  return [
    ...(attribute(root, 'lang') === language ? [] : ['no language']),
    ...(['script', 'img', 'iframe', 'b', 'link'].some((tag) => tags.has(tag))
      ? ['an element that was not asked for']
      : []),
    ...(handlers.length > 0 ? ['a handler of events'] : []),
    ...(sources.length > 0 || /url\(|@import/.test(html) ? ['something that is loaded from elsewhere'] : []),
    ...links.filter((link) => !link.startsWith('https://covenant.example/')).map((link) => `the link ${link}`),
    ...(named.every((name) => attribute(name, 'dir') !== undefined) ? [] : ['a name without a direction of its own']),
    ...(elements.some((element) => attribute(element, 'data-skip-in-text') === 'true') ? [] : ['no preview']),
  ];
}

test('the name of a contract, and the text of a sentence, are shown as they are typed', async () => {
  const typed = MARKUP;
  const [example] = mailExamples(same(typed)).filter(({ content }) => content.kind === 'suspended');
  const { html, text } = await renderMail(example!.content, { language: 'en', unsubscribe_url: null });
  expect(textOf(parse(html))).toContain(`The contract ${typed} is suspended`);
  expect(text).toContain(`The contract ${typed} is suspended`);
  expect(text).not.toContain('Unsubscribe');
});

test('mails say what the source of the product words', async () => {
  const subjects = await Promise.all(
    mailExamples(PLAIN_NAMES).map(async ({ name, content }) => [
      name,
      (await renderMail(content, { language: 'en', unsubscribe_url: null })).subject,
    ]),
  );
  expect(Object.fromEntries(subjects)).toMatchObject({
    'licenses_ready-1': 'Your 500 enterprise licenses are ready',
    'quota_raised-1': 'Q2 quota activated: 300 licenses available',
    'quota_raised-2': 'Emergency quota increase approved: 50 additional licenses',
    'low_water-2': '[staging] Pool is running low: TechReseller Inc - Q2 2027 - 300 Licenses',
  });
  const emergency = mailExamples(PLAIN_NAMES).find(({ name }) => name === 'quota_raised-2')!;
  const { text } = await renderMail(emergency.content, { language: 'en', unsubscribe_url: null });
  expect(text).toContain('Current: 200 / 250 used');
  const digest = mailExamples(PLAIN_NAMES).find(({ name }) => name === 'digest')!;
  const { subject, text: notices } = await renderMail(digest.content, { language: 'en', unsubscribe_url: null });
  expect(subject).toBe('3 notices of 7 June 2027');
  expect(notices).toContain('\nOne more notice does not fit into this mail.');
  expect(notices).toContain('\n[staging] Pool is running low: TechReseller');
});

test('dates, times and numbers are written in the language of the recipient and in the zone of the contract', async () => {
  const sale = mailExamples(PLAIN_NAMES).find(({ name }) => name === 'limit_exceeded-1')!.content;
  const texts = await Promise.all(
    LANGUAGES.map(async (language) => (await renderMail(sale, { language, unsubscribe_url: null })).text),
  );
  expect(texts[0]).toContain('Since 7 June 2027 at 11:30 (Europe/Berlin), more is asked for');
  expect(texts[0]).toContain('Needed: 1,850');
  expect(texts[1]).toContain('Seit dem 7. Juni 2027 um 11:30 (Europe/Berlin) wird mehr angefragt');
  expect(texts[1]).toContain('Benötigt: 1.850');
});

const VENDOR_ONLY = [/raise the (limit|quota)/i, /ask the customer/, /rotate the key/, /An admin can/, /hand it over/];

test('people of the customer read what they can do, and no link that needs a key of theirs', async () => {
  for (const { name, content } of mailExamples(PLAIN_NAMES)) {
    if (content.kind === 'digest') continue;
    const mail = (role: MailContent['role']) =>
      renderMail({ ...content, role }, { language: 'en', unsubscribe_url: null });
    const [of_customer, of_manager] = [await mail('responsible_person'), await mail('account_manager')];
    const found = VENDOR_ONLY.filter((words) => words.test(of_customer.text)).map(String);
    expect({ name, found }).toEqual({ name, found: [] });
    const is_way_to_content =
      ('licenses' in content && content.licenses.length === 0) || ('is_attached' in content && !content.is_attached);
    expect({ name, links: /\/api\/v1\//.test(of_customer.text) }).toEqual({ name, links: is_way_to_content });
    if (content.contract) expect(of_manager.text).toContain('Show the contract (needs an API key)');
  }
  const limit = mailExamples(PLAIN_NAMES).find(({ name }) => name === 'limit_exceeded-1')!.content;
  const textFor = async (role: MailContent['role'], account_manager: string | null) =>
    (await renderMail({ ...limit, role, account_manager }, { language: 'en', unsubscribe_url: null })).text;
  expect(await textFor('customer', 'ada@vendor.example')).toContain(
    'For a higher limit, contact your account manager (ada@vendor.example).',
  );
  expect(await textFor('customer', null)).toContain('contact your account manager.');
  expect(await textFor('operator', 'ada@vendor.example')).toContain('Raise the limit, or ask the customer to stop');
});

test('German texts are inflected by their numbers, roles and labels', async () => {
  const german = async (name: string, changes: object = {}) => {
    const content = mailExamples(PLAIN_NAMES).find((example) => example.name === name)!.content;
    const { subject, text } = await renderMail({ ...content, ...changes }, { language: 'de', unsubscribe_url: null });
    return `${subject}\n${text}`;
  };
  expect(await german('quota_raised-4')).toContain('Kontingent Laufzeit 2 aktiviert: 300 Lizenzen verfügbar');
  expect(await german('quota_100')).toContain('Sie erhalten diese E-Mail, weil Ihre Adresse');
  expect(await german('suspended-1')).toContain('Sie erhalten diese E-Mail als Kunde: Vertrag');
  expect(await german('job_failed-3')).toContain('1 von 20 Lizenzen eines Vorgangs wurde nicht geändert.');
  expect(await german('api_key_rotated-1')).toContain('gilt bis zum 8. Juni 2027');
  expect(await german('low_water-2')).toContain('\nUmgebung: staging\n');
});

test('a license says until when it is valid, or what decides it', async () => {
  const ten = mailExamples(PLAIN_NAMES).find(({ name }) => name === 'licenses_ready-2')!.content;
  const { text } = await renderMail(ten, { language: 'en', unsubscribe_url: null });
  for (const words of ['Valid until: 7 June 2029', 'Valid until: set by the first activation', 'Valid: without an end'])
    expect(text).toContain(`\n${words}`);
});

test('license keys stand only in the two kinds that carry them, and keys of the API in none', async () => {
  for (const given of PLAIN_CASES) {
    const mail = await rendered(given);
    const found = {
      title: given.title,
      problems: problemsOf(mail, given),
      keys: secretsIn(`${mail.subject}\n${mail.text}\n${mail.html}`, ALL_KEYS),
    };
    const keys = NOTIFICATION_KINDS[given.content.kind].carries_keys ? keysOf(given.content) : [];
    expect(found).toEqual({ title: given.title, problems: [], keys });
  }
});

/** The keys of all examples. */
const ALL_KEYS = [...new Set(PLAIN_CASES.flatMap(({ content }) => keysOf(content)))];

function keysOf(content: MailContent): string[] {
  return 'licenses' in content ? content.licenses.map(({ key }) => key) : [];
}
