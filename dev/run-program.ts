/**
 * Runs a program until it ends, with a watchdog: the program also ends when this process does.
 */
import { startManagedProcess, type ProcessSpec } from './managed-process';

/**
 * Resolves when the program has ended with code 0. Otherwise throws an error with the last line that it printed to
 * stderr. `signal` stops the program; then the signal's reason is thrown.
 */
export async function runProgram(spec: ProcessSpec, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  let lastLine = '';
  const running = await startManagedProcess({
    ...spec,
    onLine(line) {
      lastLine = line;
      spec.onLine?.(line);
    },
  });
  const abort = (): void => void running.stop();
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted === true) abort();
  const exit = await running.exited;
  signal?.removeEventListener('abort', abort);
  signal?.throwIfAborted();
  if (exit.code !== 0) throw new Error(`${spec.name} ended with ${exit.code ?? exit.signal}: ${lastLine}`);
}
