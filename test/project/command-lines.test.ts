/** Every script that a user starts prints its purpose for `--help`, and refuses unknown arguments. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_SOURCES } from '../../dev/run-sources';

const ROOT = join(__dirname, '..', '..');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** The project's files that package.json starts. Files in `dist` are mapped to their sources. */
const started = [
  ...new Set(
    Object.values(scripts).flatMap((script) =>
      [...script.matchAll(/(?:tsx|node) (?:--import tsx )?([\w/-]+)\.[jt]s/g)].map(
        ([, file]) => `${(file ?? '').replace(/^dist\//, '')}.ts`,
      ),
    ),
  ),
].sort();

test('the list of scripts is complete', () => {
  expect(started).toEqual(
    expect.arrayContaining(['dev/main.ts', 'dev/reset.ts', 'demo/main.ts', 'worker.ts', 'api/main.ts', 'cli/main.ts']),
  );
});

test.each(started)('%s parses its arguments', (file) => {
  expect(readFileSync(join(ROOT, file), 'utf8')).toMatch(/\b(parseNoArguments|commandLine|new Command)\(/);
});

test('npm run generate starts one program, so that its arguments apply to all its steps', () => {
  expect(scripts['generate']?.match(/tsx [\w/.-]+/g)).toEqual(['tsx project/generate.ts']);
});

test.each(['--help', '--no-such-option'])('npm run demo starts no stack with %s', async (argument) => {
  const { code, stdout, stderr } = await run('demo/main.ts', argument);
  if (argument === '--help') expect([code, stdout.split(' [')[0], stderr]).toEqual([0, 'Usage: npm run demo', '']);
  else expect([code, stdout, stderr.split('\n')[0]]).toEqual([1, '', "error: unknown option '--no-such-option'"]);
});

test('npm run prove-time-zones prints its own command in messages, and accepts two versions or none', async () => {
  const file = 'test/harness/compare-node-versions.ts';
  const help = await run(file, '--help');
  expect([help.code, help.stdout.split(' [')[0]]).toEqual([0, 'Usage: npm run prove-time-zones --']);
  const { code, stdout, stderr } = await run(file, '20');
  const missing =
    'error: two versions of Node are required, but one is given; add another: npm run prove-time-zones -- 20 24';
  expect([code, stdout, stderr.split('\n')[0]]).toEqual([1, '', missing]);
});

test('npm run bench offers two Temporal servers for a stack of its own, and a running stack keeps its own server', async () => {
  const [help, unknown, running] = await Promise.all([
    run('bench/main.ts', 'boundaries', '--help'),
    run('bench/main.ts', 'generation', '--temporal', 'sqlite'),
    run('bench/main.ts', 'billing', '--temporal', 'postgres', '--stack', 'dev.json'),
  ]);
  expect(help.stdout).toMatch(/--temporal <server>[^]+choices:\s+"dev",\s+"postgres",\s+default:\s+"dev"/);
  expect([unknown.code, unknown.stdout, running.code, running.stdout]).toEqual([1, '', 1, '']);
  expect(unknown.stderr).toContain("argument 'sqlite' is invalid. Allowed choices are dev, postgres.");
  expect(running.stderr).toContain("cannot be used with option '--stack <dev.json>'");
});

function run(file: string, ...given: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = [...RUN_SOURCES, file, ...given];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd: ROOT }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
