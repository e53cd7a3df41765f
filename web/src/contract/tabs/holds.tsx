/** The open holds of a contract: why it generates no licenses, and who placed them. */
import { Table } from '@mantine/core';
import { Instant } from '../../base/instant';
import { useNames, useTexts } from '../../base/texts';
import type { TabProps } from '../tab-props';
import { overviewTexts } from './overview-texts';
import { PlainTable } from './plain-table';
import { Section } from './section';

export function Holds({ contract: { holds, timezone } }: TabProps) {
  const t = useTexts(overviewTexts);
  const nameOf = useNames(overviewTexts);
  if (holds.length === 0) return null;
  return (
    <Section title={t('holds')}>
      <PlainTable label={t('holds')} headers={[t('hold.reason'), t('hold.since'), t('hold.until'), t('hold.note')]}>
        {holds.map((hold) => (
          <Table.Tr key={hold.source}>
            <Table.Td>{nameOf(hold.code, 'reason.')}</Table.Td>
            <Table.Td>
              <Instant at={hold.placed_at} zone={timezone} />
            </Table.Td>
            <Table.Td>
              {hold.resume_at ? <Instant at={hold.resume_at} zone={timezone} /> : nameOf(hold.source, 'lifted.')}
            </Table.Td>
            <Table.Td>{hold.note ?? '–'}</Table.Td>
          </Table.Tr>
        ))}
      </PlainTable>
    </Section>
  );
}
