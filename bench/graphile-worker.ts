/** A generation job as a queue of chunk jobs in graphile-worker. */
import { chunkCount } from '../domain/generation/generation-job';
import type { Database } from '../db/base/database';
import { CONNECTIONS, drawKeys, insertBareChunk } from './bare-loop';
import type { BareJob } from './bare-loop';
import type { PeerQueue } from './peer-queue';
import { loadPeer } from './peer-packages';

/** The parts of graphile-worker 0.16 that are used. */
interface GraphileWorker {
  run(options: {
    connectionString: string;
    concurrency: number;
    noHandleSignals: boolean;
    logger: unknown;
    taskList: Record<string, (payload: { chunk_no: number }) => Promise<void>>;
  }): Promise<{ addJob(name: string, payload: object): Promise<unknown>; stop(): Promise<void> }>;
  Logger: new (factory: () => () => void) => unknown;
}

/**
 * Starts graphile-worker with one concurrent job for each connection. Its workers are notified of new jobs and do not
 * poll.
 */
export async function startGraphileWorker(database_url: string, connections: Database): Promise<PeerQueue> {
  const graphile = loadPeer<GraphileWorker>('graphile-worker');
  let fill: (chunk_no: number) => Promise<void> = async () => undefined;
  const runner = await graphile.run({
    connectionString: database_url,
    concurrency: CONNECTIONS,
    noHandleSignals: true,
    logger: new graphile.Logger(() => () => undefined),
    taskList: { fill_chunk: ({ chunk_no }) => fill(chunk_no) },
  });

  async function run(job: BareJob): Promise<void> {
    const chunks = chunkCount(job.requested, job.chunk_size);
    let done = 0;
    await new Promise<void>((resolve, reject) => {
      fill = async (chunk_no) => {
        try {
          await insertBareChunk(connections, job, chunk_no, drawKeys(job, chunk_no));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          throw error;
        }
        done += 1;
        if (done === chunks) resolve();
      };
      const added = Array.from({ length: chunks }, (_value, chunk_no) => runner.addJob('fill_chunk', { chunk_no }));
      Promise.all(added).catch(reject);
    });
  }

  return { run, end: () => runner.stop() };
}
