/** The steps of a workflow run as operators read them: the summaries of its activities, local ones too. */
import type { WorkflowHandle } from '@temporalio/client';
import { temporal as proto } from '@temporalio/proto';

/** The name of the marker that the SDK records for a local activity. */
const LOCAL_ACTIVITY = 'core_local_activity';

export async function stepsOf(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  const { EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, EVENT_TYPE_MARKER_RECORDED } = proto.api.enums.v1.EventType;
  return (events ?? [])
    .filter(
      ({ eventType, markerRecordedEventAttributes: marker }) =>
        eventType === EVENT_TYPE_ACTIVITY_TASK_SCHEDULED ||
        (eventType === EVENT_TYPE_MARKER_RECORDED && marker?.markerName === LOCAL_ACTIVITY),
    )
    .map(({ userMetadata }) => JSON.parse(Buffer.from(userMetadata?.summary?.data ?? []).toString()) as string);
}
