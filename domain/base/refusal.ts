/**
 * Refusals: the expected ways in which a request fails, as data.
 *
 * One table has every code with its sentence and its remedy. A code is stable; its sentence may improve. The HTTP status
 * belongs to the interface and is in `api/http/problem.ts`.
 */
import type { Json, JsonObject } from './json';

interface Sentence {
  /** What is refused, true for every case of the code. */
  title: string;
  /** The details of one case; every value in it is also in the metadata. */
  detail: (metadata: JsonObject) => string;
}

const show = (value: Json | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null));

/** Licenses that a sentence names. The metadata has all of them. */
const SHOWN_LICENSES_MAX = 5;

/** The beginning of a sentence about licenses of a hold that cannot be assigned. */
export function unavailableText({ licenses }: JsonObject): string {
  const given = (Array.isArray(licenses) ? licenses : []) as { id: string; status: string }[];
  const [first] = given;
  if (given.length === 1 && first) return `The license ${first.id} is ${first.status},`;
  const shown = given.slice(0, SHOWN_LICENSES_MAX).map(({ id, status }) => `${id} (${status})`);
  const more = given.length > shown.length ? ` and ${given.length - shown.length} more` : '';
  return `The licenses ${shown.join(', ')}${more} are not available,`;
}

/** A sentence for readers who do not know pools, such as the user of a program. */
function unassignedText({ status }: JsonObject): string {
  if (status === 'available') return 'The license belongs to no customer.';
  if (status === 'held') return 'The license is held for an order, and belongs to no customer yet.';
  return `The license is ${show(status)}.`;
}

/** A sentence about licenses that a pool has and does not give out; nothing if there are none. */
function expiringText({ expiring, min_remaining_validity }: JsonObject): string {
  if (expiring === undefined) return '';
  return ` It has ${show(expiring)} that no order gets, because they expire within min_remaining_validity (${show(min_remaining_validity)}): shorten that with PATCH /api/v1/contracts/{id}, or set a later expiry for new licenses.`;
}

/** Every refusal that a rule of the domain can give. */
const SENTENCES = {
  NOT_FOUND: {
    title: 'Not found',
    detail: (m) => `No ${show(m.what)} has this id. Check the id; it may belong to another installation.`,
  },
  VALIDATION_FAILED: {
    title: 'The request is not valid',
    detail: (m) => show(m.message ?? 'See errors for each field and correct it.'),
  },
  CONTRACT_DELETED: {
    title: 'The contract was deleted',
    detail: (m) =>
      `“${show(m.last_name)}” was deleted at ${show(m.deleted_at)}. Its licenses stay valid; its id is never used again.`,
  },
  CONTRACT_INACTIVE: {
    title: 'Contract inactive',
    detail: (m) => `The contract gives no licenses now (${show(m.inactive_reason)}). ${show(m.remedy)}`,
  },
  CONTRACT_EXPIRED: {
    title: 'Contract expired',
    detail: (m) => `The last day of the contract was ${show(m.last_day)}. Renew it or create a new contract.`,
  },
  CONTRACT_TERMINATED: {
    title: 'Contract terminated',
    detail: (m) =>
      `The contract was terminated at ${show(m.terminated_at)}. Create a new contract, or have this one reinstated.`,
  },
  BILLING_SUSPENDED: {
    title: 'Contract suspended: unpaid invoices',
    detail: () =>
      'The contract is suspended because invoices are unpaid. It continues automatically as soon as they are paid.',
  },
  CHANGES_BLOCKED_PAST_DUE: {
    title: 'Blocked while invoices are overdue',
    detail: (m) =>
      `Invoices are overdue (${show(m.state)}), so nothing can be added to the contract. Pay them first, or exempt the contract from dunning.`,
  },
  NOTICE_PERIOD_PASSED: {
    title: 'The notice period has passed',
    detail: (m) =>
      `The last day to opt out was ${show(m.notice_date)}; the contract renews on ${show(m.end_date)}. With accept_late it ends one term later.`,
  },
  ALREADY_RENEWED: {
    title: 'The next term is already granted',
    detail: (m) =>
      `Term ${show(m.term_number)}, from ${show(m.term_start_date)}, is already granted. To grant one more, send term_number ${show(m.next_term_number)}.`,
  },
  RENEWAL_NOT_POSSIBLE: {
    title: 'The contract cannot be renewed',
    detail: (m) => show(m.why),
  },
  COTERM_NOT_POSSIBLE: {
    title: 'The contract cannot be co-termed',
    detail: (m) =>
      `The contract ${show(m.coterm_with)} must be live, belong to the same customer and environment, and end within the first term of this contract.`,
  },
  AMENDMENT_NOT_POSSIBLE: {
    title: 'The amendment is not possible',
    detail: (m) => show(m.why),
  },
  AMENDMENT_NOT_PENDING: {
    title: 'The amendment is already decided',
    detail: (m) => `The amendment is ${show(m.status)}; only a pending one can be withdrawn.`,
  },
  CONTRACT_ACTIVE: {
    title: 'The contract is active',
    detail: () => 'Set the contract to inactive before you delete it.',
  },
  CONTRACT_HAS_OPEN_JOB: {
    title: 'A generation job is still open',
    detail: (m) =>
      `${show(m.open_jobs)} generation job(s) of this contract are not finished. Wait for them or cancel them first.`,
  },
  CONTRACT_HAS_OPEN_HOLD: {
    title: 'Licenses of the pool are held',
    detail: (m) =>
      `${show(m.open_holds)} order(s) hold licenses of this contract. Assign or release them first, or wait until the holds are over.`,
  },
  CONFIRMATION_MISMATCH: {
    title: 'The confirmation does not match',
    detail: () => 'Send the exact name of the contract as confirm_name.',
  },
  INVALID_STATE_TRANSITION: {
    title: 'Not possible in this state',
    detail: (m) =>
      `The action “${show(m.action)}” is not possible for a contract that is ${show(m.from)}. ${show(m.remedy ?? '')}`.trim(),
  },
  TERM_ALREADY_OVER: {
    title: 'The term is already over',
    detail: (m) =>
      `The contract would end on ${show(m.end_date)}, which is in the past (with ${show(m.expiry_grace_days)} days of grace). Set a later end_date or a longer term first.`,
  },
  IMMUTABLE_FIELD: {
    title: 'The field cannot be changed',
    detail: (m) =>
      `${show(m.field)} cannot be changed${m.when ? ` ${show(m.when)}` : ''}. Create a new ${show(m.what ?? 'contract')} instead.`,
  },
  REVISION_CONFLICT: {
    title: 'It was changed in the meantime',
    detail: (m) =>
      `The request is for revision ${show(m.given)}, but the current revision is ${show(m.current)}. Read it again and repeat the change.`,
  },
  RATE_LIMITED: {
    title: 'Too many requests',
    detail: (m) =>
      `The API key of the contract may use ${show(m.limit)} ${show(m.unit)} in one ${show(m.window)} (left: ${show(m.remaining)}). Repeat the request in ${show(m.retry_after_s)} s, after ${show(m.reset)}.`,
  },
  COUNT_ABOVE_RATE_LIMIT: {
    title: 'More licenses than the rate limit allows',
    detail: (m) =>
      `${show(m.requested)} licenses are requested, but the API key of the contract may request ${show(m.limit)} in one ${show(m.window)}. Request fewer licenses at once, or have the limit raised.`,
  },
  QUOTA_EXCEEDED: {
    title: 'Quota exceeded',
    detail: (m) =>
      `Quota exceeded: ${show(m.requested)} requested, ${show(m.remaining)} of ${show(m.total)} remaining (${show(m.generated)} generated, ${show(m.reserved)} reserved by open jobs). Raise the quota.`,
  },
  QUOTA_BELOW_USED: {
    title: 'The quota cannot be lower than its use',
    detail: (m) =>
      `${show(m.used)} licenses are generated or reserved; the quota cannot be set to ${show(m.quota)}. Create a new contract for a smaller quota.`,
  },
  QUOTA_DECREASE_NOT_ALLOWED: {
    title: 'The quota can no longer be lowered',
    detail: (m) =>
      `Licenses were already generated, so the quota of ${show(m.total)} can only be raised, not set to ${show(m.quota)}.`,
  },
  TEST_LICENSE_LIMIT: {
    title: 'No more test licenses',
    detail: (m) =>
      `A draft contract can generate ${show(m.allowed)} test licenses; ${show(m.generated)} exist. Activate the contract to generate real ones.`,
  },
  PRODUCT_INACTIVE: {
    title: 'The product is inactive',
    detail: (m) => `The product ${show(m.product_code ?? m.product_id)} is inactive. Reactivate it first.`,
  },
  GENERATOR_NOT_AVAILABLE: {
    title: 'The generator cannot be used here',
    detail: (m) =>
      `The generator ${show(m.generator_id)} ${show(m.why)}. Choose an active generator of the contract's product.`,
  },
  GENERATOR_KEYSPACE_TOO_SMALL: {
    title: 'The key format has too few keys',
    detail: (m) =>
      `The format has ${show(m.keyspace)} keys, which is enough for a quota of ${show(m.largest_quota)}, not of ${show(m.quota)}. Use longer or more groups, or a larger alphabet.`,
  },
  GENERATOR_KEYSPACE_EXHAUSTED: {
    title: 'No free license key was found',
    detail: (m) =>
      `${show(m.attempts)} draws in a row produced keys that already exist. Use a generator with longer or more groups.`,
  },
  GENERATOR_IN_USE: {
    title: 'The generator is in use',
    detail: (m) =>
      `${show(m.contracts)} contract(s) use this generator. Assign another generator to them, or set this one to inactive.`,
  },
  EXPIRY_IN_PAST: {
    title: 'The expiry date is in the past',
    detail: (m) => `Licenses would be valid through ${show(m.date)}, which is over. Set a later expiry.`,
  },
  VALIDITY_TOO_SHORT: {
    title: 'The licenses would expire too early to be given out',
    detail: (m) =>
      `min_remaining_validity is ${show(m.min_remaining_validity)}, and new licenses would be valid for no longer (expiry ${show(m.expiry)}), so no order could get one. Set a later expiry, or a shorter min_remaining_validity.`,
  },
  EXPIRY_CONFLICT: {
    title: 'Two expiry rules',
    detail: () => 'Send a duration or a date as expiry, not both.',
  },
  FEATURE_TYPE_MISMATCH: {
    title: 'A feature has the wrong type',
    detail: (m) =>
      `These overrides do not have the types of the generator's features: ${show(m.paths)}. Use the generator's types.`,
  },
  TOO_MANY_SCHEDULES: {
    title: 'The contract has too many schedules',
    detail: (m) => `A contract can have ${show(m.max)} active and paused schedules. Delete one of them first.`,
  },
  REPORT_SCHEDULE_EXISTS: {
    title: 'The contract has the same schedule of reports already',
    detail: (m) => `The schedule ${show(m.schedule_id)} has the same days and time. Edit or resume that one.`,
  },
  TOO_MANY_REPORT_SCHEDULES: {
    title: 'The contract has too many schedules of reports',
    detail: (m) => `A contract can have ${show(m.max)} schedules of reports. Delete one of them first.`,
  },
  SCHEDULE_ENDED: {
    title: 'The schedule has ended',
    detail: (m) => `The schedule ended at ${show(m.ended_at)} for good. Create a new schedule instead.`,
  },
  JOB_ALREADY_FINISHED: {
    title: 'The generation job is already finished',
    detail: (m) => `The job is ${show(m.state)}; there is nothing left to cancel.`,
  },
  JOB_NOT_RESUMABLE: {
    title: 'The generation job cannot be resumed',
    detail: (m) =>
      `A job that is ${show(m.state)} cannot be resumed. ${show(m.remedy ?? 'Only PARTIAL and FAILED jobs can.')}`,
  },
  LICENSE_REVOKED: {
    title: 'The license is revoked',
    detail: (m) => `The license was revoked at ${show(m.revoked_at)}, which is final. Use another license.`,
  },
  NOT_ENOUGH_LICENSES: {
    title: 'Too few licenses match',
    detail: (m) =>
      `${show(m.requested)} licenses are requested, but only ${show(m.available)} match the filter and can be changed. Request fewer, or generate more first.`,
  },
  DRY_RUN_TOO_SLOW: {
    title: 'The dry run takes too long',
    detail: (m) =>
      `Counting what would happen to ${show(m.requested)} licenses did not finish in time. Nothing was changed. Narrow the filter, or set a smaller limit. The operation itself has no such limit: a job carries it out.`,
  },
  NOT_A_POOL: {
    title: 'The contract has no pool',
    detail: (m) =>
      `The contract is of type ${show(m.type)}. Only contracts of type pool have available licenses; generate licenses instead.`,
  },
  POOL_EMPTY: {
    title: 'The pool is empty',
    detail: (m) =>
      `No license of the pool can be taken, ${show(m.requested)} requested.${expiringText(m)} Generate licenses for the contract.`,
  },
  POOL_INSUFFICIENT: {
    title: 'The pool has too few licenses',
    detail: (m) =>
      `${show(m.requested)} licenses requested, but only ${show(m.available)} of the pool can be taken.${expiringText(m)} Generate licenses for the contract, or take fewer.`,
  },
  ORDER_REF_REUSED: {
    title: 'The order already has licenses',
    detail: (m) =>
      `The order ${show(m.order_ref)} took licenses by a different request (hold ${show(m.hold_id)}). Use a new order_ref, or repeat the request unchanged.`,
  },
  HOLD_EXPIRED: {
    title: 'The hold is over',
    detail: (m) =>
      `The licenses were held until ${show(m.held_until)}, and are available again. Grab licenses with a new order_ref.`,
  },
  ORDER_CLOSED: {
    title: 'The order has no licenses any more',
    detail: (m) =>
      `The licenses of the order ${show(m.order_ref)} ${m.state === 'released' ? `were released at ${show(m.ended_at)}` : 'were returned, or given to another customer'} (hold ${show(m.hold_id)}). Grab licenses with a new order_ref.`,
  },
  HOLD_NOT_OPEN: {
    title: 'The hold is not open',
    detail: (m) => `The licenses of the hold were ${show(m.state)} before. Grab licenses for a new order.`,
  },
  LICENSE_NOT_AVAILABLE: {
    title: 'A license of the hold is not available',
    detail: (m) =>
      `${unavailableText(m)} so the hold cannot be assigned. Release the hold, which makes its other licenses available again, and grab licenses for a new order. A suspended license can also be reinstated before the end of the hold.`,
  },
  LICENSE_NOT_ASSIGNED: {
    title: 'The license is not assigned',
    detail: (m) => `${unassignedText(m)} ${show(m.remedy)}`,
  },
  RETURN_PERIOD_OVER: {
    title: 'The license can no longer be returned',
    detail: (m) =>
      `The license was assigned at ${show(m.assigned_at)}, and can be returned for ${show(m.days)} days. Revoke it instead.`,
  },
  LICENSE_ALREADY_ACTIVATED: {
    title: 'The license was already activated',
    detail: (m) =>
      `The license was activated at ${show(m.activated_at)}, so it cannot be returned: its devices would lose it. To give it to another customer, assign it with reassign (POST /api/v1/licenses/assign); to withdraw it, revoke it (POST /api/v1/licenses/{id}/revoke).`,
  },
  WRONG_PRODUCT: {
    title: 'The license is of another product',
    detail: () => 'The key belongs to a license of another product. Use a license of this product.',
  },
  ENVIRONMENT_MISMATCH: {
    title: 'The license is of another environment',
    detail: () => 'The key belongs to a license of another environment. Use a license of this environment.',
  },
  LICENSE_SUSPENDED: {
    title: 'The license is suspended',
    detail: (m) => `The license is suspended since ${show(m.suspended_at)}. Ask its seller to reinstate it.`,
  },
  LICENSE_EXPIRED: {
    title: 'The license has expired',
    detail: (m) => `The license expired at ${show(m.expires_at)}. Use another license.`,
  },
  TOO_MANY_DEVICES: {
    title: 'The license is active on too many devices',
    detail: (m) =>
      `The license is active on ${show(m.activations)} devices, and its limit is ${show(m.activation_limit)}. Deactivate one of them first.`,
  },
  DEVICE_NOT_ACTIVATED: {
    title: 'The license is not active on this device',
    detail: () => 'The license is not active on this device. Activate it first.',
  },
  OPERATION_ALREADY_FINISHED: {
    title: 'The operation is already finished',
    detail: (m) => `The operation is ${show(m.state)}; there is nothing left to cancel.`,
  },
  IMPORT_NOT_RESUMABLE: {
    title: 'The import cannot be resumed',
    detail: (m) =>
      m.state === 'PAUSED'
        ? 'The import waits until its contract allows licenses again. Resume the contract; the import then goes on by itself.'
        : m.state === 'CANCELLING'
          ? 'The import is being cancelled. Resume it when it is CANCELLED.'
          : m.unfinished === true
            ? `The import is ${show(m.state)}, so there is nothing to resume. GET …/licenses/import/{import_id}/progress follows it.`
            : m.pending === 0
              ? `The import is ${show(m.state)}, and each of its rows is decided. Correct the rows that its report names, and send the file again with duplicates=skip.`
              : `The import is ${show(m.state)}, and its undecided rows were deleted ${show(m.rows_kept_days)} days after its end. Send the file again with duplicates=skip.`,
  },
  IMPORT_RESUMABLE: {
    title: 'The import of this file can be resumed',
    detail: (m) =>
      `An import of this file is ${show(m.state)}, and ${show(m.pending)} of its rows are not decided. Resume it instead: POST …/licenses/import/${show(m.import_id)}/resume.`,
  },
  OPERATION_NOT_RESUMABLE: {
    title: 'The operation cannot be resumed',
    detail: (m) =>
      m.execution === 'inline'
        ? 'The operation was carried out within its request, so it has no job that could be resumed. Send a new request for the licenses that it could not change.'
        : m.undecided === 0
          ? `The operation is ${show(m.state)} and has an outcome for each of its licenses, so nothing is left. Send a new request for the licenses that it could not change: GET /api/v1/license-operations/{id}/outcomes lists them.`
          : `The operation is ${show(m.state)}. Only a job that is CANCELLED, PARTIAL or FAILED can be resumed; GET /api/v1/license-operations/{id}/progress follows it.`,
  },
  API_KEY_AS_IDEMPOTENCY_KEY: {
    title: 'The idempotency key contains an API key',
    detail: () =>
      'An idempotency key is stored, and an API key must not be. Send a value of its own for each request, such as a UUID or the number of the order.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    title: 'The idempotency key belongs to another request',
    detail: () => 'This idempotency key was used with a different request. Use a new key for a new request.',
  },
  COMMAND_EXPIRED: {
    title: 'The command waited too long',
    detail: () => 'The command waited longer than its sender, and was not run. Send it again.',
  },
  IDEMPOTENCY_IN_PROGRESS: {
    title: 'The first request with this key is still running',
    detail: () => 'Repeat the request in a moment to get its answer.',
  },
  EMAIL_TAKEN: {
    title: 'The e-mail address is taken',
    detail: (m) => `${show(m.email)} already belongs to another person. Use another address, or edit that person.`,
  },
  CODE_TAKEN: {
    title: 'The code is taken',
    detail: (m) =>
      `The code ${show(m.code)} is already used in the environment ${show(m.environment)}. Choose another code, or edit that product.`,
  },
  CLOCK_BACKWARDS: {
    title: 'A test clock only goes forward',
    detail: (m) => `The clock is at ${show(m.now)}, after ${show(m.to)}. Create a new clock for an earlier time.`,
  },
  CLOCK_ADVANCING: {
    title: 'The test clock is advancing',
    detail: (m) =>
      `The clock is at ${show(m.now)} and advances to ${show(m.advancing_to)}. Wait until its status is ready, then advance it again.`,
  },
  API_ACCESS_OFF: {
    title: 'API access is switched off',
    detail: () => 'The contract has no API key, because its API access is switched off. Set api_access to true first.',
  },
  API_ACCESS_NOT_CONFIGURED: {
    title: 'This installation cannot create API keys of contracts',
    detail: () => 'The setting COVENANT_SEALING_KEYS is missing. Ask the operator of this installation to set it.',
  },
  API_KEY_MISSING: {
    title: 'The contract has no API key',
    detail: () => 'The contract has no API key that can be shown. Rotate the key to get a new one.',
  },
  API_KEY_UNREADABLE: {
    title: 'The stored API key cannot be read',
    detail: () =>
      'The stored API key was changed, or it belongs to another contract, so it is not shown. It is still accepted. Tell the operator, and rotate the key.',
  },
  SEALING_KEY_MISSING: {
    title: 'The API key cannot be shown',
    detail: (m) =>
      `The API key is sealed with version ${show(m.version)}, which COVENANT_SEALING_KEYS does not contain. Add that version, or rotate the API key.`,
  },
  SIGNING_NOT_CONFIGURED: {
    title: 'This installation cannot sign licenses',
    detail: () =>
      'The setting COVENANT_SEALING_KEYS is missing, without which private keys cannot be stored. Ask the operator of this installation to set it.',
  },
  SIGNING_KEY_MISSING: {
    title: 'The product has no signing key',
    detail: () =>
      'Nothing of the product was signed yet. Issue a certificate (POST /api/v1/licenses/{id}/certificate), or create a signing key (POST /api/v1/products/{id}/signing-keys).',
  },
  CERTIFICATE_TOO_LARGE: {
    title: 'The certificate is too large',
    detail: (m) =>
      `The certificate has ${show(m.bytes)} bytes, and at most ${show(m.max)} are allowed. Its features take most of them: use fewer or shorter ones, or validate the license by its key.`,
  },
  EXPIRY_NOT_KNOWN: {
    title: 'The expiry of the license is not known yet',
    detail: (m) =>
      `The license expires some time after its ${m.basis === 'assignment' ? 'assignment' : 'first activation'}, which has not happened. Without an expiry, a certificate would be valid for ever. ${m.basis === 'assignment' ? 'Assign' : 'Activate'} the license first.`,
  },
  SIGNING_KEY_UNREADABLE: {
    title: 'The signing key cannot be used',
    detail: (m) =>
      `The signing key ${show(m.kid)} cannot be opened: ${m.version === null ? 'it was changed, or it belongs to another product' : `COVENANT_SEALING_KEYS does not contain version ${show(m.version)}`}. Tell the operator, or create a new signing key (POST /api/v1/products/{id}/signing-keys).`,
  },
  SIGNING_KEY_ACTIVE: {
    title: 'The signing key is active',
    detail: (m) =>
      `${show(m.kid)} signs the licenses of the product. Create a new signing key first (POST /api/v1/products/{id}/signing-keys), then retire this one.`,
  },
  TOO_MANY_SIGNING_KEYS: {
    title: 'The product has too many signing keys',
    detail: (m) =>
      `A product publishes at most ${show(m.max)} keys. Retire one that signed nothing that is still in use (POST /api/v1/products/{id}/signing-keys/{kid}/retire).`,
  },
  CUSTOMER_MERGED: {
    title: 'The customer was merged',
    detail: (m) => `The customer ${show(m.customer_id)} was merged into ${show(m.merged_into)}. Use that one.`,
  },
  CUSTOMER_BUSY: {
    title: 'A job selects licenses of the customer',
    detail: (m) =>
      `The job ${show(m.operation_id)} selects licenses of one of the customers. Wait until it has ended, or cancel it (POST /api/v1/license-operations/{id}/cancel).`,
  },
  CUSTOMER_TOO_LARGE: {
    title: 'The customer has too much to be merged',
    detail: (m) =>
      `A merge moves at most ${show(m.max)} ${show(m.kind)}. Merge the other customer into this one, or first move licenses (POST /api/v1/licenses/assign with "reassign") and contracts (PATCH /api/v1/contracts/{id}).`,
  },
  ADMIN_DISABLED: {
    title: 'The admin is disabled',
    detail: () => 'A disabled admin cannot sign in. Enable the admin first (PATCH /api/v1/admins/{id}).',
  },
  LAST_SUPER_ADMIN: {
    title: 'The last super admin cannot be changed',
    detail: () => 'Make another person super admin, with an API key, before you change or disable this one.',
  },
  LAST_SUPER_ADMIN_KEY: {
    title: 'The last key of the super admins cannot be revoked',
    detail: (m) =>
      `${show(m.key_id)} is the only accepted key of all active super admins. Create another key (POST /api/v1/admins/{id}/api-keys), then revoke this one with it.`,
  },
  WEBHOOK_ENDPOINT_DISABLED: {
    title: 'The webhook endpoint is disabled',
    detail: (m) =>
      `Nothing is sent to the endpoint ${show(m.endpoint_id)}, because it is disabled (${show(m.disabled_reason)}). Enable it first (POST /api/v1/webhook-endpoints/{id}/enable).`,
  },
  WEBHOOK_ENDPOINT_REMOVED: {
    title: 'The webhook endpoint was removed',
    detail: (m) =>
      `The endpoint ${show(m.endpoint_id)} was deleted, or its contract was. Create another endpoint (POST /api/v1/webhook-endpoints), and recover what it missed.`,
  },
  WEBHOOK_ENDPOINT_OF_CONTRACT: {
    title: 'The webhook endpoint belongs to its contract',
    detail: (m) =>
      `The field webhook_url of the contract ${show(m.contract_id)} made the endpoint ${show(m.endpoint_id)}. Set that field to another URL, or to null to remove the endpoint (PATCH /api/v1/contracts/{id}).`,
  },
  TOO_MANY_WEBHOOK_ENDPOINTS: {
    title: 'Too many webhook endpoints',
    detail: (m) =>
      m.contract_id === null
        ? `There can be ${show(m.max)} endpoints without a contract. Delete one that is not needed, or create endpoints of contracts.`
        : `A contract can have ${show(m.max)} endpoints. Delete one that is not needed.`,
  },
  MAIL_ADDRESS_BOUNCED: {
    title: 'The address gets no mail, because mails to it came back',
    detail: (m) =>
      `Mails to the recipient ${show(m.recipient_id)} came back for good. Correct the address where it was entered, or, if it accepts mail again, set its status to ok (PATCH /api/v1/notification-recipients/{id}).`,
  },
  MAIL_ADDRESS_COMPLAINED: {
    title: 'The person reported a mail as unwanted',
    detail: (m) =>
      `The recipient ${show(m.recipient_id)} gets no mail, because the person reported one as unwanted. Use another address, or, if the person agrees to get mail again, set its status to ok (PATCH /api/v1/notification-recipients/{id}).`,
  },
  MAIL_UNSUBSCRIBED: {
    title: 'The person has unsubscribed from this kind of mail',
    detail: (m) =>
      `The recipient ${show(m.recipient_id)} does not want mails of the kind ${show(m.kind)}. If the person agrees to get them again, remove the kind from its field unsubscribed (PATCH /api/v1/notification-recipients/{id}).`,
  },
  WEBHOOKS_NOT_CONFIGURED: {
    title: 'This installation cannot sign webhooks',
    detail: () =>
      'The setting COVENANT_SEALING_KEYS is missing, without which secrets of webhooks cannot be stored. Ask the operator of this installation to set it.',
  },
  PERSON_ERASED: {
    title: 'The person was erased',
    detail: (m) =>
      `The personal data of this ${show(m.kind)} was erased permanently${m.erased_at === undefined ? '' : ` at ${show(m.erased_at)}`}, and nothing is stored for this id again. ${m.kind === 'recipient' ? 'Enter another address where mail is to go.' : `Create a new ${show(m.kind)}.`}`,
  },
} as const satisfies Record<string, Sentence>;

/** The code of a refusal. */
export type RefusalCode = keyof typeof SENTENCES;

/** One refusal: a stable code, its sentence, and the values in it. */
export interface Refusal {
  refused: true;
  code: RefusalCode;
  title: string;
  detail: string;
  /** Every code that applies, the first being `code`. */
  reasons: string[];
  metadata: JsonObject;
}

/** Creates a refusal; `reasons` are further codes that apply. */
export function refuse(code: RefusalCode, metadata: JsonObject = {}, reasons: string[] = []): Refusal {
  const sentence: Sentence = SENTENCES[code];
  return {
    refused: true,
    code,
    title: sentence.title,
    detail: sentence.detail(metadata),
    reasons: [...new Set([code, ...reasons])],
    metadata,
  };
}

/** Whether an action is allowed: true, or the code with which it is refused whatever its input is. */
export type Allowed = true | RefusalCode;

/** Converts a possible refusal to {@link Allowed}. */
export function allowedUnless(refusal: Refusal | null): Allowed {
  return refusal === null ? true : refusal.code;
}

/** The kinds of things that have ids, as messages name them. */
export type ResourceKind =
  | 'admin'
  | 'schedule'
  | 'session'
  | 'amendment'
  | 'API key of this admin'
  | 'billing event'
  | 'contract'
  | 'customer'
  | 'device'
  | 'generation job'
  | 'generator'
  | 'hold'
  | 'import'
  | 'license'
  | 'license operation'
  | 'notification recipient'
  | 'product'
  | 'report schedule'
  | 'signing key'
  | 'test clock'
  | 'webhook delivery'
  | 'notification'
  | 'unsubscribe link'
  | 'webhook endpoint';

/** The refusal of a request for something that does not exist. `id` is null when it is not known. */
export function notFound(what: ResourceKind, id: string | null): Refusal {
  return refuse('NOT_FOUND', { what, id });
}

/** The refusal of a body with a field that refers to something that does not exist. */
export function missingReference(path: string, what: ResourceKind): Refusal {
  return refuse('VALIDATION_FAILED', { path, message: `${path}: there is no ${what} with this id.` });
}

/** Whether an outcome is a refusal. */
export function isRefusal(outcome: unknown): outcome is Refusal {
  return typeof outcome === 'object' && outcome !== null && (outcome as { refused?: unknown }).refused === true;
}

/** Every code with its title, for the interface's documentation. */
export const REFUSAL_TITLES: Record<RefusalCode, string> = Object.fromEntries(
  Object.entries(SENTENCES).map(([code, sentence]) => [code, sentence.title]),
) as Record<RefusalCode, string>;
