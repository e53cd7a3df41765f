/** The fields of the actions that have some. Each one changes the body of its request. */
import { Checkbox, NumberInput, Select, Stack, Textarea, TextInput } from '@mantine/core';
import type { ComponentType } from 'react';
import { PeriodField } from '../base/period-field';
import { formatPeriod } from '../base/periods';
import { useLanguage, useTexts } from '../base/texts';
import { instantOf, localTime } from '../base/zoned';
import type { CommandBody, CommandName } from './action-requests';
import { actionTexts } from './action-texts';
import type { Contract } from './states';

interface ActionFieldsProps {
  contract: Contract;
  body: CommandBody;
  change: (changes: CommandBody) => void;
  errors: Readonly<Record<string, string>>;
}

export const ACTION_FIELDS: Partial<Record<CommandName, ComponentType<ActionFieldsProps>>> = {
  pause: PauseFields,
  resume: ResumeFields,
  renew: RenewFields,
  opt_out: OptOutFields,
  terminate: TerminateFields,
  compliance_hold: ComplianceHoldFields,
};

/** What a body has before the person entered anything. */
export const INITIAL_BODY: Partial<Record<CommandName, CommandBody>> = {
  pause: { reason: 'paused', resume_at: null },
  terminate: { reason: '', revoke_issued: false },
  compliance_hold: { note: '' },
};

/** Fields that a dry run needs and whose text has no effect. */
export const STAND_INS: Partial<Record<CommandName, CommandBody>> = {
  terminate: { reason: '…' },
  compliance_hold: { note: '…' },
};

function PauseFields({ contract, body, change, errors }: ActionFieldsProps) {
  const t = useTexts(actionTexts);
  const at = body['resume_at'] as string | null;
  return (
    <Stack gap="sm">
      <Select
        label={t('pause.reason')}
        allowDeselect={false}
        value={body['reason'] as string}
        data={[
          { value: 'paused', label: t('pause.paused') },
          { value: 'completed', label: t('pause.completed') },
        ]}
        onChange={(reason) => change({ reason })}
        data-autofocus
      />
      <TextInput
        type="datetime-local"
        label={t('pause.resume_at')}
        description={t('pause.resume_at_help', { zone: contract.timezone })}
        error={errors['resume_at']}
        value={at ? localTime(at, contract.timezone) : ''}
        onChange={({ currentTarget: { value } }) =>
          change({ resume_at: value === '' ? null : instantOf(value, contract.timezone) })
        }
      />
      <Textarea
        label={t('note')}
        autosize
        minRows={2}
        error={errors['note']}
        onChange={({ currentTarget: { value } }) => change({ note: value === '' ? null : value })}
      />
    </Stack>
  );
}

function ResumeFields({ change }: ActionFieldsProps) {
  const t = useTexts(actionTexts);
  return (
    <Checkbox
      label={t('resume.extend')}
      description={t('resume.extend_help')}
      onChange={({ currentTarget: { checked } }) => change({ extend_term_on_resume: checked })}
    />
  );
}

function RenewFields({ contract, body, change, errors }: ActionFieldsProps) {
  const t = useTexts(actionTexts);
  const language = useLanguage();
  const usual = contract.renewal.term ?? contract.term.length;
  return (
    <Stack gap="sm">
      <PeriodField
        label={t('renew.term')}
        description={usual === null ? undefined : t('renew.term_help', { term: formatPeriod(usual, language) })}
        error={errors['term']}
        value={(body['term'] as string | undefined) ?? null}
        onChange={(term) => change({ term: term ?? undefined })}
        data-autofocus
      />
      <NumberInput
        label={t('renew.quota_add')}
        description={t('renew.quota_add_help')}
        placeholder={String(contract.renewal.quota_effect?.add ?? 0)}
        min={0}
        allowDecimal={false}
        error={errors['quota_add']}
        onChange={(value) => change({ quota_add: value === '' ? undefined : Number(value) })}
      />
      <Select
        label={t('renew.from')}
        description={t('renew.from_help')}
        placeholder={t('renew.by_state')}
        clearable
        data={[
          { value: 'from_expiry', label: t('renew.from_expiry') },
          { value: 'from_now', label: t('renew.from_now') },
        ]}
        onChange={(from) => change({ from: from ?? undefined })}
      />
      <TextInput
        label={t('renew.reference')}
        description={t('renew.reference_help')}
        error={errors['reference']}
        onChange={({ currentTarget: { value } }) => change({ reference: value || undefined })}
      />
    </Stack>
  );
}

function OptOutFields({ change }: ActionFieldsProps) {
  const t = useTexts(actionTexts);
  return (
    <Checkbox
      label={t('opt_out.late')}
      description={t('opt_out.late_help')}
      onChange={({ currentTarget: { checked } }) => change({ accept_late: checked })}
    />
  );
}

function TerminateFields({ body, change, errors }: ActionFieldsProps) {
  const t = useTexts(actionTexts);
  return (
    <Stack gap="sm">
      <Textarea
        label={t('terminate.reason')}
        description={t('terminate.reason_help')}
        required
        autosize
        minRows={2}
        value={body['reason'] as string}
        error={errors['reason']}
        onChange={({ currentTarget: { value } }) => change({ reason: value })}
        data-autofocus
      />
      <Checkbox
        label={t('terminate.revoke')}
        description={t('terminate.revoke_help')}
        onChange={({ currentTarget: { checked } }) => change({ revoke_issued: checked })}
      />
    </Stack>
  );
}

function ComplianceHoldFields({ body, change, errors }: ActionFieldsProps) {
  const t = useTexts(actionTexts);
  return (
    <Textarea
      label={t('compliance_hold.note')}
      description={t('compliance_hold.note_help')}
      required
      autosize
      minRows={2}
      value={body['note'] as string}
      error={errors['note']}
      onChange={({ currentTarget: { value } }) => change({ note: value })}
      data-autofocus
    />
  );
}
