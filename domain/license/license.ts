/** An issued license: its opaque id and its source. */

/** The lower bits of an id: the ordinal within its generation job. The upper bits are the job's serial. */
export const ORDINAL_BITS = 24;

/** The shortest prefix by which a search finds keys; a shorter text must be a whole key. */
export const KEY_PREFIX_CHARS_MIN = 3;

/** The largest id that Postgres can hold. */
const ID_MAX = 2n ** 63n - 1n;

/** The beginning of a license's source, while its contract exists and after (domain.md C14). */
const SOURCE_PREFIX = 'Contract: ';

/** The source of licenses that were created without a contract. */
export const MANUAL_SOURCE = 'Manual';
/** As a filter: the licenses of all contracts. */
export const CONTRACT_SOURCE = 'Contract';

/** The stored id of a license: its job's serial in the upper bits, its ordinal in the lower ones (db/schema.sql). */
export function licenseIdOf(job_serial: string, ordinal: number): string {
  return ((BigInt(job_serial) << BigInt(ORDINAL_BITS)) + BigInt(ordinal)).toString();
}

/** The serial of the job of a license, from its stored id. */
export function jobSerialOf(id: string): string {
  return (BigInt(id) >> BigInt(ORDINAL_BITS)).toString();
}

/** The id in the form that clients see. */
export function licenseIdText(id: string): string {
  return `lic_${id}`;
}

/** The stored id of an id that clients see; null when the text is no such id. */
export function parseLicenseId(text: string): string | null {
  const digits = /^lic_([1-9]\d{0,18})$/.exec(text)?.[1];
  return digits !== undefined && BigInt(digits) <= ID_MAX ? digits : null;
}

/** The source of a license, as it is shown; `contract_name` is null for a license that was created without a contract. */
export function licenseSource(contract_name: string | null): string {
  return contract_name === null ? MANUAL_SOURCE : SOURCE_PREFIX + contract_name;
}

/** The name of the contract in a source; null for a text that is no source of a license. */
export function contractNameOf(source: string): string | null {
  return source.startsWith(SOURCE_PREFIX) ? source.slice(SOURCE_PREFIX.length) : null;
}
