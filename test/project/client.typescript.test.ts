/** The program docs/clients/typescript: what it does, and that its types fit the types that a partner generates. */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { testClientProgram } from '../harness/client-program';
import { makeRunDirectory } from '../harness/run-directory';

const ROOT = join(__dirname, '..', '..');
const CLIENT = join(ROOT, 'docs', 'clients', 'typescript');
const TYPES_TIMEOUT_MS = 120_000;
/** The settings of TypeScript in a partner's project. */
const MODULES = [
  ['node20', 'node16'],
  ['esnext', 'bundler'],
];

testClientProgram([
  process.execPath,
  '--import',
  join(ROOT, 'node_modules/tsx/dist/loader.mjs'),
  join(CLIENT, 'generate.ts'),
]);

test(
  'its types are correct under strict, with the types that openapi-typescript generates from the whole document',
  () => {
    const directory = makeRunDirectory('client-types');
    try {
      for (const file of ['client.ts', 'generate.ts']) cpSync(join(CLIENT, file), join(directory, file));
      symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
      const run = (program: string, ...args: string[]): void => {
        const options = { cwd: directory, encoding: 'utf8', stdio: 'pipe' } as const;
        execFileSync(process.execPath, [join(ROOT, 'node_modules', program), ...args], options);
      };
      run('openapi-typescript/bin/cli.js', join(ROOT, 'openapi.json'), '-o', 'covenant.d.ts');
      for (const [module = '', resolution = ''] of MODULES)
        run(
          'typescript/bin/tsc',
          ...['--strict', '--noEmit', '--skipLibCheck', '--target', 'es2022', '--types', 'node'],
          ...['--module', module, '--moduleResolution', resolution, 'generate.ts'],
        );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  TYPES_TIMEOUT_MS,
);
