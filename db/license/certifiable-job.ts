/** Reads what certificates say about the jobs of their licenses. Only reads. */
import type { CertifiableLicense } from '../../domain/license/certificate';
import type { Sql } from '../base/database';
import { useByContract } from './validation';

/** What all licenses of a job have in common in their certificates, beside their license terms. */
export type CertifiableJob = Pick<CertifiableLicense, 'product_code' | 'is_pooled' | 'issued_licenses' | 'suspended_by'> & {
  job_id: string;
};

/** Jobs by their ids, in no order. */
export async function findCertifiableJobs(sql: Sql, ids: readonly string[]): Promise<CertifiableJob[]> {
  return sql<CertifiableJob[]>`
    SELECT j.id AS job_id, p.code AS product_code, ${useByContract(sql)}
    FROM generation_jobs j
    JOIN license_terms t ON t.id = j.terms_id
    JOIN generators g ON g.id = t.generator_id
    JOIN products p ON p.id = g.product_id
    LEFT JOIN contracts c ON c.id = j.contract_id
    WHERE j.id = ANY(${[...ids]}::uuid[])`;
}

/** Of the jobs with these serials, those whose licenses are signed. */
export async function listSignedJobs(sql: Sql, serials: readonly string[]): Promise<string[]> {
  const rows = await sql<{ serial: string }[]>`
    SELECT j.serial FROM generation_jobs j JOIN license_terms t ON t.id = j.terms_id
    WHERE j.serial = ANY(${[...serials]}::bigint[]) AND t.is_signed`;
  return rows.map(({ serial }) => serial);
}
