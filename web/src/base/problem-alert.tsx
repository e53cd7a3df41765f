/** Shows what went wrong and what to do about it. */
import { Alert, Button, Group, Text } from '@mantine/core';
import { baseTexts } from './base-texts';
import { letReadsAsk } from './gate';
import { isRefusal, RequestFailed } from './problem';
import { useTexts } from './texts';

interface ProblemAlertProps {
  error: unknown;
  onRetry?: (() => void) | undefined;
}

/**
 * The sentence of a refusal comes from the server. The request id is what an operator asks for. What the role forbids is not offered to
 * be tried again.
 */
export function ProblemAlert({ error, onRetry }: ProblemAlertProps) {
  const t = useTexts(baseTexts);
  const retry = onRetry && !isRefusal(error, 'FORBIDDEN_ROLE') ? onRetry : undefined;
  const problem = error instanceof RequestFailed ? error.problem : undefined;
  const sentence = problem?.detail ?? (isUnanswered(error) ? t('problem.no_answer') : t('problem.unexpected'));
  return (
    <Alert color="red" role="alert" title={problem?.title ?? t('problem.title')}>
      <Text size="sm">{sentence}</Text>
      {problem?.errors?.map(({ path, message }) => (
        <Text size="sm" key={`${path} ${message}`}>
          <code>{path}</code>: {message}
        </Text>
      ))}
      <Group mt="xs" gap="sm">
        {retry && (
          <Button
            size="xs"
            variant="default"
            onClick={() => {
              letReadsAsk();
              retry();
            }}
          >
            {t('problem.retry')}
          </Button>
        )}
        {problem && (
          <Text size="xs" c="dimmed">
            {problem.code} · {problem.request_id}
          </Text>
        )}
      </Group>
    </Alert>
  );
}

function isUnanswered(error: unknown): boolean {
  return error instanceof RequestFailed && error.status === 0;
}
