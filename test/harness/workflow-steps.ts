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

/** How many events `lastEventsOf` names. */
const LAST_EVENTS = 12;

/** Names the last events of a workflow run, each with its time, for the message of a failed test. */
export async function lastEventsOf(handle: WorkflowHandle): Promise<string> {
  const { events } = await handle.fetchHistory();
  return (events ?? [])
    .slice(-LAST_EVENTS)
    .map(({ eventType, eventTime }) => {
      const time = new Date(Number(eventTime?.seconds ?? 0) * 1_000).toISOString();
      return `${time} ${proto.api.enums.v1.EventType[eventType ?? 0]}`;
    })
    .join(', ');
}
