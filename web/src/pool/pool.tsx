/** A pool: how many licenses it has, the orders that hold them, and taking licenses for a new order. */
import { Button, Skeleton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { AllowedButton } from '../base/allowed-button';
import { Facts } from '../base/facts';
import { formatNumber } from '../base/instants';
import { useOfferActions } from '../base/page-actions';
import { Page } from '../base/page';
import { usePathId } from '../base/path-id';
import { ProblemAlert } from '../base/problem-alert';
import { useLanguage, useTexts } from '../base/texts';
import { Section } from '../contract/tabs/section';
import { GrabDialog } from './grab-dialog';
import { Holds } from './holds';
import { poolTexts } from './texts';
import { usePoolContract } from './use-contract';
import type { PoolContract } from './use-contract';

export default function PoolPage() {
  const t = useTexts(poolTexts);
  const id = usePathId();
  const { data: contract, error, refetch } = usePoolContract(id);
  const above = [{ label: t('pools.title'), to: '/pools' }];
  if (contract === undefined)
    return (
      <Page title={t('pools.title')} above={above}>
        {error ? <ProblemAlert error={error} onRetry={() => void refetch()} /> : <Skeleton h={200} />}
      </Page>
    );
  return (
    <Page title={contract.name} above={above} actions={<Actions contract={contract} />}>
      <PoolFacts contract={contract} />
      <Section title={t('holds')}>
        <Holds contract={contract} />
      </Section>
    </Page>
  );
}

function Actions({ contract }: { contract: PoolContract }) {
  const t = useTexts(poolTexts);
  const [grabbing, setGrabbing] = useState(false);
  const { id, allowed_actions } = contract;
  const { grab } = allowed_actions;
  useOfferActions(grab === true ? [{ id: 'grab', label: t('grab.button'), run: () => setGrabbing(true) }] : []);
  return (
    <>
      <Button component={Link} to={`/contracts/${id}`} variant="default">
        {t('contract')}
      </Button>
      <Button
        component={Link}
        to="/licenses"
        search={{ contract_id: id, status: 'available' } as never}
        variant="default"
      >
        {t('licenses')}
      </Button>
      <AllowedButton allowed={grab} onClick={() => setGrabbing(true)}>
        {t('grab.button')}
      </AllowedButton>
      {grabbing && <GrabDialog contract_id={id} onClose={() => setGrabbing(false)} />}
    </>
  );
}

const COUNTS = ['available', 'held', 'assigned', 'expiring', 'suspended', 'expired', 'revoked'] as const;

function PoolFacts({ contract: { pool, low_water, auto_replenish } }: { contract: PoolContract }) {
  const t = useTexts(poolTexts);
  const language = useLanguage();
  const number = (value: number | null | undefined) => typeof value === 'number' && formatNumber(value, language);
  return (
    <Facts
      label={t('facts')}
      rows={[
        ...COUNTS.map((count) => [t(count), number(pool?.[count])] as const),
        [t('low_water'), number(low_water)],
        [t('replenish'), number(auto_replenish?.target)],
      ]}
    />
  );
}
