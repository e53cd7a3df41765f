/** Every attempt of a delivery, the last one first. */
import { Code, Group, Paper, Stack, Text } from '@mantine/core';
import { Instant } from '../base/instant';
import { formatNumber } from '../base/instants';
import type { components } from '../base/interface';
import { StatusBadge } from '../base/status-badge';
import type { Tone } from '../base/status-badge';
import { useLanguage, useTexts } from '../base/texts';
import { webhookTexts } from './texts';

type Attempt = components['schemas']['WebhookAttempt'];

const TONES: Readonly<Record<NonNullable<Attempt['outcome']>, Tone>> = {
  delivered: 'good',
  failed: 'bad',
  gone: 'bad',
};

export function AttemptList({ attempts }: { attempts: readonly Attempt[] }) {
  const t = useTexts(webhookTexts);
  if (attempts.length === 0) return <Text size="sm">{t('attempts.none')}</Text>;
  const lastFirst = [...attempts].sort((a, b) => b.number - a.number);
  return (
    <Stack gap="xs" component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
      {lastFirst.map((attempt) => (
        <Paper withBorder p="sm" key={attempt.number} component="li">
          <OneAttempt attempt={attempt} />
        </Paper>
      ))}
    </Stack>
  );
}

function OneAttempt({ attempt }: { attempt: Attempt }) {
  const t = useTexts(webhookTexts);
  const language = useLanguage();
  const { number, at, outcome, http_status, latency_ms, meaning, detail, excerpt } = attempt;
  return (
    <Stack gap={4}>
      <Group gap="sm">
        <Text size="sm" fw={600}>
          {t('attempt.number', { number })}
        </Text>
        <StatusBadge tone={outcome === null ? 'waiting' : TONES[outcome]}>
          {t(`attempt.${outcome ?? 'running'}`)}
        </StatusBadge>
        <Text size="sm" c="dimmed" component="div">
          <Instant at={at} />
          {http_status !== null && ` · ${t('attempt.status', { status: String(http_status) })}`}
          {latency_ms !== null && ` · ${t('attempt.latency', { latency: formatNumber(latency_ms, language) })}`}
        </Text>
      </Group>
      <Text size="sm">{meaning}</Text>
      {detail && (
        <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {detail}
        </Text>
      )}
      {excerpt && (
        <>
          <Text size="xs" c="dimmed">
            {t('attempt.excerpt')}
          </Text>
          <Code block tabIndex={0} role="region" aria-label={t('attempt.excerpt')} mah={160}>
            {excerpt}
          </Code>
        </>
      )}
    </Stack>
  );
}
