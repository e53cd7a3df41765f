/** Requests the import of a file that has arrived: at once, or by a job. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { findGenerationProfile, refreshTerms } from '../../db/contract/license-terms';
import { claimQuota, refreshGrants, releaseQuota } from '../../db/contract/quota';
import { endJob } from '../../db/generation/job-state';
import { insertImportChunk, storeChunkResult } from '../../db/import/chunk';
import type { ReadChunk } from '../../db/import/chunk';
import {
  announceCounts,
  completeImport,
  findImport,
  findImportOfFile,
  insertImport,
  insertImportJob,
  keepUntil,
} from '../../db/import/import';
import type { ImportRecord } from '../../db/import/import';
import { findImportPlan } from '../../db/import/plan';
import type { Channel } from '../../domain/base/channel';
import type { Act } from '../../domain/base/edit';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { licenseExpiry } from '../../domain/contract/expiry';
import type { Nudge } from '../../domain/contract/nudge';
import { claimRefusal } from '../../domain/contract/quota';
import { generationRefusal } from '../../domain/generation/generation';
import { REPORT_KEPT_DAYS, ROWS_KEPT_DAYS, finalImportState, repeatDecision } from '../../domain/import/import';
import type { DuplicateRule } from '../../domain/import/import';
import { IMPORT_CHUNK_ROWS, IMPORT_INLINE_ROWS_MAX } from '../../domain/import/file';
import { settleForGrant } from '../contract/check-contract';
import { importRows } from './import-rows';

/** A file that has arrived. */
export interface ReceivedFile {
  /** The id of the import. */
  id: string;
  contract_id: string;
  duplicates: DuplicateRule;
  rows: number;
  /** The most licenses that the file can have, for which quota is claimed. */
  accepted: number;
  bytes: number;
  sha256: string;
  /** The rows, if the request imports them; null when they are stored for a job. */
  inline: ReadChunk | null;
}

/** The states of an import that imported a license. */
type EventState = 'SUCCEEDED' | 'PARTIAL' | 'CANCELLED';

export interface RequestedImport {
  /** The import, or the refusal of one. Boundaries of the contract that were due stay applied after a refusal. */
  result: { record: ImportRecord; replayed: boolean } | Refusal;
  nudge: Nudge;
}

/**
 * Creates the job of an import under the lock of its contract, and claims quota for the rows that can be imported. The rows of a small file
 * are imported in the same transaction. A file that was imported before can get its earlier import (`repeatDecision`). Call it inside a
 * transaction.
 */
export async function requestImport(
  tx: Sql,
  file: ReceivedFile,
  { channel, ...act }: Act & { channel: Channel },
): Promise<RequestedImport | Refusal> {
  const { id, contract_id, accepted } = file;
  const settled = await settleForGrant(tx, { ...act, id: contract_id }, generationRefusal);
  if (isRefusal(settled)) return settled;
  const { nudge, facts, generator, stored } = settled;
  const repeated = await findRepeated(tx, file);
  if (repeated) return { result: isRefusal(repeated) ? repeated : { record: repeated, replayed: true }, nudge };
  const refusal = settled.refusal ?? claimRefusal(facts.quota, stored.reserved, accepted);
  if (refusal) return { result: refusal, nudge };
  if (generator) await refreshTerms(tx, facts, generator);
  await refreshGrants(tx, contract_id);
  const profile = await findGenerationProfile(tx, contract_id);
  if (!profile) throw new Error(`contract ${contract_id} has no license terms`);
  const now = stored.clock_now ?? act.now;
  const expires_at = licenseExpiry(profile, now);
  if (isRefusal(expires_at)) return { result: expires_at, nudge };

  const { environment, terms_id } = profile;
  if (accepted > 0) await claimQuota(tx, { contract_id, job_id: id, environment, licenses: accepted, at: now });
  if (file.inline) {
    await insertImport(tx, file);
    await insertImportChunk(tx, id, file.inline);
  }
  await completeImport(tx, id, file);
  await insertImportJob(tx, {
    ...{
      id,
      contract_id,
      environment,
      terms_id,
      channel,
      actor: act.actor,
      expires_at,
      now,
      request_id: act.request_id,
    },
    requested: accepted,
    chunk_size: file.inline ? IMPORT_INLINE_ROWS_MAX : IMPORT_CHUNK_ROWS,
    state: file.inline ? 'RUNNING' : 'QUEUED',
  });
  const counts = file.inline ? await importAtOnce(tx, file, { ...act, now }) : undefined;
  await auditAct(
    tx,
    { ...act, now },
    {
      action: 'import.requested',
      subject_type: 'job',
      subject_id: id,
      contract_id,
      environment,
      before: null,
      after: { rows: file.rows, accepted, duplicates: file.duplicates, file_sha256: file.sha256, channel, ...counts },
      clock: stored.clock_now === null ? 'real' : 'test',
    },
  );
  const record = (await findImport(tx, id)) as ImportRecord;
  const job_ids = file.inline ? nudge.job_ids : [...nudge.job_ids, id];
  return { result: { record, replayed: false }, nudge: { ...nudge, job_ids } };
}

/** The earlier import that a file gets again, or a refusal of the file; undefined when it is imported. */
export async function findRepeated(
  sql: Sql,
  file: Pick<ReceivedFile, 'contract_id' | 'sha256' | 'duplicates'>,
): Promise<ImportRecord | Refusal | undefined> {
  const earlier = await findImportOfFile(sql, file);
  const decided = earlier ? repeatDecision(earlier) : null;
  if (decided === null) return undefined;
  return isRefusal(decided) ? decided : earlier;
}

/** Imports the rows of a small file, and ends its job. Returns what became of them. */
async function importAtOnce(tx: Sql, { id, inline, duplicates, accepted: requested }: ReceivedFile, act: Act) {
  const plan = await findImportPlan(tx, id);
  const { chunk_no, accepted } = inline as ReadChunk;
  const result = await importRows(tx, plan, { rows: accepted, duplicates, expects_new_keys: false }, act);
  await storeChunkResult(tx, { import_id: id, chunk_no, now: act.now }, result);
  return endImport(tx, { id, state: 'RUNNING', requested, completed: result.imported }, act.now);
}

/**
 * Ends the job of an import, whose row is locked or new: releases the quota of the rows that have no license, and writes the domain event
 * of the licenses.
 */
export async function endImport(
  tx: Sql,
  job: { id: string; state: ImportRecord['state']; requested: number; completed: number },
  now: Instant,
) {
  const { counts, contract_id, environment } = (await findImport(tx, job.id)) as ImportRecord;
  const { pending, ...decided } = counts;
  const state = finalImportState(job.state, counts);
  await endJob(tx, job.id, { state, now, errors: [] });
  const missing = job.requested - job.completed;
  if (missing > 0) await releaseQuota(tx, contract_id, missing);
  await keepUntil(tx, job.id, { rows: pending === 0 ? 0 : ROWS_KEPT_DAYS, report: REPORT_KEPT_DAYS });
  const before = await announceCounts(tx, job.id, counts);
  if (before) {
    const imported = counts.imported - before.imported;
    const skipped = counts.skipped - before.skipped;
    const rejected = counts.rejected - before.rejected;
    const data = { contract_id, job_id: job.id, state: state as EventState, imported, skipped, rejected, pending };
    await insertDomainEvents(tx, contract_id, [{ at: now, type: 'license.batch_imported', environment, data }]);
  }
  return { state, ...decided, pending };
}
