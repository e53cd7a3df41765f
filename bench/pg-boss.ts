/** A generation job as a queue of chunk jobs in pg-boss. */
import { chunkCount } from '../domain/generation/generation-job';
import type { Database } from '../db/base/database';
import { CONNECTIONS, drawKeys, insertBareChunk } from './bare-loop';
import type { BareJob } from './bare-loop';
import type { PeerQueue } from './peer-queue';
import { loadPeer } from './peer-packages';

/** The parts of pg-boss 10 that are used. */
interface PgBoss {
  on(event: 'error', listener: (error: Error) => void): void;
  start(): Promise<unknown>;
  createQueue(name: string): Promise<void>;
  insert(jobs: { name: string; data: object }[]): Promise<void>;
  work(
    name: string,
    options: object,
    handler: (jobs: { data: { chunk_no: number } }[]) => Promise<void>,
  ): Promise<string>;
  notifyWorker(id: string): void;
  offWork(name: string): Promise<void>;
  stop(options: { graceful: boolean; wait: boolean }): Promise<void>;
}

type PgBossClass = new (options: { connectionString: string }) => PgBoss;

/** The shortest interval that pg-boss allows. */
const POLLING_SECONDS = 0.5;

/**
 * Starts pg-boss. One worker for each connection fetches its share of the chunks in one batch, like an activity of the
 * product, and is notified of new jobs. Without the notification it would wait for the polling interval before and
 * after each fetch.
 */
export async function startPgBoss(database_url: string, connections: Database): Promise<PeerQueue> {
  const Boss = loadPeer<PgBossClass>('pg-boss');
  const boss = new Boss({ connectionString: database_url });
  let failed: (error: Error) => void = () => undefined;
  boss.on('error', (error) => failed(error));
  await boss.start();
  await boss.createQueue('chunks');

  async function run(job: BareJob): Promise<void> {
    const chunks = chunkCount(job.requested, job.chunk_size);
    let done = 0;
    await new Promise<void>((resolve, reject) => {
      failed = reject;
      const options = { pollingIntervalSeconds: POLLING_SECONDS, batchSize: Math.ceil(chunks / CONNECTIONS) };
      const fill = async (batch: { data: { chunk_no: number } }[]): Promise<void> => {
        for (const { data } of batch) {
          await insertBareChunk(connections, job, data.chunk_no, drawKeys(job, data.chunk_no));
          done += 1;
        }
        if (done === chunks) resolve();
      };
      const all = Array.from({ length: chunks }, (_value, chunk_no) => ({ name: 'chunks', data: { chunk_no } }));
      const workers = Array.from({ length: CONNECTIONS }, () => boss.work('chunks', options, fill));
      Promise.all(workers)
        .then(async (ids) => {
          await boss.insert(all);
          ids.forEach((id) => boss.notifyWorker(id));
        })
        .catch(reject);
    });
    await boss.offWork('chunks');
  }

  return { run, end: () => boss.stop({ graceful: false, wait: true }) };
}
