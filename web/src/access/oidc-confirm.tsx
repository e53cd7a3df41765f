/** Confirms who the person is with the identity provider, in a window of its own, so that what is entered on the page stays. */
import { Button, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, read } from '../base/client';
import { ProblemAlert } from '../base/problem-alert';
import { useTexts } from '../base/texts';
import { useSingleMutation } from '../base/use-single-mutation';
import { sessionQuery } from './session';
import type { Session } from './session';
import { accessTexts } from './texts';

/** How often the page asks whether the person has confirmed in the other window. */
const ASK_MS = 2_000;

/** Nothing when the installation has no identity provider. */
export function OidcConfirm({ onConfirmed }: { onConfirmed: (session: Session) => void }) {
  const t = useTexts(accessTexts);
  const queries = useQueryClient();
  const [before] = useState(() => queries.getQueryData<Session>(['session'])?.confirmed_until);
  const methods = useQuery({
    queryKey: ['session', 'methods'],
    queryFn: () => read(api.GET('/api/v1/session/methods')),
  });
  const begin = useSingleMutation({
    mutationFn: () => read(api.POST('/api/v1/session/oidc', { body: { confirm: true, return_to: '/confirmed' } })),
    onSuccess: ({ authorization_url }) => void window.open(authorization_url, '_blank'),
  });
  const session = useQuery({ ...sessionQuery, enabled: begin.isSuccess, refetchInterval: ASK_MS }).data;
  const confirmed = begin.isSuccess && session !== undefined && session.confirmed_until !== before;
  useEffect(() => {
    if (confirmed) onConfirmed(session);
  }, [confirmed, session, onConfirmed]);

  const label = methods.data?.oidc?.label;
  if (label === undefined) return null;
  return (
    <>
      {begin.isError && <ProblemAlert error={begin.error} />}
      <Button variant="default" loading={begin.isPending} onClick={() => begin.mutate()}>
        {t('confirm.with_oidc', { label })}
      </Button>
      {begin.isSuccess && (
        <Text role="status" size="sm">
          {t('confirm.waiting', { label })}
        </Text>
      )}
    </>
  );
}
