/** The lock files work on any machine: they name no registry, so npm uses the configured one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

function readRootFile(path: string): string {
  return readFileSync(join(__dirname, '..', '..', path), 'utf8');
}

test.each(['package-lock.json', 'bench/peers/package-lock.json'])('%s names no registry', (lock_file) => {
  expect(readRootFile(lock_file)).not.toContain('"resolved"');
});

test('every direct dependency is pinned to one version', () => {
  const { dependencies, devDependencies } = JSON.parse(readRootFile('package.json')) as Record<
    string,
    Record<string, string>
  >;
  for (const version of Object.values({ ...dependencies, ...devDependencies }))
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
});
