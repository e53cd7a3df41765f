/** `generation --pool` compares jobs for a pool, whose chunks also make their licenses available, with those for another contract. */
import { countLicenses, deleteLicenses } from './cleaning';
import { createContractOf } from './contracts';
import type { MeasuredStack } from './measured-stack';
import { median, runPairs, spanOf } from './pairs';
import { runProductJob } from './product-job';
import { count, twoDecimals } from './report';
import type { Report } from './report';

export interface PoolGenerationOptions {
  /** Licenses of a job. */
  licenses: number;
  /** Default: PAIRS. */
  pairs: number | undefined;
}

const PAIRS = 5;
const WARM_UP_LICENSES = 10_000;

export async function benchPoolGeneration(
  stack: MeasuredStack,
  { licenses, pairs = PAIRS }: PoolGenerationOptions,
  report: Report,
): Promise<void> {
  /** Generates licenses for a new contract; returns how many in a second. */
  async function generate(type: 'standard' | 'pool', requested = licenses): Promise<number> {
    const contract_id = await createContractOf(stack, type, requested);
    await deleteLicenses(stack.db, [contract_id]);
    const { job_id, ended_ms } = await runProductJob(stack.api, contract_id, requested);
    const made = await countLicenses(stack.db, job_id);
    if (made !== requested) throw new Error(`generation job ${job_id} has ${made} licenses instead of ${requested}`);
    await deleteLicenses(stack.db, [contract_id]);
    report.progress(`  ${type}: ${count(requested)} in ${count(ended_ms)} ms`);
    return (requested / ended_ms) * 1_000;
  }

  report.progress('Warming up');
  await generate('standard', WARM_UP_LICENSES);
  await generate('pool', WARM_UP_LICENSES);
  const measured = await runPairs(
    pairs,
    () => generate('standard'),
    () => generate('pool'),
  );
  const ratios = measured.map(({ first, second }) => twoDecimals(second / first));
  const rows_per_second = Math.round(median(measured.map(({ first }) => first)));
  const pool_rows_per_second = Math.round(median(measured.map(({ second }) => second)));
  report.finish(
    `${count(licenses)} licenses: other contracts ${count(rows_per_second)} rows/s, pools ${count(pool_rows_per_second)} rows/s, ratio ${spanOf(ratios, 2)}`,
    { bench: 'generation --pool', ratio: median(ratios), ratios, licenses, rows_per_second, pool_rows_per_second },
  );
}
