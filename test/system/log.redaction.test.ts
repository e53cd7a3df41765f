/** Logs never contain secrets. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createLog } from '../../log';
import { RUN_SOURCES } from '../../dev/run-sources';

function linesOf(write: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = [];
  write(createLog('test', 'info', { write: (line: string) => void lines.push(line) }));
  return lines.join('');
}

test('a secret is never written, at any nesting depth', () => {
  const written = linesOf((log) => {
    log.info({ key: 'hunter2' }, 'flat');
    log.info({ request: { headers: { authorization: 'Bearer hunter2' } } }, 'deep');
    log.info({ config: { keyPepper: 'hunter2', nested: { secret: 'hunter2' } } }, 'settings');
  });
  expect(written).not.toContain('hunter2');
  expect(written).toContain('"msg":"deep"');
});

test('an error is written with its code and causes, without the objects of its library and without secrets', () => {
  const connection: Record<string, unknown> = { name: 'connection' };
  connection['self'] = connection;
  const cause = Object.assign(new Error('namespace not found'), { code: 5, connection });
  const error = Object.assign(new Error('not set up', { cause }), { code: 'E_SET_UP', key: 'hunter2' });
  const line = linesOf((log) => log.warn({ err: error }, 'Temporal is not ready yet'));
  expect(line).not.toContain('hunter2');
  const { err } = JSON.parse(line) as { err: { cause: object } };
  expect(err).toMatchObject({ type: 'Error', message: 'not set up', code: 'E_SET_UP' });
  expect(err.cause).toEqual({ type: 'Error', message: 'namespace not found', code: 5, stack: cause.stack });
});

test('no cause of an error is written with a secret, however deep it is', () => {
  const error = [1, 2, 3, 4, 5, 6].reduce<Error | undefined>(
    (cause, n) => Object.assign(new Error(`error ${n}`, { cause }), { key: `secret ${n}` }),
    undefined,
  );
  const line = linesOf((log) => log.warn({ err: error }, 'failed'));
  expect(line).toContain('error 2');
  expect(line).not.toContain('secret');
});

test('other fields are written, with the process and the time', () => {
  const written = JSON.parse(linesOf((log) => log.info({ request_id: 'r-1' }, 'request'))) as Record<string, unknown>;
  expect(written).toMatchObject({ process: 'test', request_id: 'r-1', msg: 'request' });
  expect(written['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
});

test.each([
  ['ends normally', ''],
  ['calls process.exit', 'process.exit(3);'],
  ['throws an uncaught error', "setImmediate(() => { throw new Error('uncaught'); });"],
])('every line is written when the process %s', (_, ending) => {
  const program = `const { createLog } = require('./log.ts');
    const log = createLog('test', 'info');
    for (let line = 1; line <= 200; line++) log.info({ line }, 'last words');
    ${ending}`;
  const { stdout } = spawnSync(process.execPath, [...RUN_SOURCES, '-e', program], {
    cwd: join(__dirname, '..', '..'),
    encoding: 'utf8',
  });
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { line: number }).line);
  // Lines that were being written when the process ended can come after the last ones. Each line has its time.
  expect(lines.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
});
