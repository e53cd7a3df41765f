/** The lock file fits any machine: it names the public registry alone, which npm replaces by the one that is configured. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PUBLIC_REGISTRY = 'registry.npmjs.org';

function readRootFile(path: string): string {
  return readFileSync(join(__dirname, '..', path), 'utf8');
}

test('the lock file names no private registry', () => {
  const hosts = [...readRootFile('package-lock.json').matchAll(/"resolved": "([^"]+)"/g)].map(
    (match) => match[1] ?? '',
  );
  expect(hosts.filter((address) => new URL(address).host !== PUBLIC_REGISTRY)).toEqual([]);
});

test('every direct dependency is pinned to one version', () => {
  const { dependencies, devDependencies } = JSON.parse(readRootFile('package.json')) as Record<
    string,
    Record<string, string>
  >;
  for (const version of Object.values({ ...dependencies, ...devDependencies }))
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
});
