/**
 * `npm run check`: runs every `check:…` script of package.json, also after one has failed, shows the output of those that failed
 * and the lines of others that begin with `notice: `, and ends with one line for each part and one for all. Exit code 1 when any
 * part failed.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pMap from 'p-map';
import { parseNoArguments } from '../command-line';

interface PartResult {
  name: string;
  passed: boolean;
  output: string;
  duration_ms: number;
}

const ROOT = join(__dirname, '..');
const SCRIPT_PREFIX = 'check:';
/** More parallel parts only compete for memory: three of the parts load the whole program. */
const PARTS_AT_ONCE_MAX = 3;

function partNames(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  return Object.keys(scripts).filter((name) => name.startsWith(SCRIPT_PREFIX));
}

function runPart(script: string): Promise<PartResult> {
  const name = script.slice(SCRIPT_PREFIX.length);
  const begun = Date.now();
  return new Promise((resolve) => {
    // A shell is needed, because npm is a script on Windows.
    const child = spawn(`npm run --silent ${script}`, { cwd: ROOT, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (output += text.toString()));
    const end = (passed: boolean) => resolve({ name, passed, output, duration_ms: Date.now() - begun });
    child.on('error', (error) => {
      output += error.message;
      end(false);
    });
    child.on('close', (code) => end(code === 0));
  });
}

async function main(): Promise<void> {
  parseNoArguments('npm run check', `Run every ${SCRIPT_PREFIX}… script of package.json and name those that fail.`);
  const results: PartResult[] = [];
  async function runAndShow(script: string): Promise<void> {
    const result = await runPart(script);
    results.push(result);
    if (!result.passed) console.log(`\n── ${result.name} ──\n${result.output.trim()}`);
    else for (const notice of result.output.match(/^notice: .*$/gm) ?? []) console.log(`${result.name}: ${notice}`);
  }
  await pMap(partNames(), runAndShow, { concurrency: Math.min(PARTS_AT_ONCE_MAX, availableParallelism()) });

  console.log('');
  for (const { name, passed, duration_ms } of results) {
    console.log(`${passed ? 'passed' : 'FAILED'}  ${name} (${(duration_ms / 1000).toFixed(1)} s)`);
  }
  const failed = results.filter((result) => !result.passed).length;
  console.log(`\ncheck: ${results.length - failed} of ${results.length} parts passed`);
  if (failed > 0) process.exitCode = 1;
}

void main();
