/** How a contract stands with its invoices, and when that suspends or terminates it. */
import { Table } from '@mantine/core';
import { Facts } from '../../base/facts';
import { formatLocalDate } from '../../base/instants';
import { formatUnit } from '../../base/periods';
import { useLanguage, useNames, useTexts } from '../../base/texts';
import type { TabProps } from '../tab-props';
import { overviewTexts } from './overview-texts';
import { PlainTable } from './plain-table';
import { Section } from './section';

export function BillingStanding({ contract }: TabProps) {
  const t = useTexts(overviewTexts);
  const nameOf = useNames(overviewTexts);
  const language = useLanguage();
  const { billing, dunning, dunning_exempt } = contract;
  const days = (count: number) => formatUnit(count, 'day', language);
  const day = (date: string | null) => date && formatLocalDate(date, language);
  return (
    <Section title={t('billing')}>
      <Facts
        label={t('billing')}
        rows={[
          [t('billing.level'), nameOf(billing.level, 'level.')],
          [t('billing.earliest_due'), day(billing.earliest_due)],
          [t('billing.age'), billing.age_days !== null && days(billing.age_days)],
          [t('billing.suspends_on'), day(billing.suspends_on)],
          [t('billing.terminates_on'), day(billing.terminates_on)],
          [
            t('billing.dunning'),
            dunning_exempt
              ? t('billing.exempt')
              : t('billing.dunning_text', {
                  past_due: days(dunning.past_due_days),
                  suspend: days(dunning.suspend_days),
                  terminate: dunning.terminate_days === null ? 'never' : days(dunning.terminate_days),
                }),
          ],
        ]}
      />
      {billing.unpaid_invoices.length > 0 && (
        <PlainTable
          label={t('billing.invoices')}
          headers={[t('invoice'), t('invoice.status'), t('invoice.due'), t('invoice.source')]}
        >
          {billing.unpaid_invoices.map((invoice) => (
            <Table.Tr key={`${invoice.source} ${invoice.invoice_id}`}>
              <Table.Td>{invoice.invoice_id}</Table.Td>
              <Table.Td>{nameOf(invoice.status, 'invoice.')}</Table.Td>
              <Table.Td>{formatLocalDate(invoice.due_date, language)}</Table.Td>
              <Table.Td>{invoice.source}</Table.Td>
            </Table.Tr>
          ))}
        </PlainTable>
      )}
    </Section>
  );
}
