/** Where the window ends in which a person has confirmed who they are. The page behind it continues by itself. */
import { Center, Paper, Stack, Text, Title } from '@mantine/core';
import { useEffect } from 'react';
import { useTexts } from '../base/texts';
import { accessTexts } from './texts';

export function ConfirmedPage() {
  const t = useTexts(accessTexts);
  useEffect(() => {
    document.title = `${t('confirmed.title')} · Covenant`;
    window.close();
  }, [t]);
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w="100%" maw={420}>
        <Stack>
          <Title order={1} size="h3">
            {t('confirmed.title')}
          </Title>
          <Text>{t('confirmed.text')}</Text>
        </Stack>
      </Paper>
    </Center>
  );
}
