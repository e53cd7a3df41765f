/**
 * Wakes the workflow of an endpoint of webhooks when Postgres notifies that something is owed to it.
 *
 * It passes notifications on, and neither waits nor repeats: the driver keeps the connection, and the sweep finds what a lost notification
 * would have announced. Each worker listens, so that one that dies delays nothing; a workflow that is woken twice looks once more.
 */
import type { Nudger } from './activities/ports';
import type { Database } from './db/base/database';
import { WEBHOOK_CHANNEL, listDueEndpoints } from './db/webhook/queue';
import type { Instant } from './domain/base/instant';

/** Endpoints that are woken when the connection begins to listen. The sweep wakes the others. */
const FIRST_ENDPOINTS_MAX = 500;

export interface WebhookWakes {
  db: Database;
  nudger: Pick<Nudger, 'wakeEndpoints'>;
  clock: () => Promise<Instant>;
  /** Called when Postgres cannot be asked what is due. */
  onFailure: (error: unknown) => void;
}

/** Begins to listen. Returns a function that ends it. */
export async function wakeWebhooks({ db, nudger, clock, onFailure }: WebhookWakes): Promise<() => Promise<void>> {
  /** Endpoints that are being woken, and whether another notification came meanwhile. */
  const waking = new Map<string, boolean>();

  async function wake(endpoint_id: string): Promise<void> {
    const is_waking = waking.has(endpoint_id);
    waking.set(endpoint_id, is_waking);
    if (is_waking) return;
    await nudger.wakeEndpoints([endpoint_id]);
    const is_repeated = waking.get(endpoint_id);
    waking.delete(endpoint_id);
    if (is_repeated) await wake(endpoint_id);
  }

  /** Notifications from before the connection are lost. */
  async function wakeDue(): Promise<void> {
    try {
      await nudger.wakeEndpoints(await listDueEndpoints(db, await clock(), FIRST_ENDPOINTS_MAX));
    } catch (error) {
      onFailure(error);
    }
  }

  const listening = await db.listen(
    WEBHOOK_CHANNEL,
    (endpoint_id) => void wake(endpoint_id),
    () => void wakeDue(),
  );
  return () => listening.unlisten();
}
