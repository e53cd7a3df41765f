/**
 * Settings: the error for a wrong environment names every wrong variable, and docs/configuration.md matches the table
 * in the code.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  CLIENT_SETTINGS,
  ConfigError,
  destinationPolicyOf,
  loadConfig,
  loadStackConfig,
  mailServerOf,
  SETTINGS,
  STACK_SETTINGS,
  type Environment,
} from '../../config';
import { PUBLIC_ONLY } from '../../domain/webhook/destination';
import { configurationPage } from '../../project/configuration-page';
import { createTestAuthority, type TestCertificate } from '../harness/certificates';
import { makeRunDirectory } from '../harness/run-directory';

const REQUIRED = { DATABASE_URL: 'postgres://covenant:secret@db:5432/covenant', COVENANT_KEY_PEPPER: 'p'.repeat(32) };
const STANDARD_SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;

function configErrorOf(env: Environment): ConfigError {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the environment was accepted');
}

describe('a wrong value', () => {
  const wrongValues: [variable: string, value: string][] = [
    ['DATABASE_URL', 'mysql://db/covenant'],
    ['DATABASE_URL', 'postgres://db'],
    ['DATABASE_POOL_SIZE', '0'],
    ['DATABASE_POOL_SIZE', '501'],
    ['DATABASE_POOL_SIZE', 'ten'],
    ['TEMPORAL_ADDRESS', 'temporal'],
    ['TEMPORAL_ADDRESS', 'temporal:70000'],
    ['TEMPORAL_ADDRESS', 'http://temporal:7233'],
    ['TEMPORAL_NAMESPACE', 'has space'],
    ['TEMPORAL_TLS', 'yes'],
    ['TEMPORAL_TLS_SERVER_NAME', 'https://temporal.example'],
    ['TEMPORAL_API_KEY', 'two words'],
    ['TEMPORAL_UI_URL', 'localhost:8233'],
    ['TEMPORAL_TASK_QUEUE_PREFIX', '9lives'],
    ['HOST', 'example.org'],
    ['PORT', '65536'],
    ['PORT', '80.5'],
    ['PORT', '-1'],
    ['COVENANT_PUBLIC_URL', 'ftp://covenant'],
    ['COVENANT_PUBLIC_URL', 'https://covenant/?a=b'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '17'],
    ['COVENANT_WEBHOOK_NETWORKS', '10.0.0.1'],
    ['COVENANT_WEBHOOK_NETWORKS', 'fe80::1%eth0/64'],
    ['COVENANT_WEBHOOK_HTTP', 'yes'],
    ['COVENANT_WEBHOOK_PROXY', 'proxy:3128'],
    ['COVENANT_WEBHOOK_PROXY', 'socks5://proxy:1080'],
    ['COVENANT_WEBHOOK_PROXY', 'http://proxy/path'],
    ['COVENANT_WEBHOOK_PROXY', 'http://name@proxy'],
    ['COVENANT_WEBHOOK_PROXY', 'http://name:100%@proxy'],
    ['SMTP_URL', 'mail.example'],
    ['SMTP_URL', 'https://mail.example'],
    ['SMTP_URL', 'smtp://user@mail.example'],
    ['SMTP_URL', 'smtp://user:100%@mail.example'],
    ['SMTP_URL', 'smtp://mail.example/path'],
    ['SMTP_URL', 'smtp://mail.example:0'],
    ['SMTP_STARTTLS', 'on'],
    ['MAIL_FROM', 'Covenant'],
    ['MAIL_FROM', 'a@a.example, b@b.example'],
    ['MAIL_FROM', 'Name\r\nBcc: <a@a.example>'],
    ['MAIL_BOUNCE_SECRET', 'whsec_short'],
    ['MAIL_RETENTION_DAYS', '3'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '10.0.0.0/8,'],
    ['REQUIRE_HTTPS', 'yes'],
    ['COVENANT_KEY_PEPPER', 'p'.repeat(31)],
    ['COVENANT_BILLING_STANDARD_SECRET', 'whsec_not-base64'],
    ['COVENANT_BILLING_STANDARD_SECRET', `${STANDARD_SECRET},`],
    ['COVENANT_BILLING_STANDARD_SECRET', STANDARD_SECRET.slice('whsec_'.length)],
    ['COVENANT_BILLING_STANDARD_SECRET', `whsec_${Buffer.alloc(23).toString('base64')}`],
    ['COVENANT_BILLING_STANDARD_SECRET', `${STANDARD_SECRET},`.repeat(5) + STANDARD_SECRET],
    ['COVENANT_BILLING_STANDARD_URL', 'billing.example'],
    ['STRIPE_WEBHOOK_SECRET', 'sk_test_1'],
    ['STRIPE_API_KEY', 'pk_test_1'],
    ['STRIPE_API_URL', 'https://api.stripe.com/v1'],
    ['STRIPE_API_URL', 'api.stripe.com'],
    ['COVENANT_TEST_CLOCKS', 'yes'],
    ['OIDC_LABEL', 'x'.repeat(51)],
    ['LOG_LEVEL', 'loud'],
    ['WORKER_HEALTH_PORT', '0'],
    ['SHUTDOWN_GRACE_MS', '1e3'],
  ];

  test.each(wrongValues)(
    'of %s (%s) is refused with the variable, the value and the allowed values',
    (variable, value) => {
      const error = configErrorOf({ ...REQUIRED, [variable]: value });
      const setting = Object.values(SETTINGS).find(({ env }) => env === variable);
      const shown = setting?.secret ? `(hidden, ${value.length} characters)` : JSON.stringify(value);
      expect(error.problems.map((problem) => problem.variable)).toEqual([variable]);
      expect(error.message).toContain(`${variable} is ${shown}; allowed: ${setting?.allowed}`);
      if (setting?.secret) expect(error.message).not.toContain(value);
    },
  );

  test('does not hide others: the error names all of them', () => {
    const error = configErrorOf({ PORT: 'x', LOG_LEVEL: 'x', COVENANT_KEY_PEPPER: 'short' });
    expect(error.problems.map((problem) => problem.variable).sort()).toEqual([
      'COVENANT_KEY_PEPPER',
      'DATABASE_URL',
      'LOG_LEVEL',
      'PORT',
    ]);
    expect(error.message).toContain('DATABASE_URL is not set');
  });
});

test('only the required variables must be set, and all others have defaults', () => {
  expect(loadConfig(REQUIRED)).toEqual({
    databaseUrl: REQUIRED.DATABASE_URL,
    apiStatementTimeoutMs: 7_000,
    listStatementTimeoutMs: 3_000,
    wrongLicenseKeysMax: 60,
    workerStatementTimeoutMs: 20_000,
    idleTransactionTimeoutMs: 10_000,
    temporalAddress: '127.0.0.1:7233',
    temporalNamespace: 'default',
    temporalTls: false,
    temporalUiUrl: 'http://127.0.0.1:8233',
    temporalShowNames: true,
    taskQueuePrefix: 'covenant',
    host: '127.0.0.1',
    port: 8080,
    publicUrl: 'http://127.0.0.1:8080',
    trustProxy: false,
    requireHttps: false,
    sessionIdleMinutes: 30,
    sessionHours: 12,
    oidcLabel: 'single sign-on',
    dev: false,
    keyPepper: REQUIRED.COVENANT_KEY_PEPPER,
    stripeApiUrl: 'https://api.stripe.com',
    webhookRetentionDays: 30,
    testClocks: true,
    webhookHttp: false,
    smtpStarttls: true,
    mailRetentionDays: 90,
    logLevel: 'info',
    workerHealthPort: 8081,
    workerCommandSlots: 8,
    workerSettlingSlots: 4,
    workerStepSlots: 4,
    workerWebhookSlots: 100,
    workerMailSlots: 5,
    workerBillingSlots: 4,
    workerCachedWorkflowsMax: 300,
    workerFillSlots: Math.min(availableParallelism(), 8),
    shutdownGraceMs: 20_000,
  });
});

test('an empty variable counts as unset', () => {
  const config = loadConfig({ ...REQUIRED, PORT: '', TEMPORAL_API_KEY: '', TRUST_PROXY: '' });
  expect(config).toMatchObject({ port: 8080, temporalTls: false, trustProxy: false });
  expect(config.temporalApiKey).toBeUndefined();
});

test('defaults follow from other settings', () => {
  const config = loadConfig({ ...REQUIRED, HOST: '::1', PORT: '9000', TEMPORAL_API_KEY: 'key' });
  expect(config).toMatchObject({ publicUrl: 'http://[::1]:9000', temporalTls: true });
  expect(loadConfig({ ...REQUIRED, TEMPORAL_ADDRESS: 'temporal:7233' }).temporalUiUrl).toBeUndefined();
});

describe('the certificate by which a process proves to Temporal who it is', () => {
  let directory: string;
  let ca: string;
  let client: TestCertificate;
  let other: TestCertificate;
  beforeAll(() => {
    directory = makeRunDirectory('configuration');
    const authority = createTestAuthority(directory);
    [ca, client, other] = [authority.ca, authority.issue('client'), authority.issue('other')];
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const tls = (settings: { cert?: string; key?: string; ca?: string; more?: Environment }): Environment => ({
    ...REQUIRED,
    TEMPORAL_TLS_CERT: settings.cert,
    TEMPORAL_TLS_KEY: settings.key,
    TEMPORAL_TLS_CA: settings.ca,
    ...settings.more,
  });
  const write = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };

  test('is read with its key and the authorities of the server, and enables TLS', () => {
    const config = loadConfig(tls({ ...client, ca, more: { TEMPORAL_TLS_SERVER_NAME: 'temporal.example' } }));
    expect(config).toMatchObject({ temporalTls: true, temporalTlsServerName: 'temporal.example' });
    expect(config.temporalTlsCert).toEqual({ path: client.cert, pem: readFileSync(client.cert) });
    expect(config.temporalTlsKey?.pem).toEqual(readFileSync(client.key));
    expect(config.temporalTlsCa?.pem).toEqual(readFileSync(ca));
  });

  test('can contain its chain, and several authorities are accepted', () => {
    const chain = write('chain.pem', `${readFileSync(client.cert, 'utf8')}${readFileSync(ca, 'utf8')}`);
    expect(loadConfig(tls({ ...client, cert: chain, ca: chain })).temporalTlsCa?.path).toBe(chain);
  });

  const faults: [fault: string, settings: () => Environment, variable: string, sentence: string][] = [
    ['a file that does not exist', () => tls({ ...client, cert: '/none.pem' }), 'TEMPORAL_TLS_CERT', 'does not exist'],
    ['a directory', () => tls({ ca: directory }), 'TEMPORAL_TLS_CA', 'the file cannot be read (EISDIR)'],
    ['a key for a certificate', () => tls({ ...client, cert: client.key }), 'TEMPORAL_TLS_CERT', 'no PEM certificate'],
    ['a certificate for a key', () => tls({ ...client, key: client.cert }), 'TEMPORAL_TLS_KEY', 'no PEM private key'],
    [
      'a damaged certificate',
      () => tls({ ca: damaged() }),
      'TEMPORAL_TLS_CA',
      'certificate 2 of the file cannot be read',
    ],
    ['a key with a passphrase', () => tls({ ...client, key: encrypted() }), 'TEMPORAL_TLS_KEY', 'passphrase'],
    [
      'a certificate alone',
      () => tls({ cert: client.cert }),
      'TEMPORAL_TLS_KEY',
      'TEMPORAL_TLS_CERT needs its private key',
    ],
    ['a key alone', () => tls({ key: client.key }), 'TEMPORAL_TLS_CERT', 'TEMPORAL_TLS_KEY needs its certificate'],
    [
      'the key of another',
      () => tls({ ...client, key: other.key }),
      'TEMPORAL_TLS_KEY',
      'not the key of the certificate',
    ],
    [
      'TLS switched off',
      () => tls({ ca, more: { TEMPORAL_TLS: 'off' } }),
      'TEMPORAL_TLS',
      'TEMPORAL_TLS_CA would have no',
    ],
  ];
  test.each(faults)('is refused for %s, with an error that says so', (_fault, settings, variable, sentence) => {
    const error = configErrorOf(settings());
    expect(error.problems.map((problem) => problem.variable)).toEqual([variable]);
    expect(error.message).toContain(sentence);
    expect(error.message).not.toContain('PRIVATE KEY');
  });

  function damaged(): string {
    const pem = readFileSync(ca, 'utf8');
    return write('damaged.pem', `${pem}${pem.replace(/^(?!-).{20}/gm, '')}`);
  }
  function encrypted(): string {
    const path = join(directory, 'encrypted.key');
    execFileSync('openssl', ['pkcs8', '-topk8', '-in', client.key, '-out', path, '-passout', 'pass:x'], {
      stdio: 'pipe',
    });
    return path;
  }
});

test('the mail server is read from its URL, and mails have a sender', () => {
  const MAIL_FROM = 'Covenant <licenses@covenant.example>';
  const serverAt = (SMTP_URL: string, more: Environment = {}) =>
    mailServerOf(loadConfig({ ...REQUIRED, SMTP_URL, MAIL_FROM, ...more }));
  const from = { name: 'Covenant', address: 'licenses@covenant.example' };
  expect(serverAt('smtps://me%40a.example:p%3Aw@mail.example')).toEqual({
    ...{ host: 'mail.example', port: 465, tls: 'implicit', from, reply_to: null, dkim: null },
    login: { user: 'me@a.example', password: 'p:w' },
  });
  expect(serverAt('smtp://mail.example')).toMatchObject({ port: 587, tls: 'starttls', login: null });
  expect(serverAt('smtp://mail.example:25', { SMTP_STARTTLS: 'off' })).toMatchObject({ port: 25, tls: 'none' });
  expect(serverAt('smtp://[::1]:1025', { MAIL_REPLY_TO: 'a@a.example' })).toMatchObject({
    ...{ host: '::1', tls: 'none', reply_to: { name: '', address: 'a@a.example' } },
  });
  expect(mailServerOf(loadConfig(REQUIRED))).toBeUndefined();
  expect(configErrorOf({ ...REQUIRED, SMTP_URL: 'smtp://mail.example' }).message).toContain(
    'MAIL_FROM is not set: SMTP_URL needs the sender of mails',
  );
  const incomplete = configErrorOf({ ...REQUIRED, MAIL_DKIM_DOMAIN: 'covenant.example' });
  expect(incomplete.problems.map(({ variable }) => variable)).toEqual(['MAIL_DKIM_SELECTOR', 'MAIL_DKIM_KEY']);
});

test('trusted proxies are set as a number of hops or as networks', () => {
  const trusted = (text: string) => loadConfig({ ...REQUIRED, TRUST_PROXY: text }).trustProxy;
  expect(trusted('2')).toBe(2);
  expect(trusted('10.0.0.0/8, 2001:db8::/32')).toEqual(['10.0.0.0/8', '2001:db8::/32']);
});

test('HTTPS can be required only behind a trusted proxy', () => {
  expect(loadConfig({ ...REQUIRED, TRUST_PROXY: '1', REQUIRE_HTTPS: 'on' }).requireHttps).toBe(true);
  expect(configErrorOf({ ...REQUIRED, REQUIRE_HTTPS: 'on' }).message).toContain(
    'REQUIRE_HTTPS is "on": TRUST_PROXY names no proxy; allowed: on or off',
  );
});

test('the identity provider needs three settings together, and TLS unless it is on this machine', () => {
  const oidc = {
    OIDC_ISSUER: 'https://login.example/a/',
    OIDC_CLIENT_ID: 'covenant',
    OIDC_CLIENT_SECRET: 'its-secret',
  };
  // The final slash is a part of the issuer.
  expect(loadConfig({ ...REQUIRED, ...oidc }).oidcIssuer).toBe('https://login.example/a/');
  expect(loadConfig({ ...REQUIRED, ...oidc, OIDC_ISSUER: 'http://127.0.0.1:4000' }).oidcIssuer).toBeDefined();
  for (const issuer of [
    'http://login.example',
    'login.example',
    'https://login.example?a=b',
    'https://a:b@login.example',
  ])
    expect(configErrorOf({ ...REQUIRED, ...oidc, OIDC_ISSUER: issuer }).problems).toHaveLength(1);
  const incomplete = configErrorOf({ ...REQUIRED, OIDC_CLIENT_SECRET: 'its-secret' });
  expect(incomplete.problems.map(({ variable }) => variable)).toEqual(['OIDC_ISSUER', 'OIDC_CLIENT_ID']);
  expect(incomplete.message).not.toContain('its-secret');
});

test('a billing source has one secret, or several during a rotation', () => {
  const config = loadConfig({
    ...REQUIRED,
    COVENANT_BILLING_STANDARD_SECRET: `${STANDARD_SECRET}, ${STANDARD_SECRET}`,
    STRIPE_WEBHOOK_SECRET: 'whsec_one',
  });
  expect(config.billingStandardSecrets).toEqual([STANDARD_SECRET, STANDARD_SECRET]);
  expect(config.stripeWebhookSecrets).toEqual(['whsec_one']);
});

test('the embedded stack needs no setting, and uses an external Temporal server only when its address is set', () => {
  expect(loadStackConfig({}).temporalAddress).toBeUndefined();
  expect(loadStackConfig({ TEMPORAL_ADDRESS: '127.0.0.1:9999' }).temporalAddress).toBe('127.0.0.1:9999');
  expect(loadStackConfig({ XDG_CACHE_HOME: join('/', 'cache') }).cacheDir).toBe(join('/', 'cache', 'covenant'));
});

test('docs/configuration.md is up to date and contains every variable', () => {
  const page = readFileSync(join(__dirname, '../../docs/configuration.md'), 'utf8');
  expect(page).toBe(configurationPage());
  for (const { env } of [SETTINGS, CLIENT_SETTINGS, STACK_SETTINGS].flatMap((table) =>
    Object.values<{ env: string }>(table),
  ))
    expect(page).toContain(`\`${env}\``);
});

test('webhooks go to private networks and over http only where the settings say so', () => {
  const policy = (env: Record<string, string>) => destinationPolicyOf(loadConfig({ ...REQUIRED, ...env }));
  expect(policy({})).toEqual(PUBLIC_ONLY);
  expect(policy({ COVENANT_WEBHOOK_NETWORKS: '10.0.0.0/8, fd00::/8', COVENANT_WEBHOOK_HTTP: 'on' })).toEqual({
    private_networks: ['10.0.0.0/8', 'fd00::/8'],
    allows_http: true,
  });
  expect(() => policy({ COVENANT_WEBHOOK_NETWORKS: '10.0.0.0/8,::/1' })).toThrow('::/1 is larger');
  expect(() => policy({ COVENANT_WEBHOOK_NETWORKS: '0.0.0.0/0' })).toThrow(
    '0.0.0.0/0 is larger than any private network',
  );
});
