/** Starts the pages. */
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { askForRead, letReadsAsk } from './base/gate';
import { pausePollingWithoutPerson } from './base/presence';
import { createQueryClient } from './base/query';
import { cssVariables, theme } from './base/theme';
import { QuestionDialog } from './access/question-dialog';
import { router } from './router';

const queries = createQueryClient({
  onSignedOut: () => {
    // On the pages before the sign-in, a missing session is no interruption.
    if (queries.getQueryData(['session']) === undefined) return;
    void askForRead().then(async (done) => {
      if (done) await queries.invalidateQueries();
    });
  },
  onAnswer: letReadsAsk,
});

pausePollingWithoutPerson();

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <Notifications position="top-right" />
        <RouterProvider router={router} />
        <QuestionDialog />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
