/**
 * `npm run build` creates dist/ again, which runs without a compiler. It contains the product as JavaScript, one bundle
 * of its workflows, and the files that the product reads at run time (migrations, the page at /docs, openapi.json).
 * The compiler is that of the tests and of the development stack, so what runs is what was tested. It does not check types; tsc does
 * before it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { transformFileSync } from '@swc/core';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { commandLine } from '../command-line';
import swcOptions from '../dev/swc-options.cjs';
import { include } from '../tsconfig.build.json';
import { buildAdminPages } from './admin-pages';

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
  if (!unchecked) checkTypes();
  include.flatMap(sourceFiles).forEach(compile);
  for (const file of RUNTIME_FILES) {
    if (existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(DIST, file), { recursive: true });
  }
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(DIST, 'workflows/index.js'),
    logger: new DefaultLogger('WARN'),
  });
  writeFileSync(join(DIST, 'workflow-bundle.js'), code);
  await buildAdminPages();
  console.log(`Built ${DIST} (workflow bundle of ${Math.round(code.length / 1024)} KiB).`);
}

function checkTypes(): void {
  const tsc = [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'];
  execFileSync(process.execPath, tsc, { cwd: ROOT, stdio: 'inherit' });
}

/** The TypeScript files of an entry of tsconfig.build.json: those of a folder with its folders, or those at the top level (`*.ts`). */
function sourceFiles(entry: string): string[] {
  const at_top = entry === '*.ts';
  const folder = at_top ? ROOT : join(ROOT, entry);
  return readdirSync(folder, { recursive: !at_top, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => join(folder, file));
}

/** Writes the JavaScript of a source file, and its source map, to the same path in dist/. */
function compile(file: string): void {
  const target = join(DIST, relative(ROOT, file)).replace(/\.tsx?$/, '.js');
  const map = `${basename(target)}.map`;
  const { code, map: content = '' } = transformFileSync(file, {
    ...swcOptions,
    swcrc: false,
    sourceMaps: true,
    sourceFileName: relative(dirname(target), file),
  });
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, `${code}//# sourceMappingURL=${map}\n`);
  writeFileSync(join(dirname(target), map), content);
}

build().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
