/**
 * docker-compose.yml is valid by the published schema, not reachable from other machines, and uses only settings that
 * exist.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv, { type SchemaObject } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { loadConfig, SETTINGS } from '../../config';

interface Service {
  image: string;
  command?: string[];
  depends_on?: Record<string, { condition: string }>;
  environment?: Record<string, string>;
  ports?: string[];
  restart?: string;
  healthcheck?: unknown;
  deploy?: { resources?: { limits?: { cpus?: string; memory?: string } } };
}

interface ComposeFile {
  services: Record<string, Service>;
}

const compose = parse(readRootFile('docker-compose.yml'), { merge: true }) as ComposeFile;
const services = Object.entries(compose.services);
const ownServices = services.filter(([, service]) => service.image.startsWith('covenant:'));
const variablesKnown = Object.values(SETTINGS).map(({ env }) => env);

function readRootFile(path: string): string {
  return readFileSync(join(__dirname, '..', '..', path), 'utf8');
}

/** Replaces `${NAME:-default}` and `${NAME:?why}` as Compose does when only the required variables are set. */
function interpolate(text: string): string {
  return text.replace(/\$\{(\w+):([-?])([^}]*)\}/g, (_, name: string, kind: string, rest: string) =>
    kind === '-' ? rest : `set-by-the-operator-${name.toLowerCase()}`,
  );
}

test('the file is valid according to the Compose schema', () => {
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
  ajv
    .addFormat('ports', true)
    .addFormat('expose', true)
    .addFormat('subnet_ip_address', true)
    .addFormat('duration', true);
  const { $schema: _draft, ...schema } = JSON.parse(readRootFile('test/fixtures/compose-spec.json')) as SchemaObject;
  const validate = ajv.compile(schema); // The draft is ajv's own; under the address that the file gives it is not known.
  validate(compose);
  expect(validate.errors ?? []).toEqual([]);
  expect(validate({ services: { api: { imagee: 'typo' } } })).toBe(false);
});

test('it contains every part of the installation', () => {
  expect(Object.keys(compose.services).sort()).toEqual(
    [
      ...['api', 'worker', 'migrate', 'mail', 'postgres'],
      ...['temporal', 'temporal-schema', 'temporal-namespace', 'temporal-ui'],
    ].sort(),
  );
});

test('the Temporal server, its schema tool and its namespace tool have the same version', () => {
  const image = (name: string): string => compose.services[name]?.image ?? '';
  const version = image('temporal').split('temporalio/server:')[1];
  expect(version).toMatch(/^\$\{TEMPORAL_VERSION:-1\.\d+\.\d+\}$/);
  for (const name of ['temporal-schema', 'temporal-namespace'])
    expect(image(name)).toBe(`temporalio/admin-tools:${version}`);
  expect(JSON.stringify(compose)).not.toContain('auto-setup');
});

test('the API and the worker wait for the migrations and for the namespace', () => {
  for (const name of ['api', 'worker']) {
    expect(compose.services[name]?.depends_on).toEqual({
      migrate: { condition: 'service_completed_successfully' },
      'temporal-namespace': { condition: 'service_completed_successfully' },
    });
  }
});

test('shell variables in commands are escaped for Compose', () => {
  for (const [, { command = [] }] of services)
    for (const text of command) expect(text.replaceAll('$$', '')).not.toContain('$');
});

test.each(services)(
  '%s has a pinned image, a restart policy, limits, and ports on the loopback address only',
  (_, service) => {
    expect(service.image).toMatch(/:[\w.${}:-]+$/);
    expect(service.image).not.toMatch(/:latest$/);
    expect(service.restart).toBeDefined();
    expect(service.healthcheck).toBeDefined();
    expect(service.deploy?.resources?.limits).toEqual({ cpus: expect.any(String), memory: expect.any(String) });
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  },
);

test.each(ownServices)('%s gets only settings that config.ts knows, with values that it accepts', (_, service) => {
  const environment = service.environment ?? {};
  expect(variablesKnown).toEqual(expect.arrayContaining(Object.keys(environment)));
  const interpolated = Object.entries(environment).map(([name, text]) => [name, interpolate(text)]);
  expect(() => loadConfig(Object.fromEntries(interpolated) as Record<string, string>)).not.toThrow();
});

test('the image sets only variables that config.ts knows', () => {
  const env = /^ENV ((?:.*\\\n)*.*)/m.exec(readRootFile('Dockerfile'))?.[1] ?? '';
  const names = [...env.matchAll(/(\w+)=/g)].map((match) => match[1]).filter((name) => name !== 'NODE_ENV');
  expect(names).not.toEqual([]);
  expect(variablesKnown).toEqual(expect.arrayContaining(names));
});
