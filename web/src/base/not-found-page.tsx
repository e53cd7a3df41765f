/** What stands at an address that has no page. */
import { Button, Container } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { baseTexts } from './base-texts';
import { EmptyState } from './empty-state';
import { useTexts } from './texts';

export function NotFoundPage() {
  const t = useTexts(baseTexts);
  return (
    <Container component="main" py="xl" size="sm">
      <EmptyState
        title={t('not_found.title')}
        action={
          <Button component={Link} to="/contracts">
            {t('not_found.home')}
          </Button>
        }
      >
        {t('not_found.text')}
      </EmptyState>
    </Container>
  );
}
