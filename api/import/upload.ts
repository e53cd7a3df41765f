/** Receives the file of an import: stores its rows while it arrives, then requests the import. */
import { beginLocked } from '../../db/base/database';
import type { Sql } from '../../db/base/database';
import { factsOf, findContractWithSource } from '../../db/contract/contract';
import type { ChunkResult, ReadChunk } from '../../db/import/chunk';
import { hasImports } from '../../db/import/import';
import type { ImportRecord, OutcomeOfRow } from '../../db/import/import';
import { channelOf, seesLicenseKeys } from '../../domain/access/caller';
import { laterOf } from '../../domain/base/instant';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { effectiveActivationLimit } from '../../domain/contract/features';
import { deletedRefusal } from '../../domain/contract/operations';
import { claimRefusal } from '../../domain/contract/quota';
import { generationRefusal } from '../../domain/generation/generation';
import { isUnfinished } from '../../domain/generation/generation-job';
import { IMPORT_INLINE_ROWS_MAX } from '../../domain/import/file';
import { SHOWN_ROWS_MAX } from '../../domain/import/import';
import type { DuplicateRule } from '../../domain/import/import';
import { checkContract } from '../../transactions/contract/check-contract';
import { newId } from '../../transactions/base/new-id';
import { checkRows } from '../../transactions/import/import-rows';
import type { JudgingPlan } from '../../transactions/import/import-rows';
import { findRepeated, requestImport } from '../../transactions/import/request-import';
import type { RequestedImport } from '../../transactions/import/request-import';
import { countNewLicenses, discardFile, storeChunks } from '../../transactions/import/store-file';
import { actOf } from '../http/edit';
import type { Answer, HandlerRequest } from '../http/route';
import { readFile } from './file-reader';
import type { FileOptions, ReadFile } from './file-reader';
import { presentImportTo, presentOutcome } from './import-presenter';

type UploadRequest = HandlerRequest<
  { id: string },
  { dry_run?: 'true' | 'false' | undefined; duplicates: DuplicateRule },
  unknown
>;

/** Imports the file of a request, or shows what its import would do. */
export async function uploadFile(request: UploadRequest): Promise<Answer | Refusal> {
  const { api, params, query, now } = request;
  const found = await findContractWithSource(api.db, params.id);
  if (!found) return notFound('contract', params.id);
  const { contract, product, generator } = found;
  if (contract.deleted_at !== null) return deletedRefusal(contract);
  const facts = factsOf(contract);
  const at = laterOf(contract.clock_now ?? now, facts.settled_until);
  // A file that is refused anyway need not be sent, unless it may repeat an earlier one.
  const refusal = generationRefusal(facts, { now: at, product, generator });
  const is_due = contract.next_boundary_at !== null && contract.next_boundary_at <= at;
  if (refusal && !is_due && !(await hasImports(api.db, params.id))) return refusal;
  const activation_limit = effectiveActivationLimit(generator?.activation_limit ?? null, facts.activation_limit);
  const limits = { is_pool: facts.type === 'pool', activation_limit };
  const options = { now: at, timezone: facts.timezone, duplicates: query.duplicates, limits };
  if (query.dry_run !== 'true') return importFile(request, options);
  return checkFile(request, options, { contract_id: params.id, ...limits });
}

async function importFile(request: UploadRequest, options: FileOptions): Promise<Answer | Refusal> {
  const { api, params, query, caller } = request;
  const id = newId(request.now);
  const about = { id, contract_id: params.id, duplicates: query.duplicates };
  let first: ReadChunk | null = null;
  let is_stored = false;

  /** Stores chunks. The first one waits until it is known whether there are others. */
  async function store(chunks: readonly ReadChunk[]): Promise<void> {
    await storeChunks(api.db, about, { chunks, begins: !is_stored });
    is_stored = true;
  }

  async function take(chunk: ReadChunk): Promise<void> {
    if (chunk.chunk_no === 0) first = chunk;
    else await store(first === null ? [chunk] : [first, chunk]);
    if (is_stored) first = null;
  }

  try {
    const read = await readFile(request.file, options, take);
    const is_inline = read.rows <= IMPORT_INLINE_ROWS_MAX;
    if (!is_inline && first !== null) await store([first]);
    const file = { ...about, ...read, inline: is_inline ? first : null };
    const act = { ...actOf(request), channel: channelOf(caller) };
    const requestWith = (accepted: number) =>
      beginLocked(api.db, [{ table: 'contracts', id: params.id }], (tx) =>
        requestImport(tx, { ...file, accepted }, act),
      );
    let requested = await requestWith(file.accepted);
    if (exceedsQuota(requested)) {
      // Keys that exist already need no quota.
      const licenses = await countNewLicenses(api.db, file);
      if (licenses < file.accepted) requested = await requestWith(licenses);
    }
    if (isRefusal(requested)) return requested;
    await api.nudger.wake(requested.nudge, request.request_id);
    const { result } = requested;
    if (isRefusal(result)) return result;
    const { record, replayed } = result;
    const headers = {
      Location: `/api/v1/contracts/${params.id}/licenses/import/${record.id}`,
      ...(replayed ? { 'Idempotent-Replayed': 'true' } : {}),
    };
    return {
      status: isUnfinished(record.state) ? 202 : 201,
      headers,
      body: { ...presentImportTo(caller, record), replayed },
    };
  } finally {
    // The rows of an import that has a job stay. The sweep deletes what a killed process leaves.
    if (is_stored)
      await discardFile(api.db, id).catch((error: unknown) =>
        api.log.warn({ err: error }, 'cannot delete the rows of a file'),
      );
  }
}

function exceedsQuota(requested: RequestedImport | Refusal): boolean {
  return !isRefusal(requested) && isRefusal(requested.result) && requested.result.code === 'QUOTA_EXCEEDED';
}

/** What the import of a file would do. */
interface CheckedFile extends Pick<ImportRecord, 'rows' | 'counts' | 'not_imported'> {
  /** The earlier import that the file would get again. */
  repeats: string | null;
}

/** Shows what the import of a file would do. Nothing is stored. */
async function checkFile(request: UploadRequest, options: FileOptions, plan: JudgingPlan): Promise<Answer | Refusal> {
  const { api, params, caller } = request;
  const { duplicates } = options;
  const counts = { imported: 0, skipped: 0, rejected: 0, pending: 0 };
  const not_imported: OutcomeOfRow[] = [];
  let existing = 0;
  const read: ReadFile = await readFile(request.file, options, async ({ accepted, outcomes }) => {
    const checked: ChunkResult = await checkRows(api.db, plan, { rows: accepted, duplicates });
    counts.imported += checked.imported;
    existing += checked.outcomes.filter(
      ({ code }) => code === 'KEY_EXISTS' || code === 'KEY_EXISTS_IN_CONTRACT',
    ).length;
    const all = [...outcomes, ...checked.outcomes].sort((a, b) => a.ordinal - b.ordinal);
    for (const { outcome } of all) counts[outcome] += 1;
    not_imported.push(...all.slice(0, SHOWN_ROWS_MAX - not_imported.length));
  });
  return request.dryRun(async (tx: Sql) => {
    const contract = await checkContract(tx, { ...actOf(request), id: params.id }, generationRefusal);
    if (isRefusal(contract)) return contract;
    const repeated = await findRepeated(tx, { contract_id: params.id, duplicates, sha256: read.sha256 });
    if (isRefusal(repeated)) return repeated;
    if (repeated) return { status: 200, body: presentCheck({ ...repeated, repeats: repeated.id }) };
    const { facts, stored, refusal } = contract;
    const refused = refusal ?? claimRefusal(facts.quota, stored.reserved, read.accepted - existing);
    if (refused) return refused;
    return { status: 200, body: presentCheck({ rows: read.rows, counts, not_imported, repeats: null }) };
  });

  function presentCheck({ rows, counts, not_imported, repeats }: CheckedFile) {
    const shown = not_imported.map((one) => presentOutcome(one, seesLicenseKeys(caller)));
    return { rows, counts, not_imported: shown, repeats };
  }
}
