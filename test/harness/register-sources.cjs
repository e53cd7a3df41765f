/**
 * Runs TypeScript in a process that a test starts: `node --require test/harness/register-sources.cjs worker.ts`. Each file is compiled
 * once and kept. With `--import tsx`, which developers use, a process needs 0.5 s of computing more before it begins, and the tests
 * start more than a hundred.
 */
const { createHash, randomUUID } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const options = require('./swc-options.cjs');

const KEPT = join(__dirname, '..', '..', 'node_modules', '.cache', 'covenant-test');
/** What was compiled in another way is not found. */
const SETTINGS = JSON.stringify([options, require('@swc/core/package.json').version]);

Module._extensions['.ts'] = (module, file) => module._compile(compiled(file), file);

function compiled(file) {
  const { mtimeMs, size } = statSync(file);
  const name = createHash('sha1').update(`${SETTINGS} ${file} ${mtimeMs} ${size}`).digest('hex');
  const kept = join(KEPT, `${name}.js`);
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    const { code } = require('@swc/core').transformSync(readFileSync(file, 'utf8'), {
      ...options,
      filename: file,
      swcrc: false,
    });
    mkdirSync(KEPT, { recursive: true });
    const draft = `${kept}.${randomUUID()}`;
    writeFileSync(draft, code);
    renameSync(draft, kept);
    return code;
  }
}
