/**
 * Wakes workflows when Postgres notifies that something is owed: the one that delivers to an endpoint of webhooks, and the one that plans
 * mails.
 *
 * It passes notifications on, and neither waits nor repeats: the driver keeps the connection, and the sweep finds what a lost notification
 * would have announced. Each worker listens, so that one that dies delays nothing; a workflow that is woken twice looks once more.
 */
import type { Nudger } from './activities/ports';
import type { Database } from './db/base/database';
import { NOTICE_CHANNEL } from './db/notification/notice-queue';
import { WEBHOOK_CHANNEL, listDueEndpoints } from './db/webhook/queue';
import type { Instant } from './domain/base/instant';

/** Endpoints that are woken when the connection begins to listen. The sweep wakes the others. */
const FIRST_ENDPOINTS_MAX = 500;
/** Workflows that are woken at the same time. Hundreds would exceed the time that each of them has. */
const WAKES_IN_FLIGHT_MAX = 20;

interface Wakes {
  db: Database;
  /** The channel whose notifications name what to wake. */
  channel: string;
  /** Wakes what a notification names. */
  wake: (name: string) => Promise<unknown>;
  /** Wakes what is due when the connection begins to listen, because earlier notifications are lost. */
  wakeDue: () => Promise<unknown>;
  /** Called when a workflow cannot be woken, or Postgres cannot be asked what is due. */
  onFailure: (error: unknown) => void;
}

export interface WebhookWakes extends Pick<Wakes, 'db' | 'onFailure'> {
  nudger: Pick<Nudger, 'wakeEndpoints'>;
  clock: () => Promise<Instant>;
}

export interface NoticeWakes extends Pick<Wakes, 'db' | 'onFailure'> {
  nudger: Pick<Nudger, 'planNotifications'>;
}

/** Begins to wake the deliveries of webhooks. Returns a function that ends it. */
export function wakeWebhooks({ db, nudger, clock, onFailure }: WebhookWakes): Promise<() => Promise<void>> {
  return wakeByNotifications({
    ...{ db, channel: WEBHOOK_CHANNEL, onFailure },
    wake: (endpoint_id) => nudger.wakeEndpoints([endpoint_id]),
    wakeDue: async () => nudger.wakeEndpoints(await listDueEndpoints(db, await clock(), FIRST_ENDPOINTS_MAX)),
  });
}

/** Begins to wake the planning of mails. Returns a function that ends it. */
export function wakePlanning({ db, nudger, onFailure }: NoticeWakes): Promise<() => Promise<void>> {
  const wake = () => nudger.planNotifications();
  return wakeByNotifications({ db, channel: NOTICE_CHANNEL, wake, wakeDue: wake, onFailure });
}

async function wakeByNotifications({ db, channel, wake, wakeDue, onFailure }: Wakes): Promise<() => Promise<void>> {
  /** What to wake, in the order of the notifications: endpoints that fail come last (`owe_deliveries`). */
  const notified = new Set<string>();
  const waking = new Set<string>();

  /** A notification that comes while its workflow is woken counts again. */
  function wakeNext(): void {
    for (const name of notified) {
      if (waking.size >= WAKES_IN_FLIGHT_MAX) return;
      if (!waking.has(name)) void wakeOne(name);
    }
  }

  async function wakeOne(name: string): Promise<void> {
    notified.delete(name);
    waking.add(name);
    try {
      await wake(name);
    } catch (error) {
      onFailure(error);
    } finally {
      waking.delete(name);
      wakeNext();
    }
  }

  const listening = await db.listen(
    channel,
    (name) => {
      notified.add(name);
      wakeNext();
    },
    () => void wakeDue().catch(onFailure),
  );
  return () => listening.unlisten();
}
