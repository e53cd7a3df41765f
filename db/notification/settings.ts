/** Settings of mail in Postgres: those of the installation, of customers and of contracts. */
import type { Instant } from '../../domain/base/instant';
import type { InstallationMail, KindChoices, SettingSource } from '../../domain/notification/settings';
import { columnNames } from '../base/columns';
import type { Sql } from '../base/database';

/** The subject of the settings of the installation. */
export const INSTALLATION_ID = '00000000-0000-0000-0000-000000000000';

export interface SettingsRow {
  subject_id: string;
  scope: Exclude<SettingSource, 'default'>;
  kinds: KindChoices;
  revision: number;
  updated_at: Instant;
}

const SETTINGS_COLUMNS = columnNames<SettingsRow>({
  subject_id: true,
  scope: true,
  kinds: true,
  revision: true,
  updated_at: true,
});

/** The settings of these customers and contracts that have made any choice. */
export async function listSettings(sql: Sql, subject_ids: readonly string[]): Promise<SettingsRow[]> {
  if (subject_ids.length === 0) return [];
  return sql<SettingsRow[]>`
    SELECT ${sql(SETTINGS_COLUMNS)} FROM notification_settings WHERE subject_id = ANY (${[...subject_ids]}::uuid[])`;
}

/** The settings of the installation, which always has some. */
export async function findInstallationSettings(sql: Sql): Promise<SettingsRow & InstallationMail> {
  const [row] = await sql<[SettingsRow & InstallationMail]>`
    SELECT ${sql(SETTINGS_COLUMNS)}, operator_addresses, language, time_zone FROM notification_settings WHERE subject_id = ${INSTALLATION_ID}`;
  return row;
}

/** The settings of a subject, locked until the transaction ends. Those of a subject without any are inserted. */
export async function lockSettings(
  tx: Sql,
  { subject_id, scope }: Pick<SettingsRow, 'subject_id' | 'scope'>,
  now: Instant,
): Promise<SettingsRow & { [Field in keyof InstallationMail]: InstallationMail[Field] | null }> {
  await tx`
    INSERT INTO notification_settings (subject_id, scope, revision, updated_at) SELECT ${subject_id}, ${scope}, 0, ${now}
    WHERE ${scope} <> 'installation'
    ON CONFLICT DO NOTHING`;
  const [row] = await tx<[SettingsRow & { [Field in keyof InstallationMail]: InstallationMail[Field] | null }]>`
    SELECT ${tx(SETTINGS_COLUMNS)}, operator_addresses, language, time_zone FROM notification_settings
    WHERE subject_id = ${subject_id} FOR NO KEY UPDATE`;
  return row;
}

/** Changes settings, with their next revision. */
export async function updateSettings(
  tx: Sql,
  subject_id: string,
  change: Partial<Pick<SettingsRow, 'kinds'> & InstallationMail>,
  now: Instant,
): Promise<void> {
  const { kinds, ...columns } = change;
  const changed = { ...columns, ...(kinds === undefined ? {} : { kinds: tx.json(kinds) }), updated_at: now };
  await tx`
    UPDATE notification_settings SET ${tx(changed as never)}, revision = revision + 1 WHERE subject_id = ${subject_id}`;
}
