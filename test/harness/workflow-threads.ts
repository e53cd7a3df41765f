/**
 * Lets the SDK's workers of a process use the threads of those that have ended. A worker runs its workflows in a thread that first loads the
 * bundle, which takes 0.3 s of CPU, and the tests start about a hundred workers. At any time a thread belongs to one worker.
 */
import type { Worker as Thread } from 'node:worker_threads';
import { ThreadedVMWorkflowCreator } from '@temporalio/worker/lib/workflow/threaded-vm';
import type { ThreadedVMWorkflowCreatorOptions, WorkerThreadClient } from '@temporalio/worker/lib/workflow/threaded-vm';

/** The threads of one worker, with the parts that the SDK keeps to itself. */
interface Threads {
  workerThreadClients: (Pick<WorkerThreadClient, 'getActiveWorkflowCount'> & {
    workerThread: Thread;
    workerExited: boolean;
  })[];
}

/** Marks the class of this process: all test files of a process share the SDK. */
const REUSES_THREADS = Symbol.for('covenant.test.reuses-threads');

/** Changes how the SDK makes and ends the threads of its workers, once for each process. */
export function reuseWorkflowThreads(): void {
  if (REUSES_THREADS in ThreadedVMWorkflowCreator) return;
  Object.assign(ThreadedVMWorkflowCreator, { [REUSES_THREADS]: true });
  const makeThreads = ThreadedVMWorkflowCreator.create.bind(ThreadedVMWorkflowCreator);
  const idle = new Map<string, ThreadedVMWorkflowCreator[]>();

  ThreadedVMWorkflowCreator.create = async (options) => {
    const kind = kindOf(options);
    if (kind === undefined) return makeThreads(options);
    const reused = idle.get(kind)?.pop();
    for (const { workerThread } of clientsOf(reused)) workerThread.ref();
    if (reused !== undefined) return reused;

    const threads = await makeThreads(options);
    const end = threads.destroy.bind(threads);
    threads.destroy = async () => {
      const clients = clientsOf(threads);
      if (clients.some((client) => client.workerExited || client.getActiveWorkflowCount() > 0)) return end();
      // An idle thread does not keep the process running.
      for (const { workerThread } of clients) workerThread.unref();
      idle.set(kind, [...(idle.get(kind) ?? []), threads]);
    };
    return threads;
  };
}

/** What workers with exchangeable threads have in common. Undefined for a worker whose threads call it. */
function kindOf(options: ThreadedVMWorkflowCreatorOptions): string | undefined {
  const { workflowBundle, registeredActivityNames, patchActivationCallback, logger: _logger, ...limits } = options;
  if (patchActivationCallback !== undefined) return undefined;
  return JSON.stringify([workflowBundle.filename, [...registeredActivityNames].sort(), limits]);
}

function clientsOf(threads: ThreadedVMWorkflowCreator | undefined): Threads['workerThreadClients'] {
  return (threads as unknown as Threads | undefined)?.workerThreadClients ?? [];
}
