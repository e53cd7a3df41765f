/** What a row of an imported file says about its license, or why it is rejected. */
import { readInstant } from '../../domain/import/date';
import { readHeader } from '../../domain/import/file';
import type { ImportColumn } from '../../domain/import/file';
import { KeySet } from '../../domain/import/key-set';
import { IMPORT_CODES, isRejected, readImportRow } from '../../domain/import/row';

const NOW = '2027-06-15T12:00:00.000Z';
const CONTEXT = {
  now: NOW,
  timezone: 'Europe/Berlin',
  emailOf: (text: string) => (/^\S+@\S+$/.test(text) ? text : undefined),
};
const KEY = 'OLD-1234-5678';

function read(given: Partial<Record<ImportColumn, string>>) {
  const row = { key: KEY, ...given };
  return readImportRow(Object.values(row), Object.keys(row) as ImportColumn[], 1, CONTEXT);
}
/** The code of a rejection with its detail. */
function rejection(given: Partial<Record<ImportColumn, string>>): string | null {
  const row = read(given);
  return isRejected(row) ? [row.code, row.detail].filter(Boolean).join(' ') : null;
}

test('a key alone is an available license', () => {
  expect(read({})).toEqual({ ordinal: 1, key: KEY });
});

test.each([
  [
    { status: 'Assigned', customer: 'a@b.c' },
    { customer: 'a@b.c', assigned_at: NOW },
  ],
  [{ status: 'active' }, { activated_at: NOW }],
  [
    { status: 'active', customer: 'a@b.c', assigned_at: '2027-01-01' },
    { customer: 'a@b.c', assigned_at: '2026-12-31T23:00:00.000Z', activated_at: '2026-12-31T23:00:00.000Z' },
  ],
  [
    { customer: 'a@b.c', activated_at: '2027-01-01T01:00:00+01:00' },
    { customer: 'a@b.c', assigned_at: '2027-01-01T00:00:00.000Z', activated_at: '2027-01-01T00:00:00.000Z' },
  ],
  [{ devices: 'one; two' }, { devices: ['one', 'two'], activated_at: NOW }],
  [
    { devices: '["one;two"]', activated_at: '2027-01-01T00:00:00Z' },
    { devices: ['one;two'], activated_at: '2027-01-01T00:00:00.000Z' },
  ],
  [{ status: 'suspended' }, { suspended_at: NOW }],
  [
    { status: 'revoked', suspended_at: '2027-01-01T00:00:00Z' },
    { suspended_at: '2027-01-01T00:00:00.000Z', revoked_at: NOW },
  ],
  // A date is valid through its day.
  [{ expires_at: '2027-12-31' }, { expires_at: '2027-12-31T23:00:00.000Z' }],
  [{ status: 'expired', expires_at: '2027-01-01' }, { expires_at: '2027-01-01T23:00:00.000Z' }],
  [
    { customer: 'a@b.c', customer_name: 'Ada', created_at: '2027-01-01T00:00:00.5Z' },
    { customer: 'a@b.c', customer_name: 'Ada', created_at: '2027-01-01T00:00:00.500Z', assigned_at: NOW },
  ],
] as [Partial<Record<ImportColumn, string>>, object][])('%j is %j', (given, license) => {
  expect(read(given)).toEqual({ ordinal: 1, key: KEY, ...license });
});

test.each([
  [{ key: '' }, 'KEY_MISSING'],
  [{ key: 'short' }, 'KEY_INVALID It has 5 characters, and needs 6.'],
  [{ key: 'k'.repeat(1_025) }, 'KEY_INVALID It has 1025 bytes, and can have 1024.'],
  [{ key: 'ABC\u0007DEFG' }, 'KEY_INVALID It has a control character or a line break.'],
  [{ key: 'ABC\u200bDEFG' }, 'KEY_INVALID It has the invisible character U+200B. Remove it.'],
  [{ key: 'ABC\u202eDEFG' }, 'KEY_INVALID It has the invisible character U+202E. Remove it.'],
  [{ key: 'ABC\u00a0DEFG' }, 'KEY_INVALID It has the invisible character U+00A0. Remove it.'],
  [{ key: 'lic_167772161' }, 'KEY_INVALID It has the form of the id of a license.'],
  [{ status: 'held' }, 'STATUS_UNKNOWN It is “held”.'],
  [{ status: 'ada@example.com' }, 'STATUS_UNKNOWN It is another text.'],
  [{ status: 'available', customer: 'a@b.c' }, 'STATUS_CONTRADICTED it has a customer, an activation or a device.'],
  [{ status: 'available', devices: 'one' }, 'STATUS_CONTRADICTED it has a customer, an activation or a device.'],
  [{ status: 'assigned' }, 'CUSTOMER_MISSING'],
  [
    { status: 'assigned', customer: 'a@b.c', activated_at: '2027-01-01' },
    'STATUS_CONTRADICTED it has an activation or a device.',
  ],
  [{ status: 'active', revoked_at: '2027-01-01' }, 'STATUS_CONTRADICTED it has suspended_at or revoked_at.'],
  [{ status: 'expired', expires_at: '2027-12-31' }, 'STATUS_CONTRADICTED expires_at is empty or in the future.'],
  [{ assigned_at: '2027-01-01' }, 'CUSTOMER_MISSING'],
  [{ customer: 'ada' }, 'EMAIL_INVALID It has no @.'],
  [{ customer: 'a@b.c, d@e.f' }, 'EMAIL_INVALID It has a space, a comma or a semicolon; a license has one customer.'],
  [{ customer_name: 'Ada' }, 'NAME_INVALID The row has no customer.'],
  [{ customer: 'a@b.c', customer_name: 'n'.repeat(201) }, 'NAME_INVALID It has 201 characters.'],
  [{ customer: 'a@b.c', customer_name: 'A\u0007' }, 'NAME_INVALID It has a control character or a line break.'],
  [{ customer: 'a@b.c', customer_name: '\u200b' }, 'NAME_INVALID It has no visible character.'],
  [
    { activated_at: '2027-07-01' },
    `DATE_IN_FUTURE activated_at has “2027-07-01”, and it is ${NOW}. A date begins in the time zone of the contract, Europe/Berlin.`,
  ],
  [{ expires_at: '31.12.2027' }, 'DATE_INVALID expires_at has “31.12.2027”.'],
  [{ expires_at: 'never' }, 'DATE_INVALID expires_at has “never”.'],
  [{ expires_at: '2027-02-30' }, 'DATE_INVALID expires_at has “2027-02-30”. The calendar has no such day.'],
  [
    { expires_at: '2027-02-30T00:00:00Z' },
    'DATE_INVALID expires_at has “2027-02-30T00:00:00Z”. The calendar has no such day.',
  ],
  [{ expires_at: '2027-01-01T00:00:00' }, 'DATE_INVALID expires_at has “2027-01-01T00:00:00”. It has no zone.'],
  [{ expires_at: '9999-12-31' }, 'DATE_INVALID expires_at has “9999-12-31”. Its year is not from 1900 to 2999.'],
  [
    { devices: 'one;' },
    'DEVICES_INVALID An id is empty. Remove a semicolon that is doubled, or at the beginning or the end.',
  ],
  [{ devices: 'one;one' }, 'DEVICES_INVALID “one” occurs twice.'],
  [{ devices: 'd'.repeat(300) }, `DEVICES_INVALID “${'d'.repeat(40)}…” has 300 characters.`],
  [{ devices: '[1]' }, 'DEVICES_INVALID It is JSON, but no array of texts.'],
  [{ devices: '[1' }, 'DEVICES_INVALID It begins with [ and is no JSON.'],
  [{ devices: '[]' }, 'DEVICES_INVALID The array is empty. Leave the value empty.'],
] as [Partial<Record<ImportColumn, string>>, string][])('%j is rejected: %s', (given, code) => {
  expect(rejection(given)).toBe(code);
});

test('a row with another number of columns than the header is rejected with its key', () => {
  expect(readImportRow([KEY, 'x'], ['key'], 7, CONTEXT)).toEqual({
    ...{ ordinal: 7, key: KEY, code: 'COLUMN_COUNT' },
    detail: 'It has 2, the header has 1. Quote values that have commas.',
  });
});

test('an instant is what JavaScript reads, with and without a zone of its own', () => {
  const days = ['2027-01-01', '1900-12-31', '2999-02-28'];
  const times = [
    '00:00',
    '23:59:59',
    '24:00:00',
    '24:00:01',
    '12:60:00',
    '12:00:60',
    '12:34:56.7',
    '12:34:56.789',
    '12:34:56.789123',
  ];
  const texts = days.flatMap((day) =>
    times.flatMap((time) => ['Z', '+05:30', '-23:59'].map((zone) => `${day}T${time}${zone}`)),
  );
  for (const text of texts) {
    const millis = Date.parse(text);
    const expected = Number.isNaN(millis) ? undefined : new Date(millis).toISOString();
    expect({ text, at: readInstant(text, 'UTC', 'first') }).toEqual({ text, at: expected });
  }
});

test('every reason is a sentence', () => {
  for (const sentence of Object.values(IMPORT_CODES))
    expect(sentence).toMatch(/^[A-Z].*([.]|contradict the status:|limit is)$/);
});

test('a header names known columns in any order and letter case, and its problem says what to change', () => {
  expect(readHeader([' Expires_At', 'KEY'])).toEqual(['expires_at', 'key']);
  expect(readHeader(['key;status'])).toEqual({
    problem: 'The columns are separated by semicolons. Separate them by commas.',
  });
  expect(readHeader(['key', 'plan'])).toMatchObject({
    problem: expect.stringMatching(/“plan”.*The columns are: key, status/),
  });
  expect(readHeader(['status'])).toMatchObject({ problem: expect.stringContaining('The column key is missing') });
  expect(readHeader(['key', 'Key'])).toMatchObject({ problem: expect.stringContaining('twice') });
});

test('a set of keys has exactly the keys that were added, also while it grows', () => {
  const keys = new KeySet(0x12345678);
  const of = (n: number) => `KEY-${n}`;
  const numbers = Array.from({ length: 50_000 }, (_, n) => n);
  expect(numbers.filter((n) => !keys.add(of(n)))).toEqual([]);
  expect(numbers.filter((n) => keys.add(of(n)))).toEqual([]);
});
