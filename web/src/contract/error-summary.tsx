/** Lists the errors of a form with links that lead to their fields. It takes the focus when it appears. */
import { Alert, Anchor, List } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTexts } from '../base/texts';
import { isFieldName } from './field-names';
import { fieldTexts } from './field-texts';
import { fieldId } from './form-context';
import { formTexts } from './form-texts';

interface ErrorSummaryProps {
  /** The message of each field. */
  errors: Readonly<Record<string, unknown>>;
  /** Increases with each try that failed. */
  tries: number;
}

export function ErrorSummary({ errors, tries }: ErrorSummaryProps) {
  const t = useTexts(formTexts);
  const label = useTexts(fieldTexts);
  const alert = useRef<HTMLDivElement>(null);
  const shown = Object.entries(errors).filter(([, message]) => Boolean(message));
  useEffect(() => alert.current?.focus(), [tries]);
  if (shown.length === 0) return null;
  return (
    <Alert ref={alert} tabIndex={-1} color="red" role="alert" title={t('errors.title', { count: shown.length })}>
      <List size="sm">
        {shown.map(([name, message]) => (
          <List.Item key={name}>
            <Anchor
              href={`#${fieldId(name)}`}
              onClick={(event) => {
                event.preventDefault();
                document.getElementById(fieldId(name))?.focus();
              }}
            >
              {isFieldName(name) ? label(name) : name}
            </Anchor>
            : {String(message)}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
