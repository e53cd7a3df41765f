/** What a row of an imported file says about its license, or why it is rejected. */
import { readHeader } from '../../domain/import/file';
import type { ImportColumn } from '../../domain/import/file';
import { KeySet } from '../../domain/import/key-set';
import { isRejected, readImportRow } from '../../domain/import/row';

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
  [{ key: 'short' }, 'KEY_INVALID'],
  [{ key: 'k'.repeat(1_025) }, 'KEY_INVALID'],
  [{ key: 'ABC\u0007DEFG' }, 'KEY_INVALID'],
  [{ key: 'lic_167772161' }, 'KEY_INVALID'],
  [{ status: 'held' }, 'STATUS_UNKNOWN'],
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
  [{ customer: 'nobody' }, 'EMAIL_INVALID'],
  [{ customer_name: 'Ada' }, 'NAME_INVALID'],
  [{ customer: 'a@b.c', customer_name: 'n'.repeat(201) }, 'NAME_INVALID'],
  [{ activated_at: '2027-07-01' }, 'DATE_IN_FUTURE activated_at'],
  [{ expires_at: '31.12.2027' }, 'DATE_INVALID expires_at.'],
  [{ expires_at: '2027-02-30' }, 'DATE_INVALID expires_at.'],
  [{ expires_at: '2027-02-30T00:00:00Z' }, 'DATE_INVALID expires_at.'],
  [{ expires_at: '2027-01-01T00:00:00' }, 'DATE_INVALID expires_at.'],
  [{ expires_at: '9999-12-31' }, 'DATE_INVALID expires_at.'],
  [{ devices: 'one;;two' }, 'DEVICES_INVALID'],
  [{ devices: 'one;one' }, 'DEVICES_INVALID'],
  [{ devices: '[1]' }, 'DEVICES_INVALID'],
  [{ devices: '[]' }, 'DEVICES_INVALID'],
] as [Partial<Record<ImportColumn, string>>, string][])('%j is rejected: %s', (given, code) => {
  expect(rejection(given)).toBe(code);
});

test('a row with another number of columns than the header is rejected with its key', () => {
  expect(readImportRow([KEY, 'x'], ['key'], 7, CONTEXT)).toEqual({
    ordinal: 7,
    key: KEY,
    code: 'COLUMN_COUNT',
    detail: null,
  });
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
