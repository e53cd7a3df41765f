/** The form of a contract, for a new one and for one that exists. */
import { Alert, Button, Group, Stack } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { baseTexts } from '../base/base-texts';
import { ConflictDialog } from '../base/conflict';
import { Page } from '../base/page';
import { isRefusal } from '../base/problem';
import { ProblemAlert } from '../base/problem-alert';
import { useNames, useTexts } from '../base/texts';
import { UnsavedGuard } from '../base/unsaved';
import { ApiSection, WebhookSection } from './access-sections';
import { Differences } from './change-preview';
import { codeTexts } from './code-texts';
import { ErrorSummary } from './error-summary';
import { ExpirySection } from './expiry-section';
import { FeatureSection } from './feature-section';
import { fieldTexts } from './field-texts';
import type { FieldName } from './field-names';
import { ContractFormProvider } from './form-context';
import { formTexts } from './form-texts';
import { BasicSection, CatalogueSection, QuotaSection } from './main-sections';
import { OtherSection, PoolSection } from './other-sections';
import { SecretsDialog, secretsOf } from './secrets-dialog';
import type { Contract } from './states';
import { DunningSection, TermSection } from './term-sections';
import { contractTexts } from './texts';
import { useContractFormState } from './use-contract-form';

interface ContractFormViewProps {
  /** The contract that is edited; undefined for a new one. */
  contract?: Contract;
  environment: Contract['environment'];
}

export function ContractFormView({ contract, environment }: ContractFormViewProps) {
  const t = useTexts(formTexts);
  const base = useTexts(baseTexts);
  const c = useTexts(contractTexts);
  const label = useTexts(fieldTexts);
  const navigate = useNavigate();
  const [saved, setSaved] = useState<Contract>();
  const open = ({ id }: Contract) => void navigate({ to: `/contracts/${id}` });
  const state = useContractFormState(contract, (result) => (secretsOf(result) ? setSaved(result) : open(result)));
  const { form, before, error, differences } = state;
  const secrets = saved && secretsOf(saved);
  const hasFieldErrors = Object.values(form.errors).some(Boolean);

  function submit(event: FormEvent): void {
    event.preventDefault();
    state.save();
  }

  return (
    <Page
      title={contract ? t('edit.title', { name: contract.name }) : t('create.title')}
      above={[
        { label: c('contracts.title'), to: '/contracts' },
        ...(contract ? [{ label: contract.name, to: `/contracts/${contract.id}` }] : []),
      ]}
    >
      <UnsavedGuard unsaved={state.unsaved} />
      <ContractFormProvider value={{ form, contract: before }}>
        {/* The interface checks the input, so that its rules exist once. Its messages stand at their fields. */}
        <form onSubmit={submit} noValidate>
          <Stack maw="60rem">
            {state.restored && state.changed && (
              <Alert color="gray" role="status">
                <Group justify="space-between">
                  {t('restored')}
                  <Button size="xs" variant="default" onClick={state.discard}>
                    {t('discard')}
                  </Button>
                </Group>
              </Alert>
            )}
            <BasicSection />
            <CatalogueSection environment={before?.environment ?? environment} />
            <QuotaSection />
            <FeatureSection />
            <ExpirySection />
            <ApiSection />
            <WebhookSection />
            <TermSection />
            <DunningSection />
            <PoolSection />
            <OtherSection environment={before?.environment ?? environment} />
            <ErrorSummary errors={form.errors} tries={state.tries} />
            {error && !hasFieldErrors && !isRefusal(error, 'REVISION_CONFLICT') && <ProblemAlert error={error} />}
            {state.checked && <Checked before={before} after={state.checked} />}
            <Group justify="flex-end" gap="xs">
              <Button variant="default" component={Link} to={contract ? `/contracts/${contract.id}` : '/contracts'}>
                {base('action.cancel')}
              </Button>
              <Button variant="default" onClick={state.check} loading={state.checking}>
                {t('check')}
              </Button>
              <Button type="submit" loading={state.saving} disabled={contract !== undefined && !state.changed}>
                {t(contract ? 'save' : 'create')}
              </Button>
            </Group>
          </Stack>
        </form>
      </ContractFormProvider>
      {differences && (
        <ConflictDialog
          fields={differences}
          labelOf={(name) => label(name as FieldName)}
          onChosen={state.choose}
          onClose={state.closeConflict}
        />
      )}
      {saved && secrets && <SecretsDialog secrets={secrets} onClose={() => open(saved)} />}
    </Page>
  );
}

/** What the check has found: warnings that the contract would have, and what would be. */
function Checked({ before, after }: { before: Contract | undefined; after: Contract }) {
  const t = useTexts(formTexts);
  const nameOf = useNames(codeTexts);
  const warnings = after.warnings.map((code) => nameOf(code)).join(', ');
  return (
    <Stack gap="xs" role="status">
      <Alert color={warnings === '' ? 'green' : 'yellow'}>
        {t('checked')} {warnings !== '' && t('check.warnings', { warnings })}
      </Alert>
      <Differences before={before} after={after} />
    </Stack>
  );
}
