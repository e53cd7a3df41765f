/**
 * Runs TypeScript in a process of a stack or of a test: `node --require ./dev/register-sources.cjs worker.ts`. Each file is compiled once
 * and cached by its content. With `--import tsx` a worker takes 0.6 s more of CPU to start, and the tests start more than a hundred
 * processes.
 */
const { createHash, randomUUID } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { basename, join } = require('node:path');
const options = require('./swc-options.cjs');

const CACHE = join(__dirname, '..', 'node_modules', '.cache', 'covenant-sources');
/** Part of the cache key, so that code compiled with other options is not used. */
const SETTINGS = JSON.stringify([options, require('@swc/core/package.json').version]);

for (const extension of ['.ts', '.tsx']) {
  Module._extensions[extension] = (module, file) => module._compile(compiled(file), file);
}

function compiled(file) {
  const source = readFileSync(file, 'utf8');
  // Equal files of two checkouts share an entry. Source maps name a file without its folder, which is that of the running file.
  const name = basename(file);
  const key = createHash('sha1').update(`${SETTINGS} ${name} ${source}`).digest('hex');
  const cached = join(CACHE, `${key}.js`);
  try {
    return readFileSync(cached, 'utf8');
  } catch {
    const { code } = require('@swc/core').transformSync(source, { ...options, filename: name, swcrc: false });
    mkdirSync(CACHE, { recursive: true });
    const temporaryFile = `${cached}.${randomUUID()}`;
    writeFileSync(temporaryFile, code);
    renameSync(temporaryFile, cached);
    return code;
  }
}
