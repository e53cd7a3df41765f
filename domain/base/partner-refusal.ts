/**
 * Refusals as a partner reads them: the holder of a contract's API key, who cannot change the contract, its quota, its product or its
 * generator. The remedy is what the partner can do: change the request, wait, or ask the vendor.
 *
 * The table has every code that the key of a contract can receive; a test compares it with the routes.
 */
import type { JsonObject } from './json';
import { unavailableText } from './refusal';
import type { Refusal, RefusalCode } from './refusal';

type Detail = (metadata: JsonObject) => string;

/** The details fit every reader: they ask for another request, or to wait. */
const SAME = 'same';

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null));

/** Licenses that the vendor has to replace. */
const tooShort = (m: JsonObject): string =>
  m.expiring === undefined ? '' : ` It has ${show(m.expiring)} that expire too soon to be given out.`;

const DETAILS: Partial<Record<RefusalCode, Detail | typeof SAME>> = {
  NOT_FOUND: SAME,
  VALIDATION_FAILED: SAME,
  CONTRACT_DELETED: SAME,
  CONTRACT_INACTIVE: (m) => `The contract gives no licenses now (${show(m.inactive_reason)}). ${show(m.remedy)}`,
  CONTRACT_EXPIRED: (m) => `The last day of the contract was ${show(m.last_day)}. Ask the vendor to renew it.`,
  CONTRACT_TERMINATED: (m) =>
    `The contract was terminated at ${show(m.terminated_at)}. Ask the vendor whether it is reinstated.`,
  BILLING_SUSPENDED: () =>
    'The contract is suspended because invoices are unpaid. It continues automatically as soon as they are paid; ask the vendor which ones.',
  INVALID_STATE_TRANSITION: SAME,
  REVISION_CONFLICT: () =>
    'The vendor changed the contract in the meantime. Repeat the request without If-Match, or ask the vendor for the current revision.',
  RATE_LIMITED: SAME,
  COUNT_ABOVE_RATE_LIMIT: (m) =>
    `${show(m.requested)} licenses are requested, but the API key of the contract may request ${show(m.limit)} in one ${show(m.window)}. Request fewer licenses at once, or ask the vendor to raise the limit.`,
  QUOTA_EXCEEDED: (m) =>
    `Quota exceeded: ${show(m.requested)} requested, ${show(m.remaining)} of ${show(m.total)} remaining (${show(m.generated)} generated, ${show(m.reserved)} reserved by open jobs). Request fewer licenses, or ask the vendor to raise the quota.`,
  TEST_LICENSE_LIMIT: (m) =>
    `A draft contract can generate ${show(m.allowed)} test licenses; ${show(m.generated)} exist. Ask the vendor to activate the contract.`,
  PRODUCT_INACTIVE: (m) =>
    `The product ${show(m.product_code ?? m.product_id)} is inactive. Ask the vendor when it is sold again.`,
  GENERATOR_NOT_AVAILABLE: (m) =>
    `The generator ${show(m.generator_id)} ${show(m.why)}. Ask the vendor to choose an active generator for the contract.`,
  GENERATOR_KEYSPACE_EXHAUSTED: (m) =>
    `${show(m.attempts)} draws in a row produced keys that already exist. Ask the vendor to use a generator with longer keys.`,
  EXPIRY_IN_PAST: (m) =>
    `Licenses would be valid through ${show(m.date)}, which is over. Ask the vendor to set a later expiry.`,
  LICENSE_REVOKED: SAME,
  LICENSE_SUSPENDED: (m) => `The license is suspended since ${show(m.suspended_at)}. Ask the vendor to reinstate it.`,
  LICENSE_EXPIRED: SAME,
  DEVICE_NOT_ACTIVATED: SAME,
  EXPIRY_NOT_KNOWN: SAME,
  CERTIFICATE_TOO_LARGE: (m) =>
    `The certificate has ${show(m.bytes)} bytes, and at most ${show(m.max)} are allowed. Validate the license by its key, or ask the vendor for shorter features.`,
  SIGNING_NOT_CONFIGURED: () => 'The vendor does not sign licenses. Validate the license by its key.',
  SIGNING_KEY_MISSING: () =>
    'No license of the product was signed yet. Issue a certificate first (POST /api/v1/licenses/{id}/certificate).',
  SIGNING_KEY_UNREADABLE: () =>
    'The license cannot be signed now. Ask the vendor to check the signing key of the product.',
  NOT_A_POOL: SAME,
  POOL_EMPTY: (m) =>
    `No license of the pool can be taken, ${show(m.requested)} requested.${tooShort(m)} Try again later, or ask the vendor to fill the pool.`,
  POOL_INSUFFICIENT: (m) =>
    `${show(m.requested)} licenses requested, but only ${show(m.available)} of the pool can be taken.${tooShort(m)} Take fewer, try again later, or ask the vendor to fill the pool.`,
  ORDER_REF_REUSED: SAME,
  HOLD_EXPIRED: SAME,
  ORDER_CLOSED: SAME,
  HOLD_NOT_OPEN: SAME,
  LICENSE_NOT_AVAILABLE: (m) =>
    `${unavailableText(m)} so the hold cannot be assigned. Release the hold, which makes its other licenses available again, and grab licenses for a new order.`,
  LICENSE_NOT_ASSIGNED: SAME,
  RETURN_PERIOD_OVER: (m) =>
    `The license was assigned at ${show(m.assigned_at)}, and can be returned for ${show(m.days)} days. Ask the vendor to revoke it.`,
  LICENSE_ALREADY_ACTIVATED: (m) =>
    `The license was activated at ${show(m.activated_at)}, so it cannot be returned. Ask the vendor to revoke it, or to give it to another customer.`,
  API_KEY_AS_IDEMPOTENCY_KEY: SAME,
  IDEMPOTENCY_KEY_REUSED: SAME,
  IDEMPOTENCY_IN_PROGRESS: SAME,
  PERSON_ERASED: () =>
    'The personal data of this customer was erased permanently. Use another address, or ask the vendor.',
};

/** The remedy for an inactive contract, by its reason. A contract that starts by itself keeps the one with the date. */
const REMEDIES: Readonly<Record<string, string>> = {
  CONFIGURING: 'Ask the vendor to activate it. Until then it generates test licenses only ("test": true).',
  EXPIRED_IN_GRACE: 'Ask the vendor to renew it.',
  PAUSED: 'Ask the vendor when it is resumed.',
  COMPLETED: 'Ask the vendor whether it is resumed.',
  COMPLIANCE: 'Ask the vendor to release it.',
};

/** Whether the table says what a partner reads for a code. */
export function hasPartnerDetail(code: RefusalCode): boolean {
  return DETAILS[code] !== undefined;
}

/** The same refusal with the remedies that a partner has. */
export function partnerRefusal(refusal: Refusal): Refusal {
  const { code } = refusal;
  const remedy = code === 'CONTRACT_INACTIVE' ? REMEDIES[show(refusal.metadata.inactive_reason)] : undefined;
  const metadata = remedy === undefined ? refusal.metadata : { ...refusal.metadata, remedy };
  const detail = DETAILS[code];
  return detail === undefined || detail === SAME ? refusal : { ...refusal, metadata, detail: detail(metadata) };
}
