/** The sign-in page. A link that works once (`covenant admin sign-in-link`) has its token after `#`, so no server log contains it. */
import { Alert, Center, Loader, Paper, Stack, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { api, read } from '../base/client';
import { ProblemAlert } from '../base/problem-alert';
import { useNames, useTexts } from '../base/texts';
import { useSingleMutation } from '../base/use-single-mutation';
import { oidcFailureTexts } from './oidc-failure-texts';
import { ownPath } from './own-path';
import type { Session } from './session';
import { SignInForm } from './sign-in-form';
import { accessTexts } from './texts';

export function SignInPage() {
  const t = useTexts(accessTexts);
  const failureName = useNames(oidcFailureTexts);
  const search: { return_to?: string; error?: string } = useSearch({ strict: false });
  const queries = useQueryClient();
  const navigate = useNavigate();
  const returnTo = ownPath(search.return_to);
  const linkToken = useRef(new URLSearchParams(location.hash.slice(1)).get('link'));

  function enter(session: Session): void {
    queries.setQueryData(['session'], session);
    void navigate({ href: `/admin${returnTo}`, replace: true });
  }

  const link = useSingleMutation({
    mutationFn: (link_token: string) => read(api.POST('/api/v1/session', { body: { link_token } })),
    onSuccess: enter,
  });
  useEffect(() => {
    document.title = `${t('sign_in.title')} · Covenant`;
  }, [t]);
  useEffect(() => {
    const token = linkToken.current;
    if (token === null) return;
    // The token works once, so it is used once and leaves the address.
    linkToken.current = null;
    history.replaceState(history.state, '', location.pathname + location.search);
    link.mutate(token);
  }, [link]);

  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w="100%" maw={420}>
        <Stack>
          <Title order={1} size="h3">
            {t('sign_in.title')}
          </Title>
          {search.error !== undefined && <Alert color="red">{failureName(search.error)}</Alert>}
          {link.isError && <ProblemAlert error={link.error} />}
          {link.isPending ? (
            <Text role="status">
              <Loader size="xs" aria-hidden /> {t('sign_in.link')}
            </Text>
          ) : (
            <SignInForm returnTo={returnTo} onSignedIn={enter} />
          )}
          <Text size="sm" c="dimmed">
            {t('sign_in.help')}
          </Text>
        </Stack>
      </Paper>
    </Center>
  );
}
