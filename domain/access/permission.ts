/**
 * The permissions of all operations of the interface in one table. It drives authorization (api/http/authorization.ts),
 * `security` in the OpenAPI document, docs/permissions.md, and the test that calls every operation as every caller.
 *
 * It is a table and not a field of each route, so that the rights of a role can be read on one page and changed in one diff,
 * and so that the domain can answer {@link mayCall} without knowing routes. An entry cannot be omitted: a route is named by an
 * {@link OperationId}, so a route without an entry does not compile.
 */
import type { Caller, CallerKind, CallerRights } from './caller';
import { ROLES, roleCovers } from './role';
import type { Role } from './role';

/**
 * The callers of an operation: admins with at least a role, by an API key or in a session; with `contract` also the API key of a contract;
 * or callers without a key. The key of a contract reaches what belongs to its contract only (domain.md 2.3): for it, anything else does
 * not exist.
 *
 * `session` is `confirmed` for an operation that a session can call only shortly after its admin has proved who they are (decisions 42),
 * unless the request is a dry run. An operation on the session itself has nothing but `session`.
 *
 * An `open` operation answers every request. A `signed` operation needs no key, because its message has the signature of a
 * billing system, which the handler checks over the received bytes. A billing system is no kind of caller: it has no role and
 * no other right, and no decision or audit row depends on it.
 */
export type Permission =
  | { readonly admin: Role; readonly contract?: 'own'; readonly session?: 'confirmed' }
  | { readonly session: 'own' }
  | { readonly anonymous: 'open' | 'signed' };

const SUPER_ADMIN = { admin: 'super_admin' } as const;
const ADMIN = { admin: 'admin' } as const;
const OPERATOR = { admin: 'operator' } as const;
const VIEWER = { admin: 'viewer' } as const;
/** The same, and the key of the contract. */
const OWN = 'own' as const;
/** A session alone. */
const SESSION = { session: 'own' } as const;
/** A session needs a recent proof of identity. */
const CONFIRMED = { session: 'confirmed' } as const;
const OPEN = { anonymous: 'open' } as const;
const SIGNED = { anonymous: 'signed' } as const;

/** By the name of the operation. Viewers read everything except jobs, audit and files; writes need an admin (decisions 23). */
export const PERMISSIONS = {
  getCaller: { ...VIEWER, contract: OWN },
  getInstallation: VIEWER,
  getSessionMethods: OPEN,
  createSession: OPEN,
  getSession: SESSION,
  deleteSession: SESSION,
  confirmSession: SESSION,
  beginOidcSignIn: OPEN,
  finishOidcSignIn: OPEN,
  listSessions: VIEWER,
  revokeSession: VIEWER,
  createInvitation: { ...SUPER_ADMIN, ...CONFIRMED },
  acceptInvitation: OPEN,
  createAdmin: { ...SUPER_ADMIN, ...CONFIRMED },
  listAdmins: SUPER_ADMIN,
  getAdmin: SUPER_ADMIN,
  updateAdmin: { ...SUPER_ADMIN, ...CONFIRMED },
  createAdminApiKey: { ...SUPER_ADMIN, ...CONFIRMED },
  listAdminApiKeys: SUPER_ADMIN,
  revokeAdminApiKey: SUPER_ADMIN,

  createProduct: ADMIN,
  listProducts: VIEWER,
  getProduct: VIEWER,
  updateProduct: ADMIN,
  createSigningKey: { ...ADMIN, ...CONFIRMED },
  listSigningKeys: VIEWER,
  retireSigningKey: { ...ADMIN, ...CONFIRMED },
  getProductJwks: OPEN,
  getWithdrawnLicenses: OPEN,

  createGenerator: ADMIN,
  listGenerators: VIEWER,
  getKeyFormatPreview: VIEWER,
  getGenerator: VIEWER,
  updateGenerator: ADMIN,
  deleteGenerator: ADMIN,

  createCustomer: ADMIN,
  listCustomers: VIEWER,
  getCustomer: VIEWER,
  updateCustomer: ADMIN,
  mergeCustomers: ADMIN,

  createContract: ADMIN,
  listContracts: VIEWER,
  getContract: VIEWER,
  updateContract: ADMIN,
  deleteContract: { ...SUPER_ADMIN, ...CONFIRMED },
  activateContract: ADMIN,
  pauseContract: ADMIN,
  resumeContract: ADMIN,
  renewContract: ADMIN,
  optOutOfRenewal: ADMIN,
  terminateContract: { ...SUPER_ADMIN, ...CONFIRMED },
  reinstateContract: SUPER_ADMIN,
  holdContractForCompliance: ADMIN,
  releaseContractFromCompliance: ADMIN,
  createAmendment: ADMIN,
  listAmendments: VIEWER,
  withdrawAmendment: ADMIN,

  listLimitEpisodes: VIEWER,
  createReportSchedule: ADMIN,
  listReportSchedules: VIEWER,
  getReportSchedule: VIEWER,
  updateReportSchedule: ADMIN,
  deleteReportSchedule: ADMIN,
  createSchedule: ADMIN,
  listSchedules: VIEWER,
  getSchedule: VIEWER,
  updateSchedule: ADMIN,
  deleteSchedule: ADMIN,
  listScheduleRuns: VIEWER,
  getContractTimeline: VIEWER,
  listContractActivity: OPERATOR,
  listContractEvents: VIEWER,
  listContractRefusals: OPERATOR,
  listApiCalls: OPERATOR,
  getContractUsage: { ...VIEWER, contract: OWN },
  listContractRevisions: VIEWER,
  exportContractReport: OPERATOR,
  getContractApiKey: VIEWER,
  revealContractApiKey: { ...ADMIN, ...CONFIRMED },
  rotateContractApiKey: { ...ADMIN, ...CONFIRMED },

  getContractMetrics: VIEWER,
  getCustomerMetrics: VIEWER,
  getContractRanking: VIEWER,

  generateLicenses: { ...ADMIN, contract: OWN },
  listJobs: { ...OPERATOR, contract: OWN },
  exportJobs: OPERATOR,
  getJob: { ...OPERATOR, contract: OWN },
  followJob: { ...OPERATOR, contract: OWN },
  cancelJob: ADMIN,
  resumeJob: ADMIN,
  exportJobLicenses: { ...OPERATOR, contract: OWN },

  importLicenses: ADMIN,
  listImports: OPERATOR,
  getImport: OPERATOR,
  followImport: OPERATOR,
  exportImportReport: OPERATOR,
  cancelImport: ADMIN,
  resumeImport: ADMIN,

  grabLicenses: { ...ADMIN, contract: OWN },
  getHold: { ...VIEWER, contract: OWN },
  listHolds: { ...VIEWER, contract: OWN },
  assignHold: { ...ADMIN, contract: OWN },
  releaseHold: { ...ADMIN, contract: OWN },
  returnLicense: { ...ADMIN, contract: OWN },

  listLicenses: { ...VIEWER, contract: OWN },
  exportLicenses: OPERATOR,
  getLicense: VIEWER,
  createLicenses: ADMIN,
  suspendLicense: ADMIN,
  reinstateLicense: ADMIN,
  revokeLicense: ADMIN,
  assignLicenses: ADMIN,
  suspendLicenses: ADMIN,
  reinstateLicenses: ADMIN,
  revokeLicenses: { ...ADMIN, ...CONFIRMED },
  getLicenseCertificate: { ...OPERATOR, contract: OWN },
  createLicenseCertificate: { ...ADMIN, contract: OWN },
  validateLicense: OPEN,
  activateLicense: OPEN,
  deactivateLicense: OPEN,
  reportDevice: OPEN,
  listLicenseDevices: OPERATOR,
  deleteLicenseDevice: ADMIN,

  listLicenseOperations: OPERATOR,
  getLicenseOperation: OPERATOR,
  followLicenseOperation: OPERATOR,
  listLicenseOutcomes: OPERATOR,
  exportLicenseOutcomes: OPERATOR,
  cancelLicenseOperation: ADMIN,
  resumeLicenseOperation: ADMIN,
  listAssignments: OPERATOR,
  getAssignment: OPERATOR,
  followAssignment: OPERATOR,
  cancelAssignment: ADMIN,
  resumeAssignment: ADMIN,

  receiveBillingEvent: SIGNED,
  listBillingEvents: OPERATOR,
  getBillingEvent: OPERATOR,
  replayBillingEvent: ADMIN,

  createWebhookEndpoint: ADMIN,
  listWebhookEndpoints: VIEWER,
  getWebhookEndpoint: VIEWER,
  updateWebhookEndpoint: ADMIN,
  deleteWebhookEndpoint: { ...ADMIN, ...CONFIRMED },
  rotateWebhookSecret: { ...ADMIN, ...CONFIRMED },
  enableWebhookEndpoint: ADMIN,
  disableWebhookEndpoint: ADMIN,
  testWebhookEndpoint: ADMIN,
  listWebhookDeliveries: VIEWER,
  getWebhookDelivery: VIEWER,
  redeliverWebhook: ADMIN,
  recoverWebhookEndpoint: ADMIN,

  listNotifications: VIEWER,
  getNotification: VIEWER,
  resendNotification: ADMIN,
  receiveBounce: SIGNED,
  getUnsubscribePage: OPEN,
  unsubscribeRecipient: OPEN,
  getNotificationSettings: VIEWER,
  updateNotificationSettings: ADMIN,
  getCustomerNotificationSettings: VIEWER,
  updateCustomerNotificationSettings: ADMIN,
  getContractNotificationSettings: VIEWER,
  updateContractNotificationSettings: ADMIN,
  listNotificationRecipients: VIEWER,
  getNotificationRecipient: VIEWER,
  updateNotificationRecipient: ADMIN,

  listActivity: OPERATOR,
  createTestClock: ADMIN,
  listTestClocks: VIEWER,
  getTestClock: VIEWER,
  advanceTestClock: ADMIN,

  getLiveness: OPEN,
  getReadiness: OPEN,
  getMetrics: OPEN,
  getOpenApiDocument: OPEN,
  getDocumentation: OPEN,
} as const satisfies Record<string, Permission>;

/** The name of an operation: `operationId` in the OpenAPI document. */
export type OperationId = keyof typeof PERMISSIONS;

/** The operations that need an API key of an admin. */
export type AdminOperationId = {
  [Id in OperationId]: (typeof PERMISSIONS)[Id] extends { admin: Role } ? Id : never;
}[OperationId];

/** The callers who can reach an operation's handler. A session acts for its admin. */
export type CallerOf<Id extends OperationId> = Id extends OperationId
  ? Extract<Caller, { kind: KindOf<keyof (typeof PERMISSIONS)[Id]> }>
  : never;
type KindOf<Entry> = Entry extends 'admin' ? 'admin' | 'session' : Entry & CallerKind;

export function permissionOf(operation_id: OperationId): Permission {
  return PERMISSIONS[operation_id];
}

/** Whether an operation needs neither an API key nor a session. */
export function isOpen(operation_id: OperationId): boolean {
  return 'anonymous' in permissionOf(operation_id);
}

/** Whether an operation is about the session of its caller, and about nothing else. */
export function isAboutOwnSession(operation_id: OperationId): boolean {
  const permission = permissionOf(operation_id);
  return 'session' in permission && permission.session === 'own';
}

/** Whether a session can call an operation only shortly after its admin has proved who they are. */
export function needsConfirmation(operation_id: OperationId): boolean {
  const permission = permissionOf(operation_id);
  return 'session' in permission && permission.session === 'confirmed';
}

/** Whether a caller may call an operation. The state of the contract or job may still refuse it. */
export function mayCall(caller: CallerRights, operation_id: OperationId): boolean {
  const permission = permissionOf(operation_id);
  if ('anonymous' in permission) return true;
  switch (caller.kind) {
    case 'admin':
      return 'admin' in permission && roleCovers(caller.role, permission.admin);
    case 'session':
      return !('admin' in permission) || roleCovers(caller.role, permission.admin);
    case 'contract':
      return 'admin' in permission && permission.contract === 'own';
    case 'anonymous':
      return false;
  }
}

/** The roles of admins who may call an operation. */
export function rolesOf(operation_id: OperationId): readonly Role[] {
  const permission = permissionOf(operation_id);
  return 'admin' in permission ? ROLES.filter((role) => roleCovers(role, permission.admin)) : ROLES;
}
