/** The steps of a workflow run as operators read them: the summaries of its activities. */
import type { WorkflowHandle } from '@temporalio/client';
import { temporal as proto } from '@temporalio/proto';

export async function stepsOf(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  const scheduled = proto.api.enums.v1.EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED;
  return (events ?? [])
    .filter(({ eventType }) => eventType === scheduled)
    .map(({ userMetadata }) => JSON.parse(Buffer.from(userMetadata?.summary?.data ?? []).toString()) as string);
}
