/** What holds for a contract now: its status, quota, warnings, holds, billing standing, and all terms. */
import { Stack } from '@mantine/core';
import type { TabProps } from '../tab-props';
import { BillingStanding } from './billing-standing';
import { ContractFacts } from './contract-facts';
import { Holds } from './holds';
import { QuotaBar } from './quota-bar';
import { Terms } from './terms';
import { Warnings } from './warnings';

export default function OverviewTab({ contract }: TabProps) {
  return (
    <Stack gap="xl">
      <Warnings contract={contract} />
      <QuotaBar contract={contract} />
      <ContractFacts contract={contract} />
      <Holds contract={contract} />
      <BillingStanding contract={contract} />
      <Terms contract={contract} />
    </Stack>
  );
}
