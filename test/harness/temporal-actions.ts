/**
 * Counts the actions of Temporal Cloud in the history of a workflow: the unit of its price, and a good measure of the load on any
 * Temporal server.
 *
 * The rule is that of "Temporal Cloud Actions" (docs.temporal.io/cloud/actions). One action each:
 * - the start of a run, by a client, by continue-as-new or as a child (which is two); a signal that starts the workflow is one in all;
 * - a timer, also that of a `condition` with a time limit;
 * - a search attribute upsert, however many attributes it sets; the upsert of `TemporalChangeVersion` by `patched` is free;
 * - a signal, an accepted or rejected update, a query;
 * - each attempt at an activity, and each heartbeat that reaches the server;
 * - all markers of one workflow task together: its local activities, and its patches.
 *
 * Queries, heartbeats and rejected updates are not in a history, so they are not counted here.
 */
import { temporal as proto } from '@temporalio/proto';
import type { History } from '@temporalio/common/lib/proto-utils';

const { EventType } = proto.api.enums.v1;

/** The number of actions by their kind, of one history or of several together. */
export type ActionCounts = Record<string, number>;

/** The search attribute by which the SDK lists the patches of a run. */
const PATCHES_ATTRIBUTE = 'TemporalChangeVersion';

/** The start, its signal and the first workflow task, in an order that differs between servers. */
const START_EVENTS = 3;

/** Events that are one action each. */
const ACTION_OF_EVENT = new Map([
  [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, 'start'],
  [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, 'signal'],
  [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED, 'update'],
  [EventType.EVENT_TYPE_TIMER_STARTED, 'timer'],
  [EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES, 'upsert'],
  [EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED, 'activity'],
]);

/** Counts the actions of a history by their kind. */
export function countActions({ events }: Pick<History, 'events'>): ActionCounts {
  const counts: ActionCounts = {};
  const tasks_with_markers = new Set<string>();
  for (const event of events ?? []) {
    const marker = event.markerRecordedEventAttributes;
    if (marker) tasks_with_markers.add(String(marker.workflowTaskCompletedEventId));
    const kind = ACTION_OF_EVENT.get(event.eventType as number);
    if (kind === undefined || isFree(event)) continue;
    // The start of an activity is written when it has ended, with the number of its attempts.
    counts[kind] = (counts[kind] ?? 0) + (event.activityTaskStartedEventAttributes?.attempt ?? 1);
  }
  if (tasks_with_markers.size > 0) counts.markers = tasks_with_markers.size;
  return counts;
}

/** Whether an event of one of those types is no action. */
function isFree(event: NonNullable<History['events']>[number]): boolean {
  // The signal with which a workflow is started: both are one action.
  if (event.workflowExecutionSignaledEventAttributes) return Number(event.eventId) <= START_EVENTS;
  const attributes = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields;
  return attributes ? Object.keys(attributes).every((name) => name === PATCHES_ATTRIBUTE) : false;
}

/** The sum of all kinds. */
export function sumOfActions(counts: ActionCounts): number {
  return Object.values(counts).reduce((sum, number) => sum + number, 0);
}
