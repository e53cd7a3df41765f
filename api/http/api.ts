/** The dependencies of the API: connections and functions that are created once per process (api/main.ts) or per test. */
import type { Client } from '@temporalio/client';
import type { BillingReceiver, BillingSource } from '../../domain/billing/billing-event';
import type { IdentityProvider } from '../../domain/access/oidc';
import type { SessionTimeouts } from '../../domain/access/session';
import type { Instant } from '../../domain/base/instant';
import type { Database } from '../../db/base/database';
import type { RefusedCall } from '../../db/access/refused-call';
import type { ReadList } from '../../db/base/list-reads';
import type { ReceiveBillingEvent } from '../../transactions/billing/merge-billing-arrivals';
import type { BounceReceiver } from '../../domain/notification/bounce';
import type { DestinationPolicy } from '../../domain/webhook/destination';
import type { Sealer } from '../../transactions/base/sealed-text';
import type { SignInLimit } from '../../transactions/access/sign-in-limit';
import type { KeySecrets } from '../../transactions/access/contract-api-key';
import type { RequestLicenses } from '../../transactions/generation/license-request';
import type { GrabLicenses } from '../../transactions/pool/grab-request';
import type { AdmitDryRun } from '../../transactions/generation/admit-requests';
import type { Signing } from '../../transactions/catalogue/sign';
import type { SignedKeys } from '../../transactions/license/signed-keys';
import type { LookUpLicense } from '../../transactions/license/look-up-licenses';
import type { Logger } from '../../log';
import type { SendCommand } from '../../temporal/command';
import type { Nudger } from '../../temporal/nudge';
import type { EnsureSetUp } from '../../temporal/setup';
import type { TaskQueues } from '../../temporal/task-queues';
import type { ClockNotifier } from '../../temporal/test-clock';
import type { Authenticate } from './authentication';
import type { LimitFailure } from './failed-authentication';
import type { AuthenticateSession } from './session-authentication';
import type { OpenStreams } from './open-streams';
import type { ProgressFeed } from './progress-feed';
import type { ClientLimit } from './client-limit';

/** Where the Temporal UI shows the workflows of this installation. */
export interface Installation {
  temporal_ui_url: string | null;
  temporal_namespace: string;
  /** Whether `npm run dev` runs it. */
  dev: boolean;
}

export interface Api {
  db: Database;
  /** Reads one page of a list. Lists have a statement timeout and a concurrency limit of their own. */
  readList: ReadList;
  client: Client;
  taskQueues: TaskQueues;
  ensureSetUp: EnsureSetUp;
  authenticate: Authenticate;
  /** For routes whose SQL statement checks the caller's key again (api/http/authentication.ts). */
  authenticateCached: Authenticate;
  authenticateSession: AuthenticateSession;
  /** The time-outs of sessions. */
  sessionTimeouts: SessionTimeouts;
  /** The identity provider of the organization; undefined when it is not configured. */
  identityProvider: IdentityProvider | undefined;
  /** Limits attempts to sign in. */
  signIns: SignInLimit;
  /** Looks up a license by its key; look-ups of the same tick share a statement. */
  lookUpLicense: LookUpLicense;
  /** Limits wrong license keys from one client. */
  wrongKeys: ClientLimit;
  /** Limits reads of the list of withdrawn licenses from one client. */
  withdrawalReads: ClientLimit;
  /** Counts a failed authentication, and returns the problem to answer with. */
  limitFailure: LimitFailure;
  /** Counts a refused call of a contract's API key. */
  countRefusedCall: (call: RefusedCall) => Promise<void>;
  nudger: Nudger;
  clocks: ClockNotifier;
  sendCommand: SendCommand;
  requestLicenses: RequestLicenses;
  admitDryRun: AdmitDryRun;
  grabLicenses: GrabLicenses;
  receiveBillingEvent: ReceiveBillingEvent;
  progress: ProgressFeed;
  /** Live progress of operations on licenses, and of assignments with their own names. */
  operationProgress: ProgressFeed;
  assignmentProgress: ProgressFeed;
  /** Live progress of imports. */
  importProgress: ProgressFeed;
  streams: OpenStreams;
  log: Logger;
  /** The time by which the API decides: the clock of Postgres (db/base/clock.ts). */
  clock: () => Promise<Instant>;
  keyPepper: string;
  /** What API keys of contracts are made with; undefined when no sealing key is configured. */
  keySecrets: KeySecrets | undefined;
  /** What seals the secrets of webhook endpoints; undefined when no sealing key is configured. */
  sealer: Sealer | undefined;
  /** Where webhooks may be sent. */
  destinations: DestinationPolicy;
  /** What licenses are signed with; undefined when no sealing key is configured. */
  signing: Signing | undefined;
  /** Shows licenses of signed generators by their certificates. */
  signedKeys: SignedKeys;
  /** The public URL of the API, without a slash at its end. */
  publicUrl: string;
  /** One receiver for each configured billing system. */
  billingReceivers: ReadonlyMap<BillingSource, BillingReceiver>;
  /** Receives reports about mails that came back; undefined when they are not configured. */
  bounceReceiver: BounceReceiver | undefined;
  /** How many days deliveries of webhooks are kept after their end. */
  webhookRetentionDays: number;
  /** Whether test clocks are enabled. */
  testClocks: boolean;
  /** What the admin pages need to know of the installation, besides the settings above. */
  installation: Installation;
}
