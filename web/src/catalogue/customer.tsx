/** A customer: contacts, contracts, licenses, metrics and mail settings. */
import { Alert, Anchor, Button, Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useMayWrite } from '../access/use-may-write';
import { api, read } from '../base/client';
import { CopyText } from '../base/copy-text';
import { Facts } from '../base/facts';
import { Instant } from '../base/instant';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { StatusBadge } from '../base/status-badge';
import { useTexts } from '../base/texts';
import { CustomerDialog } from './customer-dialog';
import { CustomerTabs } from './customer-tabs';
import { customerTexts } from './customer-texts';
import { MergeDialog } from './merge-dialog';
import type { Customer } from './states';
import { catalogueTexts } from './texts';

export default function CustomerPage() {
  const id = usePathId();
  const customer = useQuery({
    queryKey: ['customers', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/customers/{id}', { params: { path: { id } }, signal })),
  });
  if (customer.isError) return <ProblemAlert error={customer.error} onRetry={() => void customer.refetch()} />;
  if (customer.data === undefined) return <Skeleton height={240} />;
  return <Details customer={customer.data} />;
}

function Details({ customer }: { customer: Customer }) {
  const t = useTexts(customerTexts);
  const c = useTexts(catalogueTexts);
  const navigate = useNavigate();
  const mayWrite = useMayWrite() && customer.merged_into === null;
  const [dialog, setDialog] = useState<'edit' | 'merge'>();
  const close = () => setDialog(undefined);
  return (
    <Page
      title={customer.name}
      above={[{ label: c('customers'), to: '/customers' }]}
      marks={customer.merged_into !== null && <StatusBadge tone="neutral">{t('merged')}</StatusBadge>}
      actions={
        mayWrite && (
          <>
            <Button onClick={() => setDialog('edit')}>{c('edit')}</Button>
            <Button variant="default" onClick={() => setDialog('merge')}>
              {t('merge')}
            </Button>
          </>
        )
      }
    >
      <Stack>
        {customer.merged_into !== null && (
          <Alert color="yellow">
            {t('merged_text')}{' '}
            <Anchor component={Link} to={`/customers/${customer.merged_into}`}>
              {t('merged_into')}
            </Anchor>
          </Alert>
        )}
        <CustomerFacts customer={customer} />
        <CustomerTabs customer={customer} />
      </Stack>
      {dialog === 'edit' && <CustomerDialog customer={customer} onClose={close} />}
      {dialog === 'merge' && (
        <MergeDialog
          customer={customer}
          onClose={close}
          onMerged={(into) => {
            close();
            void navigate({ to: `/customers/${into}` });
          }}
        />
      )}
    </Page>
  );
}

function CustomerFacts({ customer }: { customer: Customer }) {
  const t = useTexts(customerTexts);
  const c = useTexts(catalogueTexts);
  const { email, billing_contact, account_manager, responsible_person, language } = customer;
  return (
    <Facts
      rows={[
        [t('email'), email],
        [t('billing_contact'), billing_contact ?? email],
        [t('account_manager'), account_manager ?? '–'],
        [t('responsible_person'), responsible_person ?? '–'],
        [t('language'), language ? t(language) : t('language_default')],
        [c('created'), <Instant key="created" at={customer.created_at} />],
        [c('updated'), <Instant key="updated" at={customer.updated_at} />],
        [c('id'), <CopyText key="id" text={customer.id} />],
      ]}
    />
  );
}
