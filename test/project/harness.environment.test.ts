/**
 * Test files run in one context, one after another: what one leaves behind does not reach the next.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ENVIRONMENT = join(__dirname, '..', 'harness', 'environment.js');

/** What a file does, and what is left of it afterwards. Run by Node itself, in which nothing of this file's jest is loaded. */
function leftBy(deeds: string): unknown {
  const script = `
    const Environment = require(${JSON.stringify(ENVIRONMENT)});
    const { AsyncLocalStorage } = require('node:async_hooks');
    const storage = new AsyncLocalStorage();
    const environment = new Environment({ projectConfig: { fakeTimers: {} } });
    const exit = process.exit;
    ${deeds}
    environment.teardown().then(() => {
      console.log(JSON.stringify({
        added: typeof globalThis.added,
        parsed: JSON === globalThis.replaced ? 'replaced' : typeof JSON.parse,
        state: Object.getOwnPropertySymbols(globalThis).filter((key) => key.description === 'EVENT_HANDLERS').length,
        package: typeof globalThis[Symbol.for('a package')],
        variables: [process.env.KEPT, process.env.CHANGED, process.env.ADDED ?? 'none'],
        exit: process.exit === exit,
        store: storage.getStore() ?? 'none',
      }));
    });`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    env: { KEPT: 'kept', CHANGED: 'before', PATH: process.env['PATH'] },
    encoding: 'utf8',
  });
  return stderr === '' ? (JSON.parse(stdout) as unknown) : stderr;
}

const CLEAN = {
  added: 'undefined',
  parsed: 'function',
  state: 0,
  package: 'undefined',
  variables: ['kept', 'before', 'none'],
  exit: true,
  store: 'none',
};

test('what a file leaves on the global object, in the environment and in process is put back', () => {
  expect(leftBy('')).toEqual(CLEAN);
  const deeds = `
    globalThis.added = true;
    globalThis.JSON = { ...JSON, parse: 'replaced' };
    globalThis[Symbol.for('EVENT_HANDLERS')] = [];
    delete process.env.KEPT;
    process.env.CHANGED = 'after';
    process.env.ADDED = 'added';
    process.exit = () => undefined;
    storage.enterWith('store');`;
  expect(leftBy(deeds)).toEqual(CLEAN);
});

test('what a package keeps on the global object stays, since packages are loaded once for all files', () => {
  expect(leftBy(`globalThis[Symbol.for('a package')] = {};`)).toEqual({ ...CLEAN, package: 'object' });
});
