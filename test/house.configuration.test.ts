/** Settings: a wrong environment is refused as a whole and in words, and the page about them is the table of the code. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig, loadStackConfig, SETTINGS, STACK_SETTINGS, type Environment } from '../config';
import { configurationPage } from '../dev/check/configuration-page';

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
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '10.0.0.0/8,'],
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
    ['LOG_LEVEL', 'loud'],
    ['WORKER_HEALTH_PORT', '0'],
    ['SHUTDOWN_GRACE_MS', '1e3'],
  ];

  test.each(wrongValues)(
    'of %s (%s) is refused naming the variable, the value and what is allowed',
    (variable, value) => {
      const error = configErrorOf({ ...REQUIRED, [variable]: value });
      const setting = Object.values(SETTINGS).find(({ env }) => env === variable);
      const shown = setting?.secret ? `(hidden, ${value.length} characters)` : JSON.stringify(value);
      expect(error.problems.map((problem) => problem.variable)).toEqual([variable]);
      expect(error.message).toContain(`${variable} is ${shown}; allowed: ${setting?.allowed}`);
      if (setting?.secret) expect(error.message).not.toContain(value);
    },
  );

  test('does not hide another: all are named at once', () => {
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

test('required values alone are enough, and all else has its default', () => {
  expect(loadConfig(REQUIRED)).toEqual({
    databaseUrl: REQUIRED.DATABASE_URL,
    temporalAddress: '127.0.0.1:7233',
    temporalNamespace: 'default',
    temporalTls: false,
    temporalUiUrl: 'http://127.0.0.1:8233',
    taskQueuePrefix: 'covenant',
    host: '127.0.0.1',
    port: 8080,
    publicUrl: 'http://127.0.0.1:8080',
    trustProxy: false,
    keyPepper: REQUIRED.COVENANT_KEY_PEPPER,
    stripeApiUrl: 'https://api.stripe.com',
    testClocks: true,
    logLevel: 'info',
    workerHealthPort: 8081,
    workerCommandSlots: 8,
    workerBillingSlots: 4,
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
});

test('proxies are trusted by number of hops or by network', () => {
  const trusted = (text: string) => loadConfig({ ...REQUIRED, TRUST_PROXY: text }).trustProxy;
  expect(trusted('2')).toBe(2);
  expect(trusted('10.0.0.0/8, 2001:db8::/32')).toEqual(['10.0.0.0/8', '2001:db8::/32']);
});

test('a billing source has one secret, or several while it is changed', () => {
  const config = loadConfig({
    ...REQUIRED,
    COVENANT_BILLING_STANDARD_SECRET: `${STANDARD_SECRET}, ${STANDARD_SECRET}`,
    STRIPE_WEBHOOK_SECRET: 'whsec_one',
  });
  expect(config.billingStandardSecrets).toEqual([STANDARD_SECRET, STANDARD_SECRET]);
  expect(config.stripeWebhookSecrets).toEqual(['whsec_one']);
});

test('the embedded stack needs no setting and takes an address of Temporal only when it is given one', () => {
  expect(loadStackConfig({}).temporalAddress).toBeUndefined();
  expect(loadStackConfig({ TEMPORAL_ADDRESS: '127.0.0.1:9999' }).temporalAddress).toBe('127.0.0.1:9999');
  expect(loadStackConfig({ XDG_CACHE_HOME: join('/', 'cache') }).cacheDir).toBe(join('/', 'cache', 'covenant'));
});

test('docs/configuration.md is the page that config.ts makes, and it has every variable', () => {
  const page = readFileSync(join(__dirname, '../docs/configuration.md'), 'utf8');
  expect(page).toBe(configurationPage());
  for (const { env } of [...Object.values(SETTINGS), ...Object.values(STACK_SETTINGS)])
    expect(page).toContain(`\`${env}\``);
});
