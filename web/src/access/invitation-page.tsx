/** Where the link of an invitation leads: the person sets a password and is signed in. */
import { Alert, Button, Center, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { api, read } from '../base/client';
import { formText } from '../base/form-text';
import { fieldErrors } from '../base/problem';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { useSingleMutation } from '../base/use-single-mutation';
import { accessTexts } from './texts';

const PASSWORD_LENGTH_MIN = 12;

export function InvitationPage() {
  const t = useTexts(accessTexts);
  const queries = useQueryClient();
  const navigate = useNavigate();
  // The token stands after `#`, so no server log contains it. It leaves the address when it is used.
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token'));
  const [differs, setDiffers] = useState(false);
  const accept = useSingleMutation({
    mutationFn: (password: string) =>
      read(api.POST('/api/v1/session/invitation', { body: { token: token ?? '', password } })),
    onSuccess: (session) => {
      queries.setQueryData(['session'], session);
      void navigate({ to: '/', replace: true });
    },
  });

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const password = formText(form, 'password');
    const same = password === formText(form, 'repeat');
    setDiffers(!same);
    if (same) accept.mutate(password);
  }

  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w="100%" maw={420}>
        <Stack>
          <Title order={1} size="h3">
            {t('invitation.title')}
          </Title>
          {token === null ? (
            <Alert color="red">{t('invitation.no_token')}</Alert>
          ) : (
            <form onSubmit={submit}>
              <Stack>
                {accept.isError && <ProblemAlert error={accept.error} />}
                <Text size="sm">{t('invitation.text', { count: PASSWORD_LENGTH_MIN })}</Text>
                <PasswordInput
                  name="password"
                  label={t('invitation.password')}
                  autoComplete="new-password"
                  minLength={PASSWORD_LENGTH_MIN}
                  error={fieldErrors(accept.error)['password']}
                  required
                />
                <PasswordInput
                  name="repeat"
                  label={t('invitation.repeat')}
                  autoComplete="new-password"
                  error={differs && t('invitation.differs')}
                  required
                />
                <Button type="submit" loading={accept.isPending}>
                  {t('invitation.submit')}
                </Button>
              </Stack>
            </form>
          )}
        </Stack>
      </Paper>
    </Center>
  );
}
