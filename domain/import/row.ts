/**
 * One row of an imported file: what it says about a license, or why it is rejected.
 *
 * A row says what happened to the license elsewhere. The status that Covenant shows follows from that (license-facts.ts), so a `status` in
 * the row only adds what is missing: an active license without a date was activated at the import.
 */
import { addDays, isLocalDate, startOfDay } from '../base/calendar';
import { containsApiKey } from '../access/api-key';
import type { Instant } from '../base/instant';
import { hasDirectionControl, isPlainText, isVisible } from '../base/text';
import { DEVICE_ID_CHARS_MAX } from '../license/device';
import type { ImportColumn } from './file';
import { parseLicenseId } from '../license/license';

/** Shorter keys can be guessed. */
const KEY_CHARS_MIN = 6;
/** The unique index of keys has no room for keys that are more than twice as long. */
const KEY_BYTES_MAX = 1_024;
const NAME_CHARS_MAX = 200;
const YEAR_MIN = 1900;
const YEAR_MAX = 2999;

/** The statuses that a row can have. A license is held only for an order. */
export const IMPORT_STATUSES = ['available', 'assigned', 'active', 'suspended', 'expired', 'revoked'] as const;
type ImportStatus = (typeof IMPORT_STATUSES)[number];

/** Why a row is not imported, each with a sentence that its `detail` completes. */
export const IMPORT_CODES = {
  COLUMN_COUNT: 'The row has more or fewer columns than the header.',
  KEY_MISSING: 'The row has no key.',
  KEY_INVALID: `A key has at least ${KEY_CHARS_MIN} characters and at most ${KEY_BYTES_MAX} bytes, none of them a control character, and has not the form of an id or an API key of Covenant.`,
  STATUS_UNKNOWN: `The status must be one of ${IMPORT_STATUSES.join(', ')}, or empty.`,
  STATUS_CONTRADICTED: 'Other columns contradict the status:',
  EMAIL_INVALID: 'The customer must be an e-mail address.',
  NAME_INVALID: `A customer name has at most ${NAME_CHARS_MAX} visible characters and needs a customer.`,
  DATE_INVALID:
    'A date must be 2027-02-01 or an instant with its zone, such as 2027-02-01T12:00:00Z. Correct the column',
  DATE_IN_FUTURE: 'Only expires_at can be in the future. Correct the column',
  CUSTOMER_MISSING: 'A license that was assigned needs the e-mail address of its customer in the column customer.',
  DEVICES_INVALID: `Devices are ids of at most ${DEVICE_ID_CHARS_MAX} characters, separated by semicolons, or a JSON array of them; each occurs once.`,
  TOO_MANY_DEVICES: 'The contract allows fewer devices. Its activation limit is',
  EXPIRY_BY_CONTRACT:
    'An available license of a pool expires as the contract says. Leave expires_at empty, or change the expiry of the contract.',
  DUPLICATE_IN_FILE: 'An earlier row of the file has the same key.',
  KEY_EXISTS_IN_CONTRACT: 'The contract has a license with this key already.',
  KEY_EXISTS: 'Another license has this key already.',
  PERSON_ERASED: 'The customer with this address was erased permanently.',
} as const;
export type ImportCode = keyof typeof IMPORT_CODES;

/** The codes of rows whose license the contract has anyway. An import can skip such rows. */
export const DUPLICATE_CODES: readonly ImportCode[] = ['DUPLICATE_IN_FILE', 'KEY_EXISTS_IN_CONTRACT'];

/** A license to be imported. What is left out did not happen. */
export interface ImportRow {
  /** The number of the row in the file, from 1, without the header. It becomes the ordinal of the license. */
  ordinal: number;
  key: string;
  customer?: string;
  customer_name?: string;
  created_at?: Instant;
  assigned_at?: Instant;
  activated_at?: Instant;
  suspended_at?: Instant;
  revoked_at?: Instant;
  expires_at?: Instant;
  devices?: string[];
}

/** A row that is not imported. */
export interface RejectedRow {
  ordinal: number;
  /** As the file has it, if it can be shown. */
  key: string | null;
  code: ImportCode;
  detail: string | null;
}

/** What a row is read by. */
export interface ImportContext {
  /** The time of the contract. */
  now: Instant;
  /** The time zone of the contract, in which a date is a day. */
  timezone: string;
  /** The e-mail address in a text; undefined when it is none. */
  emailOf: (text: string) => string | undefined;
}

/** Thrown inside {@link readImportRow} for the first thing that is wrong with a row. */
class Rejection extends Error {
  constructor(
    readonly code: ImportCode,
    readonly detail: string | null = null,
  ) {
    super(code);
  }
}

/** Reads one row. `values` are in the order of `columns`. */
export function readImportRow(
  values: readonly string[],
  columns: readonly ImportColumn[],
  ordinal: number,
  context: ImportContext,
): ImportRow | RejectedRow {
  const given: Partial<Record<ImportColumn, string>> = {};
  for (let place = 0; place < columns.length; place++) {
    const value = (values[place] ?? '').trim();
    if (value !== '') given[columns[place] as ImportColumn] = value;
  }
  try {
    if (values.length !== columns.length) throw new Rejection('COLUMN_COUNT');
    return readValues(given, ordinal, context);
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    const { code, detail } = error;
    return { ordinal, key: shownKey(given.key), code, detail };
  }
}

/** Whether a row was rejected. */
export function isRejected(row: ImportRow | RejectedRow): row is RejectedRow {
  return 'code' in row;
}

function readValues(given: Partial<Record<ImportColumn, string>>, ordinal: number, context: ImportContext): ImportRow {
  const row: ImportRow = { ordinal, key: keyOf(given.key) };
  const status = statusOf(given.status);
  readCustomer(row, given, context);
  for (const column of ['created_at', 'assigned_at', 'activated_at', 'suspended_at', 'revoked_at'] as const) {
    const text = given[column];
    if (text === undefined) continue;
    const at = instantOf(column, text, context, 'first');
    if (at > context.now) throw new Rejection('DATE_IN_FUTURE', column);
    row[column] = at;
  }
  if (given.expires_at !== undefined) row.expires_at = instantOf('expires_at', given.expires_at, context, 'last');
  if (given.devices !== undefined) row.devices = devicesOf(given.devices);
  applyStatus(row, status, context.now);
  if (row.devices !== undefined) row.activated_at ??= row.assigned_at ?? context.now;
  if (row.assigned_at !== undefined && row.customer === undefined) throw new Rejection('CUSTOMER_MISSING');
  if (row.customer !== undefined) row.assigned_at ??= row.activated_at ?? context.now;
  return row;
}

function keyOf(text: string | undefined): string {
  if (text === undefined) throw new Rejection('KEY_MISSING');
  const is_key =
    text.length >= KEY_CHARS_MIN &&
    text.length <= KEY_BYTES_MAX &&
    Buffer.byteLength(text) <= KEY_BYTES_MAX &&
    isPlainText(text) &&
    parseLicenseId(text) === null &&
    !containsApiKey(text);
  if (!is_key) throw new Rejection('KEY_INVALID');
  return text;
}

/** Characters of a key that is no key which the report shows. */
const SHOWN_CHARS_MAX = 100;

function shownKey(text: string | undefined): string | null {
  if (text === undefined || !isPlainText(text) || containsApiKey(text)) return null;
  return text.length <= KEY_BYTES_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}…`;
}

function statusOf(text: string | undefined): ImportStatus | undefined {
  if (text === undefined) return undefined;
  const status = IMPORT_STATUSES.find((one) => one === text.toLowerCase());
  if (status === undefined) throw new Rejection('STATUS_UNKNOWN');
  return status;
}

function readCustomer(row: ImportRow, given: Partial<Record<ImportColumn, string>>, { emailOf }: ImportContext): void {
  const { customer, customer_name: name } = given;
  if (customer !== undefined) {
    const email = emailOf(customer);
    if (email === undefined) throw new Rejection('EMAIL_INVALID');
    row.customer = email;
  }
  if (name === undefined) return;
  const is_name = name.length <= NAME_CHARS_MAX && isPlainText(name) && !hasDirectionControl(name) && isVisible(name);
  if (customer === undefined || !is_name) throw new Rejection('NAME_INVALID');
  row.customer_name = name;
}

/** Adds what the status says, and refuses a status that the other columns contradict. An expiry needs no status. */
function applyStatus(row: ImportRow, status: ImportStatus | undefined, now: Instant): void {
  const is_used = row.activated_at !== undefined || row.devices !== undefined;
  const refuseIf = (is_wrong: boolean, why: string): void => {
    if (is_wrong) throw new Rejection('STATUS_CONTRADICTED', why);
  };
  switch (status) {
    case undefined:
      return;
    case 'available':
      refuseIf(row.customer !== undefined || is_used, 'it has a customer, an activation or a device.');
      break;
    case 'assigned':
      if (row.customer === undefined) throw new Rejection('CUSTOMER_MISSING');
      refuseIf(is_used, 'it has an activation or a device.');
      break;
    case 'active':
      row.activated_at ??= row.assigned_at ?? now;
      break;
    case 'suspended':
      refuseIf(row.revoked_at !== undefined, 'it has revoked_at.');
      row.suspended_at ??= now;
      return;
    case 'revoked':
      row.revoked_at ??= now;
      return;
    case 'expired':
      refuseIf(row.expires_at === undefined || row.expires_at > now, 'expires_at is empty or in the future.');
  }
  refuseIf(row.suspended_at !== undefined || row.revoked_at !== undefined, 'it has suspended_at or revoked_at.');
}

const INSTANT = /^(\d{4})-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** An instant, or a date: its beginning, and for an expiry its end, in the zone of the contract. */
function instantOf(column: ImportColumn, text: string, { timezone }: ImportContext, which: 'first' | 'last'): Instant {
  const year = Number(text.slice(0, 4));
  const is_year = year >= YEAR_MIN && year <= YEAR_MAX;
  if (is_year && isLocalDate(text)) return dayStart(which === 'first' ? text : addDays(text, 1), timezone);
  const millis = is_year && INSTANT.test(text) && isLocalDate(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(millis)) throw new Rejection('DATE_INVALID', `${column}.`);
  return new Date(millis).toISOString();
}

/** The starts of days that were computed before: a file has few different days, and the rules of a zone are slow. */
const starts = new Map<string, Instant>();
const STARTS_MAX = 10_000;

function dayStart(date: string, timezone: string): Instant {
  const name = `${timezone} ${date}`;
  const known = starts.get(name);
  if (known !== undefined) return known;
  if (starts.size >= STARTS_MAX) starts.clear();
  const start = startOfDay(date, timezone);
  starts.set(name, start);
  return start;
}

function devicesOf(text: string): string[] {
  const devices = text.startsWith('[') ? jsonList(text) : text.split(';').map((id) => id.trim());
  const is_valid = devices.every((id) => id !== '' && id.length <= DEVICE_ID_CHARS_MAX && isPlainText(id));
  if (!is_valid || new Set(devices).size !== devices.length || devices.length === 0)
    throw new Rejection('DEVICES_INVALID');
  return devices;
}

function jsonList(text: string): string[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw new Rejection('DEVICES_INVALID');
  }
  if (!Array.isArray(list) || !list.every((id): id is string => typeof id === 'string'))
    throw new Rejection('DEVICES_INVALID');
  return list;
}
