/** Logs tell what happened and never with which secret. */
import { createLog } from '../log';

function linesOf(write: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = [];
  write(createLog('test', 'info', { write: (line: string) => void lines.push(line) }));
  return lines.join('');
}

test('a secret is never written, however deep it stands', () => {
  const written = linesOf((log) => {
    log.info({ key: 'hunter2' }, 'flat');
    log.info({ request: { headers: { authorization: 'Bearer hunter2' } } }, 'deep');
    log.info({ config: { keyPepper: 'hunter2', nested: { secret: 'hunter2' } } }, 'settings');
  });
  expect(written).not.toContain('hunter2');
  expect(written).toContain('"msg":"deep"');
});

test('what is not secret is written, with the process and the time', () => {
  const written = JSON.parse(linesOf((log) => log.info({ request_id: 'r-1' }, 'request'))) as Record<string, unknown>;
  expect(written).toMatchObject({ process: 'test', request_id: 'r-1', msg: 'request' });
  expect(written['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
});
