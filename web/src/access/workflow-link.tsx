/** A link to the workflow of something in the Temporal UI. Without a known address of the UI, the id alone. */
import { Anchor, Code } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { baseTexts } from '../base/base-texts';
import { useTexts } from '../base/texts';
import { useInstallation } from './session';

export function WorkflowLink({ id }: { id: string }) {
  const t = useTexts(baseTexts);
  const installation = useInstallation();
  if (!installation?.temporal_ui_url) return <Code>{id}</Code>;
  const { temporal_ui_url, temporal_namespace } = installation;
  const address = `${temporal_ui_url}/namespaces/${encodeURIComponent(temporal_namespace)}/workflows/${encodeURIComponent(id)}`;
  return (
    <Anchor href={address} target="_blank" rel="noreferrer" size="sm">
      {t('workflow.open')} <IconExternalLink size={14} aria-hidden />
    </Anchor>
  );
}
