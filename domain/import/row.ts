/**
 * One row of an imported file: what it says about a license, or why it is rejected.
 *
 * A row says what happened to the license elsewhere. The status that Covenant shows follows from that (license-facts.ts), so a `status` in
 * the row only adds what is missing: an active license without a date was activated at the import.
 */
import { containsApiKey } from '../access/api-key';
import type { Instant } from '../base/instant';
import { hasDirectionControl, isPlainText, isVisible } from '../base/text';
import { DEVICE_ID_CHARS_MAX } from '../license/device';
import { dateProblem, readInstant } from './date';
import type { ImportColumn } from './file';
import { keyProblem, shownKey } from './key';

const NAME_CHARS_MAX = 200;

/** The statuses that a row can have. A license is held only for an order. */
export const IMPORT_STATUSES = ['available', 'assigned', 'active', 'suspended', 'expired', 'revoked'] as const;
type ImportStatus = (typeof IMPORT_STATUSES)[number];

/** Why a row is not imported, each with a sentence that its `detail` completes. */
export const IMPORT_CODES = {
  COLUMN_COUNT: 'The row has more or fewer columns than the header.',
  KEY_MISSING: 'The row has no key.',
  KEY_INVALID: 'The key cannot be a license key.',
  STATUS_UNKNOWN: `The status must be one of ${IMPORT_STATUSES.join(', ')}, or empty.`,
  STATUS_CONTRADICTED: 'Other columns contradict the status:',
  EMAIL_INVALID: 'The customer must be an e-mail address.',
  NAME_INVALID: `A customer name has at most ${NAME_CHARS_MAX} visible characters and needs a customer.`,
  DATE_INVALID: 'A date must be 2027-02-01, an instant with its zone, such as 2027-02-01T12:00:00Z, or empty.',
  DATE_IN_FUTURE: 'Only expires_at can be in the future.',
  CUSTOMER_MISSING: 'A license that was assigned needs the e-mail address of its customer in the column customer.',
  DEVICES_INVALID: `Devices are ids of at most ${DEVICE_ID_CHARS_MAX} characters, separated by semicolons, or a JSON array of them; each occurs once.`,
  TOO_MANY_DEVICES: 'The contract allows fewer devices. Its activation limit is',
  EXPIRY_BY_CONTRACT:
    'An unused license of a pool expires as the contract says, so it cannot have its own expires_at. If it has expired, give it the status revoked or leave it out, so that it is not sold. Otherwise leave expires_at empty.',
  DUPLICATE_IN_FILE: 'An earlier row of the file has the same key.',
  KEY_EXISTS_IN_CONTRACT: 'The contract has a license with this key already.',
  KEY_EXISTS: 'Another license has this key already.',
  PERSON_ERASED: 'The customer of the row was erased permanently after the file was sent.',
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
    if (values.length !== columns.length)
      throw new Rejection('COLUMN_COUNT', columnCounts(values.length, columns.length));
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
    if (at > context.now) throw new Rejection('DATE_IN_FUTURE', inFuture(column, text, context));
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

function columnCounts(values: number, columns: number): string {
  const counts = `It has ${values}, the header has ${columns}.`;
  return values > columns ? `${counts} Quote values that have commas.` : counts;
}

/** Characters of a value that a message repeats. */
const SHOWN_CHARS_MAX = 40;

/** A value for a message. Addresses and API keys are left out: the report keeps messages. */
function shown(text: string): string {
  if (!isPlainText(text) || text.includes('@') || containsApiKey(text)) return 'another text';
  return `“${text.slice(0, SHOWN_CHARS_MAX)}${text.length > SHOWN_CHARS_MAX ? '…' : ''}”`;
}

function keyOf(text: string | undefined): string {
  if (text === undefined) throw new Rejection('KEY_MISSING');
  const problem = keyProblem(text);
  if (problem !== null) throw new Rejection('KEY_INVALID', problem);
  return text;
}

function statusOf(text: string | undefined): ImportStatus | undefined {
  if (text === undefined) return undefined;
  const status = IMPORT_STATUSES.find((one) => one === text.toLowerCase());
  if (status === undefined) throw new Rejection('STATUS_UNKNOWN', `It is ${shown(text)}.`);
  return status;
}

function readCustomer(row: ImportRow, given: Partial<Record<ImportColumn, string>>, { emailOf }: ImportContext): void {
  const { customer, customer_name: name } = given;
  if (customer !== undefined) {
    const email = emailOf(customer);
    if (email === undefined) throw new Rejection('EMAIL_INVALID', emailProblem(customer));
    row.customer = email;
  }
  if (name === undefined) return;
  const problem = customer === undefined ? 'The row has no customer.' : nameProblem(name);
  if (problem !== null) throw new Rejection('NAME_INVALID', problem);
  row.customer_name = name;
}

/** What is wrong with an address, without the address; null when it has no plain reason. */
function emailProblem(text: string): string | null {
  if (!text.includes('@')) return 'It has no @.';
  return /[\s,;]/.test(text) ? 'It has a space, a comma or a semicolon; a license has one customer.' : null;
}

function nameProblem(name: string): string | null {
  if (name.length > NAME_CHARS_MAX) return `It has ${name.length} characters.`;
  if (!isPlainText(name)) return 'It has a control character or a line break.';
  if (hasDirectionControl(name)) return 'It has a character that changes the direction of text.';
  return isVisible(name) ? null : 'It has no visible character.';
}

/** Adds what the status says, and refuses a status that the other columns contradict. An expiry needs no status. */
function applyStatus(row: ImportRow, status: ImportStatus | undefined, now: Instant): void {
  if (status === undefined) return;
  const is_used = row.activated_at !== undefined || row.devices !== undefined;
  const refuseIf = (is_wrong: boolean, why: string): void => {
    if (is_wrong) throw new Rejection('STATUS_CONTRADICTED', why);
  };
  switch (status) {
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

/** An instant, or a date: its beginning, and for an expiry its end, in the zone of the contract. */
function instantOf(column: ImportColumn, text: string, { timezone }: ImportContext, which: 'first' | 'last'): Instant {
  const at = readInstant(text, timezone, which);
  if (at === undefined) throw new Rejection('DATE_INVALID', `${column} has ${shown(text)}.${dateProblem(text)}`);
  return at;
}

function inFuture(column: ImportColumn, text: string, { now, timezone }: ImportContext): string {
  return `${column} has ${shown(text)}, and it is ${now}. A date begins in the time zone of the contract, ${timezone}.`;
}

function devicesOf(text: string): string[] {
  const devices = text.startsWith('[') ? jsonList(text) : text.split(';').map((id) => id.trim());
  const problem = devicesProblem(devices);
  if (problem !== null) throw new Rejection('DEVICES_INVALID', problem);
  return devices;
}

function devicesProblem(devices: readonly string[]): string | null {
  if (devices.length === 0) return 'The array is empty. Leave the value empty.';
  if (devices.includes(''))
    return 'An id is empty. Remove a semicolon that is doubled, or at the beginning or the end.';
  const seen = new Set<string>();
  const repeated = devices.find((id) => seen.size === seen.add(id).size);
  if (repeated !== undefined) return `${shown(repeated)} occurs twice.`;
  const long = devices.find((id) => id.length > DEVICE_ID_CHARS_MAX);
  if (long !== undefined) return `${shown(long)} has ${long.length} characters.`;
  return devices.every(isPlainText) ? null : 'An id has a control character or a line break.';
}

function jsonList(text: string): string[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw new Rejection('DEVICES_INVALID', 'It begins with [ and is no JSON.');
  }
  if (!Array.isArray(list) || !list.every((id): id is string => typeof id === 'string'))
    throw new Rejection('DEVICES_INVALID', 'It is JSON, but no array of texts.');
  return list;
}
