/** Looks at the quota of a contract, and records that it is exceeded, or no longer, with the notices that follow (domain.md 4.5). */
import { insertAudit } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { lockQuota } from '../../db/contract/quota';
import { takeExceeding } from '../../db/generation/refused-attempt';
import {
  findOpenEpisode,
  findQuotaToJudge,
  insertEpisode,
  insertNotice,
  recordLimitStart,
  updateEpisode,
} from '../../db/notification/limit-episode';
import type { QuotaToJudge } from '../../db/notification/limit-episode';
import { SYSTEM } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { judgeLimit, nextLookAt } from '../../domain/notification/limit-episode';
import type { LimitEpisode, LimitNotice } from '../../domain/notification/limit-episode';
import type { Limit } from '../../domain/webhook/limit-event';

const LIMIT: Limit = 'quota';

export interface JudgedLimit {
  /** Whether the limit is exceeded. */
  is_open: boolean;
  /** The number of the notice that this look wrote; null: none. */
  notice: number | null;
  /** When the next look is due; null when there is none to wait for: the limit is not exceeded, or a test clock decides. */
  next_look_at: Instant | null;
}

interface QuotaLook {
  contract_id: string;
  /** The real time. A contract on a test clock uses that clock. */
  now: Instant;
  /** The server on which the workflow was started. */
  epoch?: string | undefined;
}

/**
 * Takes the refusals since the last look, decides, and writes the notice, with its domain event and audit row. The quota row stays locked,
 * so looks at the same time follow each other, and the second one finds nothing new. Call it inside a transaction.
 */
export async function judgeQuota(tx: Sql, { contract_id, now: real_now, epoch }: QuotaLook): Promise<JudgedLimit> {
  await lockQuota(tx, contract_id);
  const quota = await findQuotaToJudge(tx, contract_id);
  if (!quota) return { is_open: false, notice: null, next_look_at: null };
  const now = quota.clock_now ?? real_now;
  const before = await findOpenEpisode(tx, contract_id, LIMIT);
  const refused = await takeExceeding(tx, contract_id);
  const { closed, open, notice } = judgeLimit(before ?? null, { ...quota, now, refused });
  const record = recorder(tx, contract_id, quota, now);
  if (closed !== null && before !== undefined) {
    await updateEpisode(tx, before.id, closed.episode, { closed_at: now, close_reason: closed.reason });
    await record.audit('limit.episode_closed', { episode_id: before.id, limit: LIMIT, reason: closed.reason });
  }
  if (open === null) return { is_open: false, notice: null, next_look_at: null };
  const next_look_at = nextLookAt(open, now);
  const is_same = before !== undefined && closed === null;
  const id = is_same ? before.id : await insertEpisode(tx, { contract_id, limit: LIMIT, next_look_at }, open);
  if (is_same) await updateEpisode(tx, id, open, { next_look_at });
  await recordLimitStart(tx, contract_id, epoch);
  if (notice !== null) await record.notice(id, notice, open);
  return {
    is_open: true,
    notice: notice?.number ?? null,
    next_look_at: quota.clock_now === null ? next_look_at : null,
  };
}

/** Writes what people see of a look. */
function recorder(tx: Sql, contract_id: string, { environment, clock_now }: QuotaToJudge, at: Instant) {
  const subject = { subject_type: 'contract', subject_id: contract_id, contract_id, environment } as const;
  const clock = clock_now === null ? 'real' : 'test';
  const audit = (action: string, after: JsonObject) =>
    insertAudit(tx, [{ at, actor: SYSTEM, action, ...subject, after, clock }]);

  async function writeNotice(episode_id: string, notice: LimitNotice, episode: LimitEpisode): Promise<void> {
    const { demand, limit_value, used, largest_request, opened_at } = episode;
    const said = { limit: LIMIT, episode_id, ...notice, demand, limit_value, used, largest_request };
    await insertNotice(tx, episode_id, notice, episode);
    await audit('limit.exceeded', said);
    const data = { contract_id, ...said, opened_at };
    await insertDomainEvents(tx, contract_id, [{ at, type: 'limit.exceeded', environment, data }]);
  }

  return { audit, notice: writeNotice };
}
