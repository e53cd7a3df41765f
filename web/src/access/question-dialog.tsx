/** Shows the question that interrupts a request (base/gate.ts): sign in again, or confirm that it is you. The page stays as it is below. */
import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { baseTexts } from '../base/base-texts';
import { api, read } from '../base/client';
import { formText } from '../base/form-text';
import { asked } from '../base/gate';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { useSingleMutation } from '../base/use-single-mutation';
import type { Session } from './session';
import { OidcConfirm } from './oidc-confirm';
import { SignInForm } from './sign-in-form';
import { accessTexts } from './texts';

export function QuestionDialog() {
  const question = asked.use();
  const t = useTexts(accessTexts);
  const base = useTexts(baseTexts);
  const queries = useQueryClient();
  if (question === undefined) return null;
  const { answer } = question;
  const signIn = question.question === 'sign_in';

  function answered(session: Session): void {
    const before = queries.getQueryData<Session>(['session']);
    queries.setQueryData(['session'], session);
    // Another person must not see or send what this one has entered.
    if (before && before.admin.id !== session.admin.id) location.reload();
    else answer(true);
  }

  return (
    <Modal
      opened
      onClose={() => answer(false)}
      title={signIn ? t('sign_in.again') : base('confirm.title')}
      closeButtonProps={{ 'aria-label': base('action.close') }}
    >
      {signIn ? (
        <Stack>
          <Text size="sm">{t('sign_in.again_text')}</Text>
          <SignInForm returnTo={location.pathname + location.search} onSignedIn={answered} />
        </Stack>
      ) : (
        <ConfirmForm onConfirmed={answered} onCancel={() => answer(false)} />
      )}
    </Modal>
  );
}

interface ConfirmFormProps {
  onConfirmed: (session: Session) => void;
  onCancel: () => void;
}

/** Asks for what the person signed in with. */
function ConfirmForm({ onConfirmed, onCancel }: ConfirmFormProps) {
  const t = useTexts(baseTexts);
  const queries = useQueryClient();
  const method = queries.getQueryData<Session>(['session'])?.method ?? 'password';
  const [withKey, setWithKey] = useState(method !== 'password');
  const confirm = useSingleMutation({
    mutationFn: (proof: string) =>
      read(api.POST('/api/v1/session/confirm', { body: withKey ? { api_key: proof } : { password: proof } })),
    onSuccess: onConfirmed,
  });

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const proof = formText(new FormData(event.currentTarget), 'proof');
    // A password can begin or end with a space; a key that was copied has none.
    confirm.mutate(withKey ? proof.trim() : proof);
  }

  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{t('confirm.text')}</Text>
        {method === 'oidc' && <OidcConfirm onConfirmed={onConfirmed} />}
        {confirm.isError && <ProblemAlert error={confirm.error} />}
        <PasswordInput
          key={String(withKey)}
          name="proof"
          label={withKey ? t('confirm.api_key') : t('confirm.password')}
          autoComplete={withKey ? 'off' : 'current-password'}
          required
          data-autofocus
        />
        <Group justify="space-between">
          <Button variant="subtle" onClick={() => setWithKey(!withKey)}>
            {withKey ? t('confirm.password') : t('confirm.api_key')}
          </Button>
          <Group gap="xs">
            <Button variant="default" onClick={onCancel}>
              {t('action.cancel')}
            </Button>
            <Button type="submit" loading={confirm.isPending}>
              {t('confirm.submit')}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}
