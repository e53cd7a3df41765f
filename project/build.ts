/**
 * `npm run build` creates dist/ again, which runs without a compiler. It contains the product as JavaScript, one bundle
 * of its workflows, and the files that the product reads at run time (migrations, the page at /docs, openapi.json).
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { commandLine } from '../command-line';

const ROOT = join(__dirname, '..');
const DIST = join(ROOT, 'dist');
/** Files that the product reads at run time, at the same path as in the source. */
const RUNTIME_FILES = ['db/migrations', 'api/http/docs-page', 'openapi.json', 'package.json'];

async function build(): Promise<void> {
  const { unchecked } = commandLine(
    'npm run build --',
    'Build dist/ again: the product as JavaScript, with its workflows in one bundle.',
  )
    .option('--unchecked', 'do not check types, for use after `npm run check:types`; the result is the same')
    .parse()
    .opts<{ unchecked?: true }>();
  rmSync(DIST, { recursive: true, force: true });
  const compiler = [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'];
  if (unchecked) compiler.push('--noCheck');
  execFileSync(process.execPath, compiler, { cwd: ROOT, stdio: 'inherit' });
  for (const file of RUNTIME_FILES) {
    if (existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(DIST, file), { recursive: true });
  }
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(DIST, 'workflows/index.js'),
    logger: new DefaultLogger('WARN'),
  });
  writeFileSync(join(DIST, 'workflow-bundle.js'), code);
  console.log(`Built ${DIST} (workflow bundle of ${Math.round(code.length / 1024)} KiB).`);
}

build().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
