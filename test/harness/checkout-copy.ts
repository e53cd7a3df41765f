/** A copy of this checkout in another folder, with the files that a fresh clone has. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const PROJECT = join(__dirname, '..', '..');

/**
 * Makes the folder. Its `node_modules` is a link to that of the project, in place of `npm ci`, which takes a minute and is the first step of
 * `.ci/run`. Files and folders keep their times: a stack compares them with its workflow bundle.
 */
export function copyCheckout(directory: string): void {
  const ignored = readFileSync(join(PROJECT, '.gitignore'), 'utf8')
    .split('\n')
    .map((line) => line.replace(/\/$/, ''));
  const names = readdirSync(PROJECT).filter((name) => name !== '.git' && !ignored.includes(name));
  mkdirSync(directory);
  const { status, stderr } = spawnSync('cp', ['-a', ...names, directory], { cwd: PROJECT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The checkout was not copied: ${stderr}`);
  symlinkSync(join(PROJECT, 'node_modules'), join(directory, 'node_modules'));
}
