/**
 * Every setting of Covenant: its environment variable, description, default and allowed values. An invalid environment is rejected
 * with every invalid variable named. No other file parses environment variables.
 */
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { DestinationPolicy } from './domain/webhook/destination';
import type { MailServer, Mailbox } from './adapters/mail';
import { isMailAddress } from './domain/notification/address';
import { SESSION_HOURS, SESSION_IDLE_MINUTES } from './domain/access/session';
import { WRONG_KEYS_MAX, WRONG_KEYS_MAX_MAX } from './domain/license/wrong-key';
import { certificateFile, isKeyOf, privateKeyFile } from './pem-file';
import type { PemFile } from './pem-file';

/** The environment of a process. A missing variable is undefined, and an empty one counts as missing. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are trusted: none, the last n hops, or the proxies in these networks. */
export type TrustProxy = false | number | string[];

/** The processes that read settings: `dev` is the embedded stack, `cli` is `covenant …`. */
export type ProcessName = 'api' | 'worker' | 'cli' | 'dev';

/** A key that encrypts stored keys and secrets (transactions/base/sealed-text.ts). */
export interface SealingKey {
  version: string;
  secret: Uint8Array;
}

/** What SMTP_URL says about the mail server. */
export type SmtpServer = Pick<MailServer, 'host' | 'port' | 'login'> & { secure: boolean };

/** The settings of the API, the worker and the command line. */
export interface Config {
  databaseUrl: string;
  /** Undefined when not set: the default depends on the process. */
  databasePoolSize: number | undefined;
  apiStatementTimeoutMs: number;
  listStatementTimeoutMs: number;
  wrongLicenseKeysMax: number;
  workerStatementTimeoutMs: number;
  idleTransactionTimeoutMs: number;
  temporalAddress: string;
  temporalNamespace: string;
  temporalTls: boolean;
  temporalTlsCert: PemFile | undefined;
  temporalTlsKey: PemFile | undefined;
  temporalTlsCa: PemFile | undefined;
  temporalTlsServerName: string | undefined;
  temporalApiKey: string | undefined;
  temporalUiUrl: string | undefined;
  temporalShowNames: boolean;
  taskQueuePrefix: string;
  host: string;
  port: number;
  publicUrl: string;
  adminPagesUrl: string | undefined;
  trustProxy: TrustProxy;
  requireHttps: boolean;
  sessionIdleMinutes: number;
  sessionHours: number;
  oidcIssuer: string | undefined;
  oidcClientId: string | undefined;
  oidcClientSecret: string | undefined;
  oidcLabel: string;
  dev: boolean;
  keyPepper: string;
  sealingKeys: SealingKey[] | undefined;
  billingStandardSecrets: string[] | undefined;
  billingStandardUrl: string | undefined;
  stripeWebhookSecrets: string[] | undefined;
  stripeApiKey: string | undefined;
  stripeApiUrl: string;
  webhookNetworks: string[] | undefined;
  webhookHttp: boolean;
  webhookProxy: string | undefined;
  webhookRetentionDays: number;
  smtpServer: SmtpServer | undefined;
  smtpStarttls: boolean;
  smtpCa: PemFile | undefined;
  mailFrom: Mailbox | undefined;
  mailReplyTo: Mailbox | undefined;
  mailDkimDomain: string | undefined;
  mailDkimSelector: string | undefined;
  mailDkimKey: PemFile | undefined;
  mailBounceSecrets: string[] | undefined;
  mailRetentionDays: number;
  testClocks: boolean;
  logLevel: LogLevel;
  workerHealthPort: number;
  workerCommandSlots: number;
  workerSettlingSlots: number;
  workerStepSlots: number;
  workerBillingSlots: number;
  workerFillSlots: number;
  workerWebhookSlots: number;
  workerMailSlots: number;
  workerCachedWorkflowsMax: number;
  workflowBundle: string | undefined;
  shutdownGraceMs: number;
}

/** The settings of the embedded stack, which generates all other settings for its processes. */
export interface StackConfig {
  dataDir: string;
  cacheDir: string;
}

/** The settings of commands that call the API over HTTP. */
export interface ClientConfig {
  publicUrl: string;
  apiKey: string;
}

/** One setting with its documentation. `parse` converts its text into the value. */
export interface Setting<T> {
  env: string;
  about: string;
  /** The default when the variable is not set: a text in the form of the variable, or a rule with its description. */
  default: 'required' | 'none' | { text: string } | { rule: string; text: (env: Environment) => string | undefined };
  allowed: string;
  usedBy: readonly ProcessName[];
  secret?: true;
  parse: z.ZodType<T, string>;
}

/** One invalid variable. `value` is undefined when it is not set, and masked when it is a secret. */
export interface ConfigProblem {
  variable: string;
  value: string | undefined;
  /** The reason, when the allowed values alone do not explain it. */
  reason?: string;
  allowed: string;
}

/** Thrown once for all invalid variables, with one sentence for each. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(`Invalid environment:\n${problems.map(problemSentence).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export const KEY_PEPPER_LENGTH_MIN = 32;
export const DATABASE_POOL_SIZE_MAX = 500;
/** The default pool size of an API. */
export const API_POOL_SIZE = 10;
export const WORKER_SLOTS_MAX = 100;
/** More slots than cores of Postgres do not generate faster. An operator who knows the number of cores sets the slots. */
const FILL_SLOTS_DEFAULT_MAX = 8;
/** A cached workflow takes about 0.1 MB of the heap of the workflows, and most workflows wait for weeks between their tasks. */
const CACHED_WORKFLOWS_DEFAULT = 300;
const CACHED_WORKFLOWS_MAX = 100_000;
/** A statement can wait up to 5,000 ms for a row lock before it starts its work. */
export const STATEMENT_TIMEOUT_MS_MIN = 6_000;
export const LIST_STATEMENT_MS_MIN = 100;
export const IDLE_TRANSACTION_MS_MIN = 1_000;
export const DATABASE_TIMEOUT_MS_MAX = 600_000;
export const SHUTDOWN_GRACE_MS_MAX = 600_000;
export const TRUSTED_HOPS_MAX = 16;
/** Secrets of one billing source that are valid at the same time: the current one and those that it replaces. */
export const BILLING_SECRETS_MAX = 5;
/** The length of a key for A256GCM. */
const SEALING_KEY_BYTES = 32;
const SEALING_KEYS_MAX = 10;
const WEBHOOK_NETWORKS_MAX = 100;
/** The largest private networks (10.0.0.0/8 and fc00::/7). A larger one would also contain addresses that are not private. */
const PRIVATE_PREFIX_MIN = { 4: 8, 6: 7 } as const;
/** Standard Webhooks requires secrets of 24 to 64 bytes. */
const STANDARD_SECRET_BYTES = { min: 24, max: 64 } as const;

export const WEBHOOK_RETENTION_DAYS = 30;
/** The retry schedule takes about three days. */
const WEBHOOK_RETENTION_DAYS_MIN = 4;
const WEBHOOK_RETENTION_DAYS_MAX = 3_650;

export const MAIL_RETENTION_DAYS = 90;
/** A mail is tried for three days. */
const MAIL_RETENTION_DAYS_MIN = 4;
const MAIL_RETENTION_DAYS_MAX = 3_650;
/** Each sends one mail at a time over a connection of its own; many mail servers accept few connections of one client. */
const MAIL_SLOTS_DEFAULT = 5;
/** The ports of RFC 8314 and RFC 6409. */
const SMTP_PORTS = { implicit: 465, submission: 587 } as const;

/** The UI of Temporal's development server. */
export const LOCAL_TEMPORAL_UI = 'http://127.0.0.1:8233';
const SESSION_IDLE_MINUTES_MAX = 1_440;
const SESSION_HOURS_MAX = 720;
const OIDC_LABEL_CHARS_MAX = 50;

const PORT_MAX = 65_535;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

const port = wholeNumber(1, PORT_MAX);
const slotsAllowed = `a whole number from 1 to ${WORKER_SLOTS_MAX}`;
const portAllowed = `a whole number from 1 to ${PORT_MAX}`;
const statementTimeout = wholeNumber(STATEMENT_TIMEOUT_MS_MIN, DATABASE_TIMEOUT_MS_MAX);
const statementTimeoutAllowed = `a whole number from ${STATEMENT_TIMEOUT_MS_MIN} to ${DATABASE_TIMEOUT_MS_MAX}`;
const servers = ['api', 'worker', 'cli'] as const;
/** Variables that have no effect without TLS. */
const NEEDS_TLS = ['TEMPORAL_TLS_CERT', 'TEMPORAL_TLS_KEY', 'TEMPORAL_TLS_CA', 'TEMPORAL_TLS_SERVER_NAME'] as const;

/** The table of `Config`, in the order of `docs/configuration.md`. */
export const SETTINGS: { readonly [K in keyof Config]: Setting<Config[K]> } = {
  databaseUrl: {
    env: 'DATABASE_URL',
    about: 'The Postgres database that holds every fact. `?host=/directory` names the directory of its Unix socket.',
    default: 'required',
    allowed: 'a URL that begins with postgres:// or postgresql:// and names a host and a database',
    usedBy: servers,
    secret: true,
    parse: z.string().refine(isDatabaseUrl),
  },
  databasePoolSize: {
    env: 'DATABASE_POOL_SIZE',
    about:
      'The largest number of connections to Postgres of one process. An API reserves three of them, at most half, for statements that lock no row. A worker does not start with fewer connections than one for each of its slots and one for its readiness check.',
    default: {
      rule: `\`${API_POOL_SIZE}\` in an API; in a worker the number that its slots need`,
      text: () => undefined,
    },
    allowed: `a whole number from 1 to ${DATABASE_POOL_SIZE_MAX}`,
    usedBy: ['api', 'worker'],
    parse: wholeNumber(1, DATABASE_POOL_SIZE_MAX),
  },
  apiStatementTimeoutMs: {
    env: 'API_STATEMENT_TIMEOUT_MS',
    about:
      'The statement timeout of the API in Postgres, in milliseconds. A connection without a response one second later counts as lost and is replaced.',
    default: { text: '7000' },
    allowed: statementTimeoutAllowed,
    usedBy: ['api'],
    parse: statementTimeout,
  },
  listStatementTimeoutMs: {
    env: 'LIST_STATEMENT_TIMEOUT_MS',
    about:
      'The statement timeout of lists in Postgres, in milliseconds. Also how long a list waits while a third of the pool reads other lists. CSV files use `API_STATEMENT_TIMEOUT_MS`.',
    default: { text: '3000' },
    allowed: `a whole number from ${LIST_STATEMENT_MS_MIN} to ${DATABASE_TIMEOUT_MS_MAX}`,
    usedBy: ['api'],
    parse: wholeNumber(LIST_STATEMENT_MS_MIN, DATABASE_TIMEOUT_MS_MAX),
  },
  wrongLicenseKeysMax: {
    env: 'COVENANT_WRONG_LICENSE_KEYS_MAX',
    about:
      'Wrong license keys from one IPv4 address or IPv6 network of 64 bits in a minute, counted for all API processes. After them, no license key from there is looked up until the next minute, also none that exists.',
    default: { text: String(WRONG_KEYS_MAX) },
    allowed: `a whole number from 1 to ${WRONG_KEYS_MAX_MAX}`,
    usedBy: ['api'],
    parse: wholeNumber(1, WRONG_KEYS_MAX_MAX),
  },
  workerStatementTimeoutMs: {
    env: 'WORKER_STATEMENT_TIMEOUT_MS',
    about:
      'The statement timeout of the worker in Postgres, in milliseconds. Its largest statement inserts 5,000 licenses.',
    default: { text: '20000' },
    allowed: statementTimeoutAllowed,
    usedBy: ['worker'],
    parse: statementTimeout,
  },
  idleTransactionTimeoutMs: {
    env: 'DATABASE_IDLE_TRANSACTION_TIMEOUT_MS',
    about:
      'How long a transaction may be idle between two statements, in milliseconds. Then Postgres ends its session, so a frozen process holds its locks no longer than this.',
    default: { text: '10000' },
    allowed: `a whole number from ${IDLE_TRANSACTION_MS_MIN} to ${DATABASE_TIMEOUT_MS_MAX}`,
    usedBy: ['api', 'worker'],
    parse: wholeNumber(IDLE_TRANSACTION_MS_MIN, DATABASE_TIMEOUT_MS_MAX),
  },
  temporalAddress: {
    env: 'TEMPORAL_ADDRESS',
    about: 'The Temporal frontend. When it is set, `npm run dev` uses that server and does not start its own.',
    default: { text: '127.0.0.1:7233' },
    allowed: 'host:port, for example temporal:7233',
    usedBy: ['api', 'worker', 'cli', 'dev'],
    parse: z.string().refine(isHostAndPort),
  },
  temporalNamespace: {
    env: 'TEMPORAL_NAMESPACE',
    about: 'The Temporal namespace in which all workflows run.',
    default: { text: 'default' },
    allowed: 'letters, digits, dots, hyphens and underscores, at least 2 characters',
    usedBy: servers,
    parse: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]+$/),
  },
  temporalTls: {
    env: 'TEMPORAL_TLS',
    about: 'Whether the connection to Temporal is encrypted.',
    default: {
      rule: '`on` with a TEMPORAL_API_KEY or any TEMPORAL_TLS_…, else `off`',
      text: (env) => (env['TEMPORAL_API_KEY'] || NEEDS_TLS.some((name) => env[name]) ? 'on' : 'off'),
    },
    allowed: 'on or off; not off with any TEMPORAL_TLS_…',
    usedBy: servers,
    parse: z.enum(['on', 'off']).transform((text) => text === 'on'),
  },
  temporalTlsCert: {
    env: 'TEMPORAL_TLS_CERT',
    about: 'The client certificate for Temporal (mutual TLS). Read at the start of the process.',
    default: 'none',
    allowed:
      'the path of a PEM file: the certificate, then its chain if it has one; only together with TEMPORAL_TLS_KEY',
    usedBy: servers,
    parse: certificateFile(),
  },
  temporalTlsKey: {
    env: 'TEMPORAL_TLS_KEY',
    about: 'The private key of TEMPORAL_TLS_CERT. Read at the start of the process.',
    default: 'none',
    allowed: 'the path of a PEM file with the key, without a passphrase; only together with TEMPORAL_TLS_CERT',
    usedBy: servers,
    parse: privateKeyFile(),
  },
  temporalTlsCa: {
    env: 'TEMPORAL_TLS_CA',
    about:
      'The certificate authorities for the certificate of Temporal, in place of those of the system. Read at the start of the process.',
    default: 'none',
    allowed: 'the path of a PEM file with one certificate or several',
    usedBy: servers,
    parse: certificateFile(),
  },
  temporalTlsServerName: {
    env: 'TEMPORAL_TLS_SERVER_NAME',
    about:
      'The name in the certificate of Temporal, if it is not the host of TEMPORAL_ADDRESS (a private link, a proxy).',
    default: 'none',
    allowed: 'a host name',
    usedBy: servers,
    parse: z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/),
  },
  temporalApiKey: {
    env: 'TEMPORAL_API_KEY',
    about: 'The API key for Temporal Cloud or another server that requires one.',
    default: 'none',
    allowed: 'the key without spaces',
    usedBy: servers,
    secret: true,
    parse: z.string().regex(/^\S+$/),
  },
  temporalUiUrl: {
    env: 'TEMPORAL_UI_URL',
    about:
      'The URL of the Temporal UI of the server in TEMPORAL_ADDRESS. The admin pages link to it, and the embedded stack prints links to it.',
    default: {
      rule: `\`${LOCAL_TEMPORAL_UI}\` if TEMPORAL_ADDRESS is on this machine`,
      text: localTemporalUi,
    },
    allowed: 'a URL that begins with http:// or https://',
    usedBy: ['api', 'dev'],
    parse: httpUrl(),
  },
  temporalShowNames: {
    env: 'TEMPORAL_SHOW_NAMES',
    about:
      'Whether Temporal shows the names of contracts and test clocks: in summaries, details and the search attribute `ContractName`, which are not encrypted. Set the same value in all processes.',
    default: { text: 'on' },
    allowed: 'on or off',
    usedBy: ['api', 'worker'],
    parse: z.enum(['on', 'off']).transform((text) => text === 'on'),
  },
  taskQueuePrefix: {
    env: 'TEMPORAL_TASK_QUEUE_PREFIX',
    about:
      'The prefix of the name of every task queue. Two installations need two namespaces, because in one namespace they would share the schedule of the sweep.',
    default: { text: 'covenant' },
    allowed: 'lower-case letters, digits and hyphens, at most 63 characters, beginning with a letter',
    usedBy: servers,
    parse: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
  },
  host: {
    env: 'HOST',
    about: 'The address on which the API and the health endpoint of the worker listen.',
    default: { text: '127.0.0.1' },
    allowed: 'an IP address (0.0.0.0 or :: for all addresses) or localhost',
    usedBy: ['api', 'worker'],
    parse: z.string().refine((text) => text === 'localhost' || isIP(text) !== 0),
  },
  port: {
    env: 'PORT',
    about: 'The port on which the API listens.',
    default: { text: '8080' },
    allowed: portAllowed,
    usedBy: ['api'],
    parse: port,
  },
  publicUrl: {
    env: 'COVENANT_PUBLIC_URL',
    about:
      'The public URL of the API. Mails and workflows in the Temporal UI link to it, its host is in the Message-ID of each mail, and `covenant doctor` checks its readiness. Set the same value in the API and all workers.',
    default: { rule: '`http://HOST:PORT`', text: listeningUrl },
    allowed: 'a URL that begins with http:// or https://, without a query',
    usedBy: servers,
    parse: httpUrl(),
  },
  adminPagesUrl: {
    env: 'COVENANT_ADMIN_PAGES_URL',
    about:
      'For the development of the admin pages: the address of the Vite server that builds them at each request. The embedded stack sets it. Without it, /admin serves what `npm run build` made.',
    default: 'none',
    allowed: 'a URL that begins with http:// or https://',
    usedBy: ['api'],
    parse: httpUrl(),
  },
  trustProxy: {
    env: 'TRUST_PROXY',
    about:
      'The reverse proxies whose `X-Forwarded-For`, the address of the client, and `X-Forwarded-Proto` are trusted.',
    default: { text: 'none' },
    allowed: `none, a number of hops from 1 to ${TRUSTED_HOPS_MAX}, or addresses and CIDRs separated by commas`,
    usedBy: ['api'],
    parse: z.string().transform(parseTrustProxy),
  },
  requireHttps: {
    env: 'REQUIRE_HTTPS',
    about:
      'Whether the API refuses requests that did not come over HTTPS (403 `HTTPS_REQUIRED`), by the `X-Forwarded-Proto` of a trusted proxy. `/livez`, `/readyz` and `/metrics` are answered anyway.',
    default: { text: 'off' },
    allowed: 'on or off; on only together with TRUST_PROXY, because a proxy terminates TLS',
    usedBy: ['api'],
    parse: z.enum(['on', 'off']).transform((text) => text === 'on'),
  },
  sessionIdleMinutes: {
    env: 'COVENANT_SESSION_IDLE_MINUTES',
    about: 'After how many minutes without a request the session of an admin ends.',
    default: { text: String(SESSION_IDLE_MINUTES) },
    allowed: `a whole number from 5 to ${SESSION_IDLE_MINUTES_MAX}`,
    usedBy: ['api'],
    parse: wholeNumber(5, SESSION_IDLE_MINUTES_MAX),
  },
  sessionHours: {
    env: 'COVENANT_SESSION_HOURS',
    about: 'After how many hours the session of an admin ends at the latest.',
    default: { text: String(SESSION_HOURS) },
    allowed: `a whole number from 1 to ${SESSION_HOURS_MAX}`,
    usedBy: ['api'],
    parse: wholeNumber(1, SESSION_HOURS_MAX),
  },
  oidcIssuer: {
    env: 'OIDC_ISSUER',
    about:
      'The issuer of the identity provider (OpenID Connect) with which admins sign in to the admin pages, exactly as the provider names it. Its redirect URI is `COVENANT_PUBLIC_URL/api/v1/session/oidc/callback`.',
    default: 'none',
    allowed:
      'a URL that begins with https://, or with http:// on this machine; only together with OIDC_CLIENT_ID and OIDC_CLIENT_SECRET',
    usedBy: ['api'],
    parse: z.string().refine(isIssuer),
  },
  oidcClientId: {
    env: 'OIDC_CLIENT_ID',
    about: 'The name by which the identity provider knows this installation.',
    default: 'none',
    allowed: 'the client ID without spaces; only together with OIDC_ISSUER',
    usedBy: ['api'],
    parse: z.string().regex(/^[\x21-\x7e]+$/),
  },
  oidcClientSecret: {
    env: 'OIDC_CLIENT_SECRET',
    about: 'The secret of this installation at the identity provider.',
    default: 'none',
    allowed: 'the client secret without spaces; only together with OIDC_ISSUER',
    usedBy: ['api'],
    secret: true,
    parse: z.string().regex(/^[\x21-\x7e]+$/),
  },
  oidcLabel: {
    env: 'OIDC_LABEL',
    about: 'The name of the identity provider on the button of the sign-in page.',
    default: { text: 'single sign-on' },
    allowed: `1 to ${OIDC_LABEL_CHARS_MAX} characters`,
    usedBy: ['api'],
    parse: z.string().trim().min(1).max(OIDC_LABEL_CHARS_MAX),
  },
  dev: {
    env: 'COVENANT_DEV',
    about: 'Whether the admin pages say that this is a stack for development. `npm run dev` sets it.',
    default: { text: 'off' },
    allowed: 'on or off',
    usedBy: ['api'],
    parse: z.enum(['on', 'off']).transform((text) => text === 'on'),
  },
  keyPepper: {
    env: 'COVENANT_KEY_PEPPER',
    about:
      'The secret with which API keys, sessions and sign-in links are hashed, and with which the links are signed that unsubscribe from mail. When it changes, all of them become invalid.',
    default: 'required',
    allowed: `at least ${KEY_PEPPER_LENGTH_MIN} characters, for example from: openssl rand -hex 32`,
    usedBy: servers,
    secret: true,
    parse: z.string().min(KEY_PEPPER_LENGTH_MIN),
  },
  sealingKeys: {
    env: 'COVENANT_SEALING_KEYS',
    about:
      'The keys with which API keys of contracts, signing keys of products and secrets of webhooks are encrypted. The first one encrypts; the others only decrypt, until `covenant keys rotate-sealing` has replaced them. Without a key, contracts cannot have API access, no license is signed, and there are no webhooks.',
    default: 'none',
    allowed: `version:base64 of ${SEALING_KEY_BYTES} bytes, for example from: echo "v1:$(openssl rand -base64 ${SEALING_KEY_BYTES})"; at most ${SEALING_KEYS_MAX} separated by commas, each with another version of 1 to 16 lower-case letters and digits`,
    usedBy: servers,
    secret: true,
    parse: z.string().transform(parseSealingKeys),
  },
  billingStandardSecrets: {
    env: 'COVENANT_BILLING_STANDARD_SECRET',
    about:
      'The secret with which a billing system signs its messages to `/api/v1/billing/standard/events` (Standard Webhooks). During a rotation, several secrets separated by commas. Without a secret that path does not exist.',
    default: 'none',
    allowed: `whsec_ and the base64 of ${STANDARD_SECRET_BYTES.min} to ${STANDARD_SECRET_BYTES.max} bytes, at most ${BILLING_SECRETS_MAX} separated by commas`,
    usedBy: ['api', 'worker'],
    secret: true,
    parse: secretList(isStandardSecret),
  },
  billingStandardUrl: {
    env: 'COVENANT_BILLING_STANDARD_URL',
    about:
      'The base URL at which that billing system serves the current invoice (`GET …/invoices/{id}`). Without it, Covenant trusts the messages.',
    default: 'none',
    allowed: 'a URL that begins with http:// or https://, without a query',
    usedBy: ['worker'],
    parse: httpUrl(),
  },
  stripeWebhookSecrets: {
    env: 'STRIPE_WEBHOOK_SECRET',
    about:
      'The signing secret of the Stripe webhook endpoint `/api/v1/billing/stripe/events`. During a rotation, several secrets separated by commas. That path exists only when both this and STRIPE_API_KEY are set.',
    default: 'none',
    allowed: `whsec_… as Stripe shows it, at most ${BILLING_SECRETS_MAX} separated by commas`,
    usedBy: ['api'],
    secret: true,
    parse: secretList((secret) => /^whsec_[^\s,]+$/.test(secret)),
  },
  stripeApiKey: {
    env: 'STRIPE_API_KEY',
    about: 'The API key for Stripe. A restricted key that can read invoices, invoice payments and disputes is enough.',
    default: 'none',
    allowed: 'sk_… or rk_… as Stripe shows it',
    usedBy: ['api', 'worker'],
    secret: true,
    parse: z.string().regex(/^(sk|rk)_\S+$/),
  },
  stripeApiUrl: {
    env: 'STRIPE_API_URL',
    about: 'The origin of the Stripe API. Only tests need another one.',
    default: { text: 'https://api.stripe.com' },
    allowed: 'an origin: http:// or https://, a host and optionally a port',
    usedBy: ['worker'],
    parse: httpUrl().refine((url) => new URL(url).pathname === '/'),
  },
  webhookNetworks: {
    env: 'COVENANT_WEBHOOK_NETWORKS',
    about:
      'Private networks to which webhooks may be sent, besides public addresses. Only for receivers in your own network: everyone who can add an endpoint reaches all servers in them.',
    default: 'none',
    allowed: `IPv4 or IPv6 networks in CIDR notation, such as 10.20.0.0/16 or 127.0.0.1/32, at most ${WEBHOOK_NETWORKS_MAX} separated by commas`,
    usedBy: ['api', 'worker'],
    parse: z.string().transform(parseWebhookNetworks),
  },
  webhookHttp: {
    env: 'COVENANT_WEBHOOK_HTTP',
    about:
      'Whether webhooks may be sent over `http:`, which anyone on the way can read. Only for receivers in your own network.',
    default: { text: 'off' },
    allowed: 'on or off',
    usedBy: ['api', 'worker'],
    parse: z.enum(['on', 'off']).transform((text) => text === 'on'),
  },
  webhookProxy: {
    env: 'COVENANT_WEBHOOK_PROXY',
    about:
      'The HTTP proxy through which all webhooks are sent, as tunnels (CONNECT). Covenant judges the addresses of a receiver before, but the proxy looks the name up again and makes the connection: it must itself refuse private addresses.',
    default: 'none',
    allowed: 'http:// or https://, optionally a user name and a password, and a host with an optional port',
    usedBy: ['worker'],
    secret: true,
    parse: z.string().refine(isProxyUrl),
  },
  webhookRetentionDays: {
    env: 'COVENANT_WEBHOOK_RETENTION_DAYS',
    about:
      'How many days a delivery of a webhook is kept after its end, with its payload and its attempts. Also how far back an endpoint can be recovered. Set the same value in the API and the worker.',
    default: { text: String(WEBHOOK_RETENTION_DAYS) },
    allowed: `a whole number from ${WEBHOOK_RETENTION_DAYS_MIN} to ${WEBHOOK_RETENTION_DAYS_MAX}`,
    usedBy: ['api', 'worker'],
    parse: wholeNumber(WEBHOOK_RETENTION_DAYS_MIN, WEBHOOK_RETENTION_DAYS_MAX),
  },
  smtpServer: {
    env: 'SMTP_URL',
    about:
      'The mail server: `smtps://user:password@host:465` is encrypted from the first byte, `smtp://user:password@host:587` by STARTTLS. Characters such as `@` and `:` in the user name and the password are percent-encoded. Without it, mail is off: notifications are recorded and shown, and not sent. Set the same value in all workers.',
    default: 'none',
    allowed:
      'smtp:// or smtps://, optionally a user name and a password, and a host with an optional port (587, or 465 with smtps); only together with MAIL_FROM',
    usedBy: ['worker', 'cli'],
    secret: true,
    parse: z.string().transform(parseSmtpUrl),
  },
  smtpStarttls: {
    env: 'SMTP_STARTTLS',
    about:
      'Whether a server of `smtp://` must encrypt the connection (STARTTLS) before the login. With `off` mails and the password can be read on the way.',
    default: {
      rule: '`off` if the host of SMTP_URL is this machine, else `required`',
      text: (env) => (isLoopbackUrl(env['SMTP_URL']) ? 'off' : 'required'),
    },
    allowed: 'required or off',
    usedBy: ['worker', 'cli'],
    parse: z.enum(['required', 'off']).transform((text) => text === 'required'),
  },
  smtpCa: {
    env: 'SMTP_CA',
    about:
      'The certificate authorities for the certificate of the mail server, in place of those of the system. Read at the start of the process.',
    default: 'none',
    allowed: 'the path of a PEM file with one certificate or several',
    usedBy: ['worker', 'cli'],
    parse: certificateFile(),
  },
  mailFrom: {
    env: 'MAIL_FROM',
    about: 'The sender of all mails. The mail server must allow it.',
    default: 'none',
    allowed: 'an address, or a name and an address: Covenant <licenses@example.com>',
    usedBy: ['worker', 'cli'],
    parse: z.string().transform(parseMailbox),
  },
  mailReplyTo: {
    env: 'MAIL_REPLY_TO',
    about: 'The address to which people answer.',
    default: 'none',
    allowed: 'an address, or a name and an address',
    usedBy: ['worker'],
    parse: z.string().transform(parseMailbox),
  },
  mailDkimDomain: {
    env: 'MAIL_DKIM_DOMAIN',
    about:
      'The domain that signs mails (DKIM), which is that of MAIL_FROM or above it. Only if the mail server does not sign them itself.',
    default: 'none',
    allowed: 'a domain; only together with MAIL_DKIM_SELECTOR and MAIL_DKIM_KEY',
    usedBy: ['worker'],
    parse: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i),
  },
  mailDkimSelector: {
    env: 'MAIL_DKIM_SELECTOR',
    about: 'The name under which `<selector>._domainkey.<domain>` publishes the public key.',
    default: 'none',
    allowed: 'letters, digits, dots and hyphens; only together with MAIL_DKIM_DOMAIN and MAIL_DKIM_KEY',
    usedBy: ['worker'],
    parse: z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i),
  },
  mailDkimKey: {
    env: 'MAIL_DKIM_KEY',
    about: 'The private key that signs mails (RSA or Ed25519). Read at the start of the process.',
    default: 'none',
    allowed:
      'the path of a PEM file with the key, without a passphrase; only together with MAIL_DKIM_DOMAIN and MAIL_DKIM_SELECTOR',
    usedBy: ['worker'],
    parse: privateKeyFile(),
  },
  mailBounceSecrets: {
    env: 'MAIL_BOUNCE_SECRET',
    about:
      'The secret with which the mail system signs its reports to `/api/v1/notifications/bounces` (Standard Webhooks). During a rotation, several secrets separated by commas. Without a secret that path does not exist.',
    default: 'none',
    allowed: `whsec_ and the base64 of ${STANDARD_SECRET_BYTES.min} to ${STANDARD_SECRET_BYTES.max} bytes, at most ${BILLING_SECRETS_MAX} separated by commas`,
    usedBy: ['api'],
    secret: true,
    parse: secretList(isStandardSecret),
  },
  mailRetentionDays: {
    env: 'MAIL_RETENTION_DAYS',
    about: 'How many days a notification is kept after it was sent or ended otherwise.',
    default: { text: String(MAIL_RETENTION_DAYS) },
    allowed: `a whole number from ${MAIL_RETENTION_DAYS_MIN} to ${MAIL_RETENTION_DAYS_MAX}`,
    usedBy: ['worker'],
    parse: wholeNumber(MAIL_RETENTION_DAYS_MIN, MAIL_RETENTION_DAYS_MAX),
  },
  testClocks: {
    env: 'COVENANT_TEST_CLOCKS',
    about: 'Whether contracts outside production can use test clocks.',
    default: { text: 'on' },
    allowed: 'on or off',
    usedBy: ['api'],
    parse: z.enum(['on', 'off']).transform((text) => text === 'on'),
  },
  logLevel: {
    env: 'LOG_LEVEL',
    about: 'The lowest severity of log lines that are written.',
    default: { text: 'info' },
    allowed: `one of ${LOG_LEVELS.join(', ')}`,
    usedBy: servers,
    parse: z.enum(LOG_LEVELS),
  },
  workerHealthPort: {
    env: 'WORKER_HEALTH_PORT',
    about: 'The port on which the worker serves /livez, /readyz and /metrics.',
    default: { text: '8081' },
    allowed: portAllowed,
    usedBy: ['worker'],
    parse: port,
  },
  workerCommandSlots: {
    env: 'WORKER_COMMAND_SLOTS',
    about: 'Commands that one worker runs at the same time, each for a different contract.',
    default: { text: '8' },
    allowed: slotsAllowed,
    usedBy: ['worker'],
    parse: wholeNumber(1, WORKER_SLOTS_MAX),
  },
  workerSettlingSlots: {
    env: 'WORKER_SETTLING_SLOTS',
    about: 'Contracts for which one worker applies due boundaries and billing events at the same time.',
    default: { text: '4' },
    allowed: slotsAllowed,
    usedBy: ['worker'],
    parse: wholeNumber(1, WORKER_SLOTS_MAX),
  },
  workerStepSlots: {
    env: 'WORKER_STEP_SLOTS',
    about:
      'Short steps of generation jobs and test clocks that one worker runs at the same time as local activities, and the same number as normal activities.',
    default: { text: '4' },
    allowed: slotsAllowed,
    usedBy: ['worker'],
    parse: wholeNumber(1, WORKER_SLOTS_MAX),
  },
  workerBillingSlots: {
    env: 'WORKER_BILLING_SLOTS',
    about: 'Contracts for which one worker queries each billing system at the same time.',
    default: { text: '4' },
    allowed: slotsAllowed,
    usedBy: ['worker'],
    parse: wholeNumber(1, WORKER_SLOTS_MAX),
  },
  workerFillSlots: {
    env: 'WORKER_FILL_SLOTS',
    about: 'Ranges of licenses that one worker generates at the same time.',
    default: {
      rule: `the number of cores of its machine, at most ${FILL_SLOTS_DEFAULT_MAX}`,
      text: () => String(Math.min(availableParallelism(), FILL_SLOTS_DEFAULT_MAX)),
    },
    allowed: slotsAllowed,
    usedBy: ['worker'],
    parse: wholeNumber(1, WORKER_SLOTS_MAX),
  },
  workerWebhookSlots: {
    env: 'WORKER_WEBHOOK_SLOTS',
    about:
      'Webhook endpoints to which one worker delivers at the same time, and the same number of endpoints whose last attempts failed.',
    default: { text: '100' },
    allowed: slotsAllowed,
    usedBy: ['worker'],
    parse: wholeNumber(1, WORKER_SLOTS_MAX),
  },
  workerMailSlots: {
    env: 'WORKER_MAIL_SLOTS',
    about: 'Mails that one worker sends at the same time, each over a connection of its own to the mail server.',
    default: { text: String(MAIL_SLOTS_DEFAULT) },
    allowed: slotsAllowed,
    usedBy: ['worker'],
    parse: wholeNumber(1, WORKER_SLOTS_MAX),
  },
  workerCachedWorkflowsMax: {
    env: 'WORKER_CACHED_WORKFLOWS_MAX',
    about:
      'Workflows that one worker caches between their tasks. A workflow that is not cached is replayed from its history at its next task.',
    default: { text: String(CACHED_WORKFLOWS_DEFAULT) },
    allowed: `a whole number from 1 to ${CACHED_WORKFLOWS_MAX}`,
    usedBy: ['worker'],
    parse: wholeNumber(1, CACHED_WORKFLOWS_MAX),
  },
  workflowBundle: {
    env: 'WORKFLOW_BUNDLE',
    about: 'The file with the prebuilt workflows. Without it the worker bundles the workflows at its start.',
    default: { rule: 'in a build, the bundle of `npm run build`; else none', text: builtWorkflowBundle },
    allowed: 'the path of a file created by `npm run build`',
    usedBy: ['worker'],
    parse: z.string().transform((path) => resolve(path)),
  },
  shutdownGraceMs: {
    env: 'SHUTDOWN_GRACE_MS',
    about: 'The grace period of a shutdown: how long a process may finish its running work, in milliseconds.',
    default: { text: '20000' },
    allowed: `a whole number from 0 to ${SHUTDOWN_GRACE_MS_MAX}`,
    usedBy: ['api', 'worker'],
    parse: wholeNumber(0, SHUTDOWN_GRACE_MS_MAX),
  },
};

/** The table of `StackConfig`. */
export const STACK_SETTINGS: { readonly [K in keyof StackConfig]: Setting<StackConfig[K]> } = {
  dataDir: {
    env: 'COVENANT_DATA_DIR',
    about: 'Where the embedded stack stores its database, the state of Temporal and `dev.json`.',
    default: { text: '.covenant' },
    allowed: 'the path of a directory',
    usedBy: ['dev', 'cli'],
    parse: z.string().transform((path) => resolve(path)),
  },
  cacheDir: {
    env: 'COVENANT_CACHE_DIR',
    about: 'Where downloaded and built programs are cached for all stacks.',
    default: { rule: '`$XDG_CACHE_HOME/covenant`, else `~/.cache/covenant`', text: userCacheDir },
    allowed: 'the path of a directory',
    usedBy: ['dev'],
    parse: z.string().transform((path) => resolve(path)),
  },
};

/** The table of `ClientConfig`, besides the settings that other processes have too. */
export const CLIENT_SETTINGS: { readonly [K in 'apiKey']: Setting<ClientConfig[K]> } = {
  apiKey: {
    env: 'COVENANT_API_KEY',
    about: 'The API key of an admin, with which a command calls the API at `COVENANT_PUBLIC_URL`.',
    default: 'required',
    allowed: 'an API key',
    usedBy: ['cli'],
    secret: true,
    parse: z.string().regex(/^[\x21-\x7e]+$/),
  },
};

/**
 * Reads the settings of the API, the worker and the command line.
 * @throws ConfigError that names every missing or invalid variable, its value (secrets masked) and the allowed values
 */
export function loadConfig(env: Environment): Config {
  const config = loadSettings(SETTINGS, env);
  const problems = [
    ...tlsProblems(config, env),
    ...httpsProblems(config, env),
    ...mailProblems(config, env),
    ...oidcProblems(config),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/**
 * Reads the settings of the embedded stack, and the address of the Temporal server to use (undefined: the stack starts its own).
 * @throws ConfigError as `loadConfig` does
 */
export function loadStackConfig(env: Environment): StackConfig & { temporalAddress: string | undefined } {
  const temporalAddress: Setting<string | undefined> = { ...SETTINGS.temporalAddress, default: 'none' };
  return loadSettings({ ...STACK_SETTINGS, temporalAddress }, env);
}

/**
 * Reads the settings of commands that call the API.
 * @throws ConfigError as `loadConfig` does
 */
export function loadClientConfig(env: Environment): ClientConfig {
  return loadSettings<ClientConfig>({ publicUrl: SETTINGS.publicUrl, ...CLIENT_SETTINGS }, env);
}

function loadSettings<C extends object>(settings: { readonly [K in keyof C]: Setting<C[K]> }, env: Environment): C {
  const problems: ConfigProblem[] = [];
  const values: Partial<C> = {};
  for (const key of Object.keys(settings) as (keyof C)[]) {
    const setting = settings[key];
    const given = env[setting.env] || undefined;
    const text = given ?? defaultText(setting, env);
    if (text === undefined && setting.default !== 'required') continue;
    const parsed = setting.parse.safeParse(text);
    if (parsed.success) values[key] = parsed.data;
    else if (text === undefined || given !== undefined)
      problems.push(problemOf(setting, given, reasonOf(parsed.error)));
    // A default that is invalid because of another invalid variable is not a second problem.
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return values as C;
}

function defaultText(setting: Setting<unknown>, env: Environment): string | undefined {
  if (typeof setting.default === 'string') return undefined;
  return typeof setting.default.text === 'string' ? setting.default.text : setting.default.text(env);
}

/** Problems of the TLS settings of Temporal in combination; each of them is valid alone. */
function tlsProblems(config: Config, env: Environment): ConfigProblem[] {
  const problem = (key: keyof Config, reason: string): ConfigProblem =>
    problemOf(SETTINGS[key], env[SETTINGS[key].env] || undefined, reason);
  const { temporalTlsCert: certificate, temporalTlsKey: key } = config;
  const problems: ConfigProblem[] = [];
  if (certificate !== undefined && key === undefined)
    problems.push(problem('temporalTlsKey', 'TEMPORAL_TLS_CERT needs its private key'));
  if (certificate === undefined && key !== undefined)
    problems.push(problem('temporalTlsCert', 'TEMPORAL_TLS_KEY needs its certificate'));
  if (certificate !== undefined && key !== undefined && !isKeyOf(key, certificate))
    problems.push(problem('temporalTlsKey', 'it is not the key of the certificate in TEMPORAL_TLS_CERT'));
  const names_that_need_tls = NEEDS_TLS.filter((name) => env[name]);
  if (!config.temporalTls && names_that_need_tls.length > 0)
    problems.push(problem('temporalTls', `${names_that_need_tls.join(', ')} would have no effect`));
  return problems;
}

/** Without a trusted proxy no request could be accepted: the API itself does not terminate TLS. */
function httpsProblems({ requireHttps, trustProxy }: Config, env: Environment): ConfigProblem[] {
  if (!requireHttps || trustProxy !== false) return [];
  return [problemOf(SETTINGS.requireHttps, env[SETTINGS.requireHttps.env], 'TRUST_PROXY names no proxy')];
}

/** Mails without a sender would be refused, and a signature needs its three parts. */
function mailProblems(config: Config, env: Environment): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.smtpServer !== undefined && config.mailFrom === undefined)
    problems.push(problemOf(SETTINGS.mailFrom, undefined, 'SMTP_URL needs the sender of mails'));
  const dkim = ['mailDkimDomain', 'mailDkimSelector', 'mailDkimKey'] as const;
  const missing = dkim.filter((key) => config[key] === undefined);
  if (missing.length < dkim.length)
    for (const key of missing)
      problems.push(problemOf(SETTINGS[key], env[SETTINGS[key].env] || undefined, 'DKIM needs all three settings'));
  return problems;
}

/** A part of the settings of the identity provider would have no effect. */
function oidcProblems(config: Config): ConfigProblem[] {
  const keys = ['oidcIssuer', 'oidcClientId', 'oidcClientSecret'] as const;
  const missing = keys.filter((key) => config[key] === undefined);
  if (missing.length === keys.length) return [];
  return missing.map((key) =>
    problemOf(
      SETTINGS[key],
      undefined,
      'the sign-in of the organization needs OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET',
    ),
  );
}

function problemOf(setting: Setting<unknown>, given: string | undefined, reason?: string): ConfigProblem {
  const shown = given !== undefined && setting.secret ? `(hidden, ${given.length} characters)` : given;
  return { variable: setting.env, value: shown, ...(reason === undefined ? {} : { reason }), allowed: setting.allowed };
}

/** The reason that the schema of the setting gives for an invalid value; undefined without one. */
function reasonOf({ issues }: z.ZodError): string | undefined {
  const reasons = issues.map((issue): unknown => (issue.code === 'custom' ? issue.params?.['reason'] : undefined));
  return reasons.find((reason): reason is string => typeof reason === 'string');
}

function problemSentence({ variable, value, reason, allowed }: ConfigProblem): string {
  const shown = value === undefined ? 'not set' : value.startsWith('(hidden') ? value : JSON.stringify(value);
  return `  ${variable} is ${shown}${reason === undefined ? '' : `: ${reason}`}; allowed: ${allowed}`;
}

function wholeNumber(min: number, max: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().int().min(min).max(max));
}

/** A base URL, returned without its final slash so that paths can be appended. */
function httpUrl(): z.ZodType<string, string> {
  return z
    .string()
    .refine((text) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      return url !== undefined && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
    })
    .transform((text) => text.replace(/\/+$/, ''));
}

/** A URL without a path. A user name and a password are given together, in the form of a URL. */
function isProxyUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, pathname, search, hash } = new URL(text);
  const has_malformed_credentials = [username, password].some((part) => /%(?![\da-f]{2})/i.test(part));
  return (
    /^https?:$/.test(protocol) &&
    (username === '') === (password === '') &&
    !has_malformed_credentials &&
    [pathname, search, hash].join('') === '/'
  );
}

function parseSmtpUrl(text: string, context: z.RefinementCtx<string>): SmtpServer {
  const url = /^smtps?:\/\//.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  const credentials = url && [url.username, url.password].map((part) => decoded(part));
  const [user, password] = credentials ?? [];
  const is_valid =
    url !== undefined &&
    url.hostname !== '' &&
    url.port !== '0' &&
    ['', '/'].includes(url.pathname + url.search + url.hash) &&
    user !== undefined &&
    password !== undefined &&
    (user === '') === (password === '');
  if (!is_valid) {
    context.addIssue({ code: 'custom' });
    return z.NEVER;
  }
  const secure = url.protocol === 'smtps:';
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? SMTP_PORTS.implicit : SMTP_PORTS.submission) : Number(url.port),
    secure,
    login: user === '' ? null : { user, password },
  };
}

/** A percent-encoded part of a URL; undefined when it is malformed. */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** The issuer is compared as it is, so its final slash stays. */
function isIssuer(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.search !== '' || url.hash !== '' || url.username !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackUrl(text));
}

function isLoopbackUrl(text: string | undefined): boolean {
  const host = URL.canParse(text ?? '') ? new URL(text ?? '').hostname : '';
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** An address, alone or behind a name. Neither may hold what begins another header field or another address. */
function parseMailbox(text: string, context: z.RefinementCtx<string>): Mailbox {
  const [, name = '', bracketed, bare] = /^(?:([^<>\p{C}]*)<([^<>]+)>|([^<>]+))$/u.exec(text.trim()) ?? [];
  const address = bracketed ?? bare ?? '';
  if (isMailAddress(address)) return { name: name.trim().replace(/^"(.*)"$/, '$1'), address };
  context.addIssue({ code: 'custom' });
  return z.NEVER;
}

/** The mail server with everything that each mail says about its sender; undefined while mail is off. */
export function mailServerOf(config: Config): MailServer | undefined {
  const { smtpServer, mailFrom, mailDkimDomain: domain, mailDkimSelector: selector, mailDkimKey: key } = config;
  if (smtpServer === undefined || mailFrom === undefined) return undefined;
  const { host, port, login, secure } = smtpServer;
  const has_dkim = domain !== undefined && selector !== undefined && key !== undefined;
  return {
    ...{ host, port, login },
    tls: secure ? 'implicit' : config.smtpStarttls ? 'starttls' : 'none',
    ca: config.smtpCa?.pem,
    from: mailFrom,
    reply_to: config.mailReplyTo ?? null,
    dkim: has_dkim ? { domain, selector, private_key: key.pem.toString() } : null,
  };
}

/** Versions with their keys, separated by commas. */
function parseSealingKeys(text: string, context: z.RefinementCtx<string>): SealingKey[] {
  const keys = text.split(',').map((part) => {
    const [, version = '', base64 = ''] = /^([a-z0-9]{1,16}):([A-Za-z0-9+/]{43}=)$/.exec(part.trim()) ?? [];
    return { version, secret: new Uint8Array(Buffer.from(base64, 'base64')) };
  });
  const versions = new Set(keys.map(({ version }) => version));
  const are_valid = keys.every(({ version, secret }) => version !== '' && secret.length === SEALING_KEY_BYTES);
  if (are_valid && versions.size === keys.length && keys.length <= SEALING_KEYS_MAX) return keys;
  context.addIssue({ code: 'custom' });
  return z.NEVER;
}

/** One or several secrets, separated by commas. */
function secretList(isValid: (secret: string) => boolean): z.ZodType<string[], string> {
  return z
    .string()
    .transform((text) => text.split(',').map((secret) => secret.trim()))
    .refine((secrets) => secrets.length <= BILLING_SECRETS_MAX && secrets.every(isValid));
}

function isStandardSecret(secret: string): boolean {
  const base64 = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(secret)?.[1];
  const bytes = Buffer.from(base64 ?? '', 'base64').length;
  return bytes >= STANDARD_SECRET_BYTES.min && bytes <= STANDARD_SECRET_BYTES.max;
}

function isDatabaseUrl(text: string): boolean {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return url.hostname !== '' && url.pathname.length > 1;
}

function isHostAndPort(text: string): boolean {
  const match = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(text);
  const number = Number(match?.[1]);
  return number >= 1 && number <= PORT_MAX;
}

function parseTrustProxy(text: string, context: z.RefinementCtx<string>): TrustProxy {
  if (text === 'none') return false;
  const hops = Number(text);
  if (/^\d+$/.test(text) && hops >= 1 && hops <= TRUSTED_HOPS_MAX) return hops;
  const networks = text.split(',').map((network) => network.trim());
  if (networks.every(isNetwork)) return networks;
  context.addIssue({ code: 'custom', message: 'not a list of proxies' });
  return z.NEVER;
}

/** Where webhooks may be sent, by the settings. */
export function destinationPolicyOf({
  webhookNetworks,
  webhookHttp,
}: Pick<Config, 'webhookNetworks' | 'webhookHttp'>): DestinationPolicy {
  return { private_networks: webhookNetworks ?? [], allows_http: webhookHttp };
}

function parseWebhookNetworks(text: string, context: z.RefinementCtx<string>): string[] {
  const networks = text.split(',').map((network) => network.trim());
  const wide = networks.find((network) => isCidr(network) && isWiderThanPrivate(network));
  if (wide === undefined && networks.length <= WEBHOOK_NETWORKS_MAX && networks.every(isCidr)) return networks;
  const reason = wide === undefined ? {} : { params: { reason: `${wide} is larger than any private network` } };
  context.addIssue({ code: 'custom', ...reason });
  return z.NEVER;
}

function isCidr(text: string): boolean {
  return /^[\da-f.:]+\/\d+$/i.test(text) && isNetwork(text);
}

function isWiderThanPrivate(network: string): boolean {
  const [address = '', prefix] = network.split('/');
  return Number(prefix) < PRIVATE_PREFIX_MIN[isIP(address) === 4 ? 4 : 6];
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

function localTemporalUi(env: Environment): string | undefined {
  const [host = ''] = (env['TEMPORAL_ADDRESS'] || '127.0.0.1').split(/:\d+$/);
  return ['127.0.0.1', 'localhost', '[::1]'].includes(host) ? LOCAL_TEMPORAL_UI : undefined;
}

function listeningUrl(env: Environment): string {
  return originOf(env['HOST'] || '127.0.0.1', env['PORT'] || '8080');
}

/** The HTTP origin of a server that listens on this address. */
export function originOf(host: string, port: number | string): string {
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

function userCacheDir(env: Environment): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'covenant');
}

/** The bundle of `npm run build`, which is next to the compiled form of this file; undefined next to the source. */
function builtWorkflowBundle(): string | undefined {
  const path = join(__dirname, 'workflow-bundle.js');
  return existsSync(path) ? path : undefined;
}
