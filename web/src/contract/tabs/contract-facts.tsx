/** Who and what a contract is about, its state, and what happens next. */
import { useQuery } from '@tanstack/react-query';
import { WorkflowLink } from '../../access/workflow-link';
import { api, read } from '../../base/client';
import { CopyText } from '../../base/copy-text';
import { EntityName } from '../../base/entity-name';
import { Facts } from '../../base/facts';
import { Instant } from '../../base/instant';
import { useNames, useTexts } from '../../base/texts';
import { codeTexts } from '../code-texts';
import type { TabProps } from '../tab-props';
import type { Contract } from '../states';
import { contractTexts } from '../texts';
import { overviewTexts } from './overview-texts';
import { Section } from './section';

export function ContractFacts({ contract }: TabProps) {
  const t = useTexts(overviewTexts);
  const contracts = useTexts(contractTexts);
  const nameOf = useNames(contractTexts);
  const overviewNameOf = useNames(overviewTexts);
  const kindOf = useNames(codeTexts);
  const { first, last } = useAuthors(contract);
  const { next_boundary, inactive_reason, termination, timezone } = contract;
  const status = nameOf(contract.status);
  return (
    <Section title={t('facts')}>
      <Facts
        label={t('facts')}
        rows={[
          [contracts('name'), <bdi key="name">{contract.name}</bdi>],
          [contracts('type'), nameOf(contract.type)],
          [
            contracts('status'),
            inactive_reason === null ? status : `${status}: ${overviewNameOf(inactive_reason, 'reason.')}`,
          ],
          [contracts('state'), nameOf(contract.state)],
          [
            t('next_boundary'),
            next_boundary && (
              <>
                {kindOf(next_boundary.kind)}: <Instant at={next_boundary.at} zone={timezone} />
              </>
            ),
          ],
          [
            t('termination'),
            termination && (
              <>
                <Instant at={termination.at} zone={timezone} />, {overviewNameOf(termination.by, 'by.')}
                {termination.reason && `: ${termination.reason}`}
              </>
            ),
          ],
          [contracts('environment'), nameOf(contract.environment)],
          [t('product'), <EntityName key="product" kind="product" id={contract.product_id} />],
          [t('generator'), <EntityName key="generator" kind="generator" id={contract.generator_id} />],
          [t('customer'), contract.customer_id ? <EntityName kind="customer" id={contract.customer_id} /> : t('none')],
          [t('account_manager'), contract.account_manager ?? t('none')],
          [contracts('created'), <Instant key="created" at={contract.created_at} zone={timezone} />],
          [t('created_by'), first ?? contract.created_by],
          [contracts('updated'), <Instant key="updated" at={contract.updated_at} zone={timezone} />],
          [t('updated_by'), last],
          [t('activated'), contract.activated_at && <Instant at={contract.activated_at} zone={timezone} />],
          [t('revision'), contract.revision],
          [contracts('id'), <CopyText key="id" text={contract.id} />],
          [t('workflow'), <WorkflowLink key="workflow" id={contract.workflow_id} />],
          [t('test_clock'), contract.test_clock_id],
        ]}
      />
    </Section>
  );
}

/** The names of who created the contract and who changed it last, from its first and last revision. */
function useAuthors({ id, revision }: Contract): { first: string | undefined; last: string | undefined } {
  const end = (order: 'asc' | 'desc') => ({
    queryKey: ['contract', id, 'revisions', { order, revision: order === 'asc' ? 1 : revision }],
    queryFn: async ({ signal }: { signal: AbortSignal }) => {
      const query = { limit: 1, order };
      const request = api.GET('/api/v1/contracts/{id}/revisions', { params: { path: { id }, query }, signal });
      return (await read(request)).data[0]?.actor.name ?? null;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  const first = useQuery(end('asc'));
  const last = useQuery(end('desc'));
  return { first: first.data ?? undefined, last: last.data ?? undefined };
}
