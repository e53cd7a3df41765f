/**
 * Runs TypeScript in a process that a test starts: `node --require ./dev/register-sources.cjs worker.ts`. Each
 * file is compiled once and cached. With `--import tsx`, which developers use, a process needs 0.5 s more CPU before it
 * starts, and the tests start more than a hundred.
 */
const { createHash, randomUUID } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const options = require('./swc-options.cjs');

const CACHE = join(__dirname, '..', 'node_modules', '.cache', 'covenant-test');
/** Part of the cache key, so that code compiled with other options is not used. */
const SETTINGS = JSON.stringify([options, require('@swc/core/package.json').version]);

Module._extensions['.ts'] = (module, file) => module._compile(compiled(file), file);

function compiled(file) {
  const { mtimeMs, size } = statSync(file);
  const name = createHash('sha1').update(`${SETTINGS} ${file} ${mtimeMs} ${size}`).digest('hex');
  const cached = join(CACHE, `${name}.js`);
  try {
    return readFileSync(cached, 'utf8');
  } catch {
    const { code } = require('@swc/core').transformSync(readFileSync(file, 'utf8'), {
      ...options,
      filename: file,
      swcrc: false,
    });
    mkdirSync(CACHE, { recursive: true });
    const temporaryFile = `${cached}.${randomUUID()}`;
    writeFileSync(temporaryFile, code);
    renameSync(temporaryFile, cached);
    return code;
  }
}
