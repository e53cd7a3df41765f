/**
 * Test files run in one context, one after another. Changes of one file do not affect the next.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ENVIRONMENT = join(__dirname, '..', 'harness', 'environment.js');

/**
 * Runs code in the environment of a test file, and returns the state after the teardown. It runs in plain Node, without
 * this file's jest.
 */
function stateAfter(code: string): unknown {
  const script = `
    const Environment = require(${JSON.stringify(ENVIRONMENT)});
    const { AsyncLocalStorage } = require('node:async_hooks');
    const storage = new AsyncLocalStorage();
    const environment = new Environment({ projectConfig: { fakeTimers: {} } });
    const exit = process.exit;
    ${code}
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

test('changes of a file to the global object, the environment variables and process are restored', () => {
  expect(stateAfter('')).toEqual(CLEAN);
  const code = `
    globalThis.added = true;
    globalThis.JSON = { ...JSON, parse: 'replaced' };
    globalThis[Symbol.for('EVENT_HANDLERS')] = [];
    delete process.env.KEPT;
    process.env.CHANGED = 'after';
    process.env.ADDED = 'added';
    process.exit = () => undefined;
    storage.enterWith('store');`;
  expect(stateAfter(code)).toEqual(CLEAN);
});

test('state of packages on the global object remains, because packages are loaded once for all files', () => {
  expect(stateAfter(`globalThis[Symbol.for('a package')] = {};`)).toEqual({ ...CLEAN, package: 'object' });
});

test('jest stores which test runs without a cost for every promise', () => {
  const script = `
    require(${JSON.stringify(ENVIRONMENT)});
    const { AsyncLocalStorage } = require('node:async_hooks');
    const storage = new AsyncLocalStorage();
    const seen = [];
    const see = () => seen.push(storage.getStore()?.test?.name ?? storage.getStore()?.hook?.type ?? 'none');
    const later = (run) => async () => { await null; see(); await run?.(); see(); };
    const hook = () => storage.run({ hook: { type: 'beforeEach' } }, later());
    storage.run({ test: { type: 'test', name: 'first' } }, later(hook)).then(() => {
      see();
      // Node 20 has hooks for every promise while a storage is enabled.
      console.log(JSON.stringify({ seen, enabled: storage.enabled ?? false }));
    });`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect(JSON.parse(stdout)).toEqual({ seen: ['first', 'beforeEach', 'beforeEach', 'first', 'none'], enabled: false });
});
