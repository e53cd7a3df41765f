/** Creates the dependencies of the API from connections: the same for the process and for tests. */
import type { Client } from '@temporalio/client';
import type { BillingReceiver, BillingSource } from '../domain/billing/billing-event';
import { createPostgresClock } from '../db/base/clock';
import { SIGN_IN_LIMITS } from '../domain/access/sign-in';
import type { SignInLimits } from '../domain/access/sign-in';
import type { IdentityProvider } from '../domain/access/oidc';
import type { SessionTimeouts } from '../domain/access/session';
import { createFailureCounter } from '../transactions/access/count-failures';
import { createSignInLimit } from '../transactions/access/sign-in-limit';
import { createRefusedCallCounter } from '../transactions/access/count-refused-calls';
import { findRejection } from '../transactions/access/find-rejection';
import { createMergedArrivals } from '../transactions/billing/merge-billing-arrivals';
import { findFinalOutcome } from '../transactions/contract/find-outcome';
import { createListReads } from '../db/base/list-reads';
import type { Database } from '../db/base/database';
import { createSessionCheck } from '../db/base/pooler';
import type { BounceReceiver } from '../domain/notification/bounce';
import type { DestinationPolicy } from '../domain/webhook/destination';
import { createSealer } from '../transactions/base/sealed-text';
import type { SealingKey } from '../transactions/base/sealed-text';
import { createSigning } from '../transactions/catalogue/sign';
import { createGrabs } from '../transactions/pool/grab-licenses';
import { createDryRunAdmissions } from '../transactions/generation/admit-requests';
import { createLicenseRequests } from '../transactions/generation/request-licenses';
import { createSignedKeys } from '../transactions/license/signed-keys';
import { createLicenseLookUps } from '../transactions/license/look-up-licenses';
import type { Logger } from '../log';
import { createCommandSender } from '../temporal/command';
import type { StartDescriber } from '../temporal/describe-start';
import { createNudger } from '../temporal/nudge';
import { createSetUp } from '../temporal/setup';
import type { TaskQueues } from '../temporal/task-queues';
import { createClockNotifier } from '../temporal/test-clock';
import type { Api, Installation } from './http/api';
import { createWithdrawalReadLimit } from './license/withdrawal-limit';
import { createWrongKeyLimit } from './license/wrong-key-limit';
import { createAuthentication } from './http/authentication';
import { createFailureLimit } from './http/failed-authentication';
import { createSessionAuthentication } from './http/session-authentication';
import { createOpenStreams, streamLimits } from './http/open-streams';
import type { StreamLimits } from './http/open-streams';
import { followedJobs } from './generation/generation-job-presenter';
import { followedOperations, presentAssignment, presentOperation } from './license/license-operation-presenter';
import { followedImports } from './import/import-presenter';
import { HEARTBEAT_MS, createProgressFeed } from './http/progress-feed';
import type { FollowedKind, ProgressFeed } from './http/progress-feed';

export interface ApiOptions {
  db: Database;
  client: Client;
  taskQueues: TaskQueues;
  log: Logger;
  keyPepper: string;
  /** The keys that seal stored keys and secrets; the first one seals. */
  sealingKeys: readonly SealingKey[];
  /** Where webhooks may be sent. */
  destinations: DestinationPolicy;
  /** The public URL of the API. */
  publicUrl: string;
  billingReceivers: ReadonlyMap<BillingSource, BillingReceiver>;
  bounceReceiver?: BounceReceiver | undefined;
  webhookRetentionDays: number;
  testClocks: boolean;
  sessionTimeouts: SessionTimeouts;
  identityProvider?: IdentityProvider | undefined;
  installation: Installation;
  /** Describes started workflows in the Temporal UI. Without it they are shown by their ids. */
  describe?: StartDescriber | undefined;
  /** The statement timeout of lists. */
  list_statement_ms: number;
  /** How long a request waits for the outcome of its command. `temporal/command.ts` has the default. */
  command_timeout_ms?: number | undefined;
  /** Failed authentications of one client in a minute. `domain/access/failed-authentication.ts` has the default. */
  failures_max?: number | undefined;
  /** Failed attempts to sign in. `domain/access/sign-in.ts` has the defaults. */
  sign_in_limits?: Partial<SignInLimits> | undefined;
  /** Wrong license keys of one client in a minute. `domain/license/wrong-key.ts` has the default. */
  wrong_keys_max?: number | undefined;
  /** Reads of lists of withdrawn licenses by one client in a minute. `domain/license/withdrawal.ts` has the default. */
  withdrawal_reads_max?: number | undefined;
  /** Limits of streams that replace the defaults. */
  streamLimits?: Partial<StreamLimits> | undefined;
}

export function createApi(options: ApiOptions): Api {
  const { db, client, taskQueues, log, describe } = options;
  const { now } = createPostgresClock(db);
  const checkSessions = createSessionCheck(db);
  // Every decision reads the clock first, so behind an unsuitable pooler, which loses writes, nothing is decided.
  const clock = () => checkSessions().then(now);
  const { ensureSetUp, epoch } = createSetUp(client, taskQueues);
  const failures = createFailureCounter(db);
  const sealer = createSealer(options.sealingKeys);
  const publicUrl = options.publicUrl.replace(/\/+$/, '');
  const signing = sealer && createSigning(sealer);
  const follow = <Row>(kind: FollowedKind<Row>): ProgressFeed =>
    createProgressFeed({
      ...kind,
      listen: (channel, onNotify, onListen) => db.listen(channel, onNotify, onListen),
      clock,
      heartbeat_ms: HEARTBEAT_MS,
    });
  return {
    ...options,
    bounceReceiver: options.bounceReceiver,
    identityProvider: options.identityProvider,
    publicUrl,
    keySecrets: sealer && { pepper: options.keyPepper, sealer },
    sealer,
    signing,
    signedKeys: createSignedKeys(signing && { signing, url: publicUrl }, (details, reason) =>
      log.warn(details, reason),
    ),
    clock,
    ...createAuthentication(db, options.keyPepper, clock),
    authenticateSession: createSessionAuthentication(db, {
      pepper: options.keyPepper,
      timeouts: options.sessionTimeouts,
      clock,
    }),
    signIns: createSignInLimit(db, { ...SIGN_IN_LIMITS, ...options.sign_in_limits }),
    limitFailure: createFailureLimit({
      counter: failures,
      log,
      findRejection: (key) => findRejection(db, key, options.keyPepper),
      failures_max: options.failures_max,
    }),
    withdrawalReads: createWithdrawalReadLimit(failures, log, options.withdrawal_reads_max),
    wrongKeys: createWrongKeyLimit(failures, log, options.wrong_keys_max),
    lookUpLicense: createLicenseLookUps(db),
    countRefusedCall: createRefusedCallCounter(db),
    readList: createListReads(db, options.list_statement_ms),
    nudger: createNudger({
      client,
      taskQueues,
      epoch,
      describe,
      onFailure: (error, workflow_id) =>
        log.warn({ err: error, workflow_id }, 'cannot wake the workflow; the sweep wakes it later'),
    }),
    clocks: createClockNotifier(client, taskQueues, epoch, describe),
    ensureSetUp,
    sendCommand: createCommandSender({
      client,
      taskQueues,
      epoch,
      describe,
      clock,
      timeout_ms: options.command_timeout_ms,
      findOutcome: (contract_id, { command_id, fingerprint, deadline }) =>
        findFinalOutcome(db, { contract_id, command_id, fingerprint, deadline }),
    }),
    requestLicenses: createLicenseRequests(db),
    admitDryRun: createDryRunAdmissions(db),
    grabLicenses: createGrabs(db),
    receiveBillingEvent: createMergedArrivals(db),
    progress: follow(followedJobs(db)),
    operationProgress: follow(followedOperations(db, presentOperation)),
    assignmentProgress: follow(followedOperations(db, presentAssignment)),
    importProgress: follow(followedImports(db)),
    streams: createOpenStreams(
      db,
      log,
      { ...streamLimits(db.options.max), ...options.streamLimits },
      options.sessionTimeouts,
    ),
  };
}
