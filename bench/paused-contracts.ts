/**
 * Prepares contracts for `boundaries`: all of them are paused until one instant, and the workflow of each waits for it with a timer.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pMap from 'p-map';
import type { Database, Sql } from '../db/base/database';
import { waitFor } from '../dev/waiting';
import type { Actor } from '../domain/base/actor';
import { instantFromMillis, millisOf } from '../domain/base/instant';
import type { Instant } from '../domain/base/instant';
import { isRefusal } from '../domain/base/refusal';
import { createNudger } from '../temporal/nudge';
import { changeTogether } from '../transactions/contract/change-together';
import { runCommand } from '../transactions/contract/run-command';
import { vacuumTables } from './cleaning';
import { countContractWorkflows } from './contracts';
import type { LeadTime } from './lead-time';
import type { MeasuredStack } from './measured-stack';
import { showProgress } from './progress';
import { count } from './report';
import type { Report } from './report';

export interface PausedContracts {
  /**
   * Pauses the contracts until an instant, and returns that instant when every workflow waits for it. If the instant comes before, the
   * preparation is repeated with more time.
   */
  prepare(contract_ids: readonly string[]): Promise<Instant>;
  /** Resolves when no contract is paused until this instant any more. */
  allSettled(boundary: Instant, contracts: number): Promise<void>;
  /**
   * Ends the timers of the last preparation that have not fired yet. A batch settles many contracts before their own workflows look, and
   * their timers would fire during a later measurement.
   */
  endTimers(): Promise<void>;
}

/** Contracts that are paused in one transaction and then signaled, and how many such groups are in progress. */
const GROUP_CONTRACTS = 25;
const GROUPS_AT_ONCE = 2;
/** A signal may wait while the server is busy with the others. */
const SIGNAL_TIMEOUT_MS = 60_000;
const LOOK_INTERVAL_MS = 25;
/** Time limit for what the contracts do by themselves: the latest timers of a batch (DELAY_MS_MAX), and some time for each. */
const TIMEOUT_MS_MIN = 360_000;
const TIMEOUT_MS_PER_CONTRACT = 100;
/** The tables that pausing and resuming change. */
export const CONTRACT_TABLES = ['contracts', 'contract_holds'];
export const TEST_ACTOR: Actor = { type: 'user', id: '00000000-0000-7000-8000-000000000001', name: 'Benchmark' };

export interface PausingOptions {
  /** The connections that pause the contracts. */
  db: Database;
  lead: LeadTime;
  report: Report;
}

/** Other paused contracts of the stack must stay paused. */
export async function openPausedContracts(
  stack: MeasuredStack,
  { db, lead, report }: PausingOptions,
): Promise<PausedContracts> {
  const nudger = createNudger({
    client: stack.temporal,
    taskQueues: stack.task_queues,
    timeout_ms: SIGNAL_TIMEOUT_MS,
    onFailure: (error, workflow_id) => report.progress(`  ${workflow_id} could not be signaled: ${String(error)}`),
  });
  const others = await countContractWorkflows(stack, "ContractState = 'PAUSED'");
  /** Contracts whose workflows may still wait for the end of their pause. */
  let waiting: readonly string[] = [];

  /** The number of workflows that have seen the pause of their contract, and wait for its end. */
  async function countPausedWorkflows(): Promise<number> {
    return (await countContractWorkflows(stack, "ContractState = 'PAUSED'")) - others;
  }

  async function wake(contract_ids: readonly string[]): Promise<void> {
    const reached = await nudger.wakeContracts([...contract_ids]);
    if (reached.length < contract_ids.length)
      throw new Error(`${contract_ids.length - reached.length} workflows could not be signaled.`);
  }

  /** Pauses groups of contracts and signals their workflows, as a command does after its commit. */
  async function pause(contract_ids: readonly string[], boundary: Instant): Promise<void> {
    const now = new Date().toISOString();
    const change = (tx: Sql, id: string): Promise<void> => pauseUntil(tx, id, now, boundary);
    const show = showProgress(report, `contracts of ${count(contract_ids.length)} are paused`);
    let paused = 0;
    await pMap(
      groupsOf(contract_ids),
      async (group) => {
        const done = await db.begin((tx) => changeTogether(tx, group, change));
        // A row is locked while its workflow looks at it.
        const locked = group.filter((id) => !done.has(id));
        await pMap(locked, (id) => db.begin((tx) => change(tx, id)), { concurrency: 1 });
        await wake(group);
        show((paused += group.length));
      },
      { concurrency: GROUPS_AT_ONCE },
    );
  }

  /** Returns whether every workflow waits before the boundary comes. */
  async function allWait(contracts: number, boundary: Instant): Promise<boolean> {
    const show = showProgress(report, `workflows of ${count(contracts)} wait`);
    for (;;) {
      const workflows = await countPausedWorkflows();
      if (Date.now() >= millisOf(boundary)) return false;
      if (workflows === contracts) return true;
      show(workflows);
      await sleep(LOOK_INTERVAL_MS);
    }
  }

  const paused: PausedContracts = {
    async prepare(contract_ids) {
      const contracts = contract_ids.length;
      for (;;) {
        await paused.endTimers();
        const begun_ms = Date.now();
        const boundary = instantFromMillis(begun_ms + lead.of(contracts));
        waiting = contract_ids;
        await pause(contract_ids, boundary);
        const is_in_time = await allWait(contracts, boundary);
        const prepared_ms = Date.now() - begun_ms;
        // The rows of contracts that were paused months ago are clean, too.
        await vacuumTables(stack.db, CONTRACT_TABLES);
        const left_ms = millisOf(boundary) - Date.now();
        if (is_in_time && left_ms > 0) {
          lead.measured(contracts, prepared_ms);
          report.progress(
            `  all ${count(contracts)} workflows wait after ${count(prepared_ms)} ms; the boundary comes in ${count(left_ms)} ms`,
          );
          return boundary;
        }
        lead.tooShort();
        report.progress('  The boundary came before every workflow waited; the next one is further ahead.');
        await paused.allSettled(boundary, contracts);
      }
    },

    async allSettled(boundary, contracts) {
      await sleep(Math.max(0, millisOf(boundary) - Date.now()));
      const show = showProgress(report, `contracts of ${count(contracts)} are not settled`);
      await waitFor(
        async () => {
          if (!(await isAwaited(stack.db, boundary))) return true;
          if (show.isDue()) show(await countAwaited(stack.db, boundary));
          return false;
        },
        {
          timeout_ms: timeoutMs(contracts),
          interval_ms: LOOK_INTERVAL_MS,
          what: `${contracts} contracts to be settled`,
        },
      );
    },

    async endTimers() {
      const contract_ids = waiting;
      waiting = [];
      if (contract_ids.length === 0) return;
      const begun_ms = Date.now();
      await pMap(groupsOf(contract_ids), wake, { concurrency: GROUPS_AT_ONCE });
      const show = showProgress(
        report,
        `workflows of ${count(contract_ids.length)} have not seen the end of the pause`,
      );
      await waitFor(
        async () => {
          const workflows = await countPausedWorkflows();
          show(workflows);
          return workflows === 0;
        },
        { timeout_ms: timeoutMs(contract_ids.length), what: 'every workflow to see the end of the pause' },
      );
      report.progress(`  all timers ended in ${count(Date.now() - begun_ms)} ms`);
    },
  };
  return paused;
}

async function pauseUntil(tx: Sql, id: string, now: Instant, resume_at: Instant): Promise<void> {
  const pause = { name: 'pause', input: { resume_at } } as const;
  const changed = await runCommand(tx, { id, actor: TEST_ACTOR, now, request_id: null }, pause);
  if (isRefusal(changed)) throw new Error(`contract ${id} could not be paused: ${changed.code}`);
}

async function isAwaited(db: Database, boundary: Instant): Promise<boolean> {
  const left = await db`SELECT FROM contracts WHERE next_boundary_at = ${boundary} LIMIT 1`;
  return left.count > 0;
}

async function countAwaited(db: Database, boundary: Instant): Promise<number> {
  const [row] = await db<[{ contracts: number }]>`
    SELECT count(*)::int AS contracts FROM contracts WHERE next_boundary_at = ${boundary}`;
  return row.contracts;
}

function groupsOf(ids: readonly string[]): string[][] {
  const groups: string[][] = [];
  for (let from = 0; from < ids.length; from += GROUP_CONTRACTS) groups.push(ids.slice(from, from + GROUP_CONTRACTS));
  return groups;
}

function timeoutMs(contracts: number): number {
  return TIMEOUT_MS_MIN + contracts * TIMEOUT_MS_PER_CONTRACT;
}
