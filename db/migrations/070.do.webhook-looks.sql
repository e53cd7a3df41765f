-- When the workflow of an endpoint last looked at what is owed: the sweep wakes those that have not looked although something is due.
ALTER TABLE webhook_queues ADD COLUMN looked_at timestamptz;

ALTER TABLE sweep_attempts DROP CONSTRAINT sweep_attempts_kind_known;
ALTER TABLE sweep_attempts ADD CONSTRAINT sweep_attempts_kind_known CHECK (kind IN
  ('boundary', 'late_timer', 'verification', 'behind_test_clock', 'billing_events', 'contract_workflow', 'time_zone_rules',
   'silent_job', 'paused_job', 'job_workflow', 'silent_operation', 'operation_workflow', 'test_clock', 'overdue_hold', 'low_pool',
   'schedule_run', 'schedule_workflow', 'owed_delivery', 'endpoint_workflow'));
