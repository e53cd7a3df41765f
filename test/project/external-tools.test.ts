/** The list of external tools: which programs count as found, and that CI runs the tests that need them. */
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXTERNAL_TOOLS, findTool, installCommand } from '../../project/external-tools';
import type { ExternalTool } from '../../project/external-tools';

const ROOT = join(__dirname, '..', '..');
const EXTERNAL_TESTS = join(ROOT, 'test', 'external');
const PATH = process.env['PATH'];
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'external-tools-'));
  process.env['PATH'] = `${directory}:${PATH}`;
});
afterEach(() => {
  process.env['PATH'] = PATH;
  rmSync(directory, { recursive: true });
});

const TOOL: ExternalTool = {
  name: 'ruler',
  programs: ['covenant-ruler', 'covenant-ruler-2'],
  versionCommand: ['PROGRAM', '--version'],
  versionPattern: /ruler ([\d.]+)/,
  versionMin: '1.9.0',
  install: ['env', 'TO=INSTALL_DIRECTORY', 'install-ruler'],
};

function putProgram(name: string, version: string): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\necho "ruler ${version}"\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a tool is found by any of its names if its version is new enough, and versions are compared as numbers', () => {
  const path = putProgram('covenant-ruler-2', '1.10.0');
  expect(findTool(TOOL)).toEqual({ found: true, path });
});

test('for a missing or outdated tool the result contains the command that installs it', () => {
  expect(findTool(TOOL)).toEqual({
    found: false,
    why: expect.stringMatching(/^ruler is not installed; install it: env TO=\/.* install-ruler$/),
  });
  const path = putProgram('covenant-ruler', '1.8.7');
  expect(findTool(TOOL)).toEqual({
    found: false,
    why: expect.stringMatching(`^${path} is 1.8.7, and 1.9.0 or later is needed; install it: `),
  });
});

test.each(EXTERNAL_TOOLS)('$name has an install command with a fixed version, and a test uses it', (tool) => {
  expect(installCommand(tool).join(' ')).not.toMatch(/INSTALL_DIRECTORY|latest/);
  const tests = readdirSync(EXTERNAL_TESTS).map((file) => readFileSync(join(EXTERNAL_TESTS, file), 'utf8'));
  expect(tests.join()).toContain(`describeWithTool('${tool.name}'`);
});

test('CI runs the external tests in a separate step and counts them', () => {
  expect(readFileSync(join(ROOT, '.ci', 'run'), 'utf8')).toContain(
    'count_tests "$EXTERNAL_MINUTES" npm run test:external',
  );
});
