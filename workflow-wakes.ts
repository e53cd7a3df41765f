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
/** Endpoints that are woken at the same time. Hundreds would exceed the time that each of them has. */
const WAKES_IN_FLIGHT_MAX = 20;

export interface WebhookWakes {
  db: Database;
  nudger: Pick<Nudger, 'wakeEndpoints'>;
  clock: () => Promise<Instant>;
  /** Called when an endpoint cannot be woken, or Postgres cannot be asked what is due. */
  onFailure: (error: unknown) => void;
}

/** Begins to listen. Returns a function that ends it. */
export async function wakeWebhooks({ db, nudger, clock, onFailure }: WebhookWakes): Promise<() => Promise<void>> {
  /** Endpoints to wake, in the order of their notifications: those that fail come last (`owe_deliveries`). */
  const notified = new Set<string>();
  const waking = new Set<string>();

  /** A notification that comes while its endpoint is woken counts again. */
  function wakeNext(): void {
    for (const endpoint_id of notified) {
      if (waking.size >= WAKES_IN_FLIGHT_MAX) return;
      if (!waking.has(endpoint_id)) void wake(endpoint_id);
    }
  }

  async function wake(endpoint_id: string): Promise<void> {
    notified.delete(endpoint_id);
    waking.add(endpoint_id);
    try {
      await nudger.wakeEndpoints([endpoint_id]);
    } catch (error) {
      onFailure(error);
    } finally {
      waking.delete(endpoint_id);
      wakeNext();
    }
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
    (endpoint_id) => {
      notified.add(endpoint_id);
      wakeNext();
    },
    () => void wakeDue(),
  );
  return () => listening.unlisten();
}
