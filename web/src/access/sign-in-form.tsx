/** Signing in with a password, an API key, or the identity provider of the company. Also used when a session ends in the middle of a form. */
import { Anchor, Button, Divider, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { api, read } from '../base/client';
import { formText } from '../base/form-text';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { useSingleMutation } from '../base/use-single-mutation';
import type { Session } from './session';
import { accessTexts } from './texts';

interface SignInFormProps {
  /** Where the identity provider sends the person back to: a path below /admin. */
  returnTo: string;
  onSignedIn: (session: Session) => void;
}

type Proof = { email: string; password: string } | { api_key: string };

export function SignInForm({ returnTo, onSignedIn }: SignInFormProps) {
  const t = useTexts(accessTexts);
  const [withKey, setWithKey] = useState(false);
  const methods = useQuery({
    queryKey: ['session', 'methods'],
    queryFn: () => read(api.GET('/api/v1/session/methods')),
  });
  const signIn = useSingleMutation({
    mutationFn: (proof: Proof) => read(api.POST('/api/v1/session', { body: proof })),
    onSuccess: onSignedIn,
  });
  const oidc = useSingleMutation({
    mutationFn: () => read(api.POST('/api/v1/session/oidc', { body: { return_to: returnTo } })),
    onSuccess: ({ authorization_url }) => location.assign(authorization_url),
  });

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const field = (name: string) => formText(form, name).trim();
    signIn.mutate(
      withKey ? { api_key: field('api_key') } : { email: field('email'), password: formText(form, 'password') },
    );
  }

  const failed = signIn.error ?? oidc.error;
  const label = methods.data?.oidc?.label;
  return (
    <Stack>
      {failed !== null && <ProblemAlert error={failed} />}
      <form onSubmit={submit}>
        <Stack>
          {withKey ? (
            <PasswordInput name="api_key" label={t('sign_in.api_key')} autoComplete="off" required data-autofocus />
          ) : (
            <>
              <TextInput
                name="email"
                type="email"
                label={t('sign_in.email')}
                autoComplete="username"
                required
                data-autofocus
              />
              <PasswordInput name="password" label={t('sign_in.password')} autoComplete="current-password" required />
            </>
          )}
          <Button type="submit" loading={signIn.isPending}>
            {withKey ? t('sign_in.with_api_key') : t('sign_in.with_password')}
          </Button>
        </Stack>
      </form>
      <Anchor
        component="button"
        type="button"
        size="sm"
        onClick={() => {
          signIn.reset();
          setWithKey(!withKey);
        }}
      >
        {withKey ? t('sign_in.use_password') : t('sign_in.use_api_key')}
      </Anchor>
      {label !== undefined && (
        <>
          <Divider />
          <Button variant="default" loading={oidc.isPending} onClick={() => oidc.mutate()}>
            {t('sign_in.with_oidc', { label })}
          </Button>
        </>
      )}
    </Stack>
  );
}
