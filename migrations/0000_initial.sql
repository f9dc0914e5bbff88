CREATE TABLE `attention` (
	`attention_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`kind` text NOT NULL,
	`subject` text NOT NULL,
	`audience` text NOT NULL,
	`message` text NOT NULL,
	`next_step` text NOT NULL,
	`since` integer NOT NULL,
	`last_at` integer NOT NULL,
	`count` integer NOT NULL,
	`trace_id` text,
	`ended_at` integer,
	`alerted_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `attention_open` ON `attention` (`program_id`,`kind`,`subject`) WHERE ended_at IS NULL;--> statement-breakpoint
CREATE INDEX `attention_unalerted` ON `attention` (`since`) WHERE alerted_at IS NULL;--> statement-breakpoint
CREATE INDEX `attention_ended` ON `attention` (`program_id`,`ended_at`);--> statement-breakpoint
CREATE TABLE `audit_log` (
	`audit_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`target` text NOT NULL,
	`request_id` text NOT NULL,
	`detail` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_log_by_program` ON `audit_log` (`program_id`,`audit_id`);--> statement-breakpoint
CREATE TABLE `deliveries` (
	`delivery_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`channel` text NOT NULL,
	`type` text NOT NULL,
	`message_id` text NOT NULL,
	`dedupe_key` text NOT NULL,
	`target` text NOT NULL,
	`secret_purpose` text NOT NULL,
	`subject` text NOT NULL,
	`body` text NOT NULL,
	`trace_id` text NOT NULL,
	`about` text NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`uncertain` integer DEFAULT false NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`attempts_total` integer DEFAULT 0 NOT NULL,
	`next_attempt_at` integer,
	`lease_token` text,
	`lease_until` integer,
	`created_at` integer NOT NULL,
	`ended_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_once` ON `deliveries` (`dedupe_key`);--> statement-breakpoint
CREATE INDEX `deliveries_due` ON `deliveries` (`next_attempt_at`) WHERE next_attempt_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `deliveries_by_program` ON `deliveries` (`program_id`,`delivery_id`);--> statement-breakpoint
CREATE INDEX `deliveries_by_trace` ON `deliveries` (`program_id`,`trace_id`);--> statement-breakpoint
CREATE TABLE `delivery_attempts` (
	`attempt_id` text PRIMARY KEY NOT NULL,
	`delivery_id` text NOT NULL,
	`program_id` text NOT NULL,
	`started_at` integer NOT NULL,
	`duration_ms` integer NOT NULL,
	`status` integer,
	`failure` text,
	`detail` text NOT NULL,
	`excerpt` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `delivery_attempts_by_delivery` ON `delivery_attempts` (`delivery_id`,`attempt_id`);--> statement-breakpoint
CREATE TABLE `emails_sent` (
	`day` text PRIMARY KEY NOT NULL,
	`count` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `events` (
	`sequence` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`event_id` text NOT NULL,
	`program_id` text NOT NULL,
	`system_id` text NOT NULL,
	`event_type` text NOT NULL,
	`publisher_event_id` text NOT NULL,
	`participant_id` text,
	`category` text,
	`data` text NOT NULL,
	`change` text,
	`record_key` text,
	`start_at` integer NOT NULL,
	`end_at` integer,
	`received_at` integer NOT NULL,
	`trace_id` text NOT NULL,
	`deleted_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `events_event_id_unique` ON `events` (`event_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `events_once` ON `events` (`program_id`,`system_id`,`event_type`,`publisher_event_id`);--> statement-breakpoint
CREATE INDEX `events_by_program` ON `events` (`program_id`,`sequence`);--> statement-breakpoint
CREATE INDEX `events_by_trace` ON `events` (`trace_id`) WHERE trace_id <> '';--> statement-breakpoint
CREATE TABLE `file_names` (
	`program_id` text NOT NULL,
	`folder` text NOT NULL,
	`filename` text NOT NULL,
	`version_id` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`program_id`, `folder`, `filename`)
);
--> statement-breakpoint
CREATE TABLE `file_versions` (
	`version_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`folder` text NOT NULL,
	`filename` text NOT NULL,
	`object_key` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`etag` text NOT NULL,
	`content_type` text,
	`source` text NOT NULL,
	`trace_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`erased_at` integer
);
--> statement-breakpoint
CREATE INDEX `file_versions_by_age` ON `file_versions` (`program_id`,`created_at`) WHERE erased_at IS NULL;--> statement-breakpoint
CREATE INDEX `file_versions_by_object` ON `file_versions` (`object_key`);--> statement-breakpoint
CREATE TABLE `uploads` (
	`upload_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`folder` text NOT NULL,
	`filename` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`object_key` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`version_id` text
);
--> statement-breakpoint
CREATE TABLE `job_recipients` (
	`job_id` text NOT NULL,
	`channel` text NOT NULL,
	`target` text NOT NULL,
	`delivery_id` text NOT NULL,
	PRIMARY KEY(`job_id`, `channel`, `target`)
);
--> statement-breakpoint
CREATE TABLE `jobs` (
	`sequence` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`job_id` text NOT NULL,
	`program_id` text NOT NULL,
	`job` text NOT NULL,
	`dataset` text NOT NULL,
	`task` text NOT NULL,
	`folder` text NOT NULL,
	`filename` text NOT NULL,
	`version_id` text NOT NULL,
	`object_key` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`etag` text NOT NULL,
	`trace_id` text NOT NULL,
	`notification_id` text NOT NULL,
	`dry_run` integer NOT NULL,
	`retry_of` text,
	`undo_of` text,
	`status` text NOT NULL,
	`phase` text,
	`waiting_for` text,
	`attempt` integer NOT NULL,
	`held_at` integer,
	`approved_at` integer,
	`wake_at` integer,
	`queued_at` integer NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	`message` text NOT NULL,
	`counts` text NOT NULL,
	`read_bytes` integer NOT NULL,
	`decisions` text,
	`errors` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `jobs_job_id_unique` ON `jobs` (`job_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `jobs_unfinished_version` ON `jobs` (`program_id`,`job`,`version_id`) WHERE finished_at IS NULL;--> statement-breakpoint
CREATE INDEX `jobs_due` ON `jobs` (`wake_at`) WHERE wake_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `jobs_unfinished_dataset` ON `jobs` (`program_id`,`dataset`,`sequence`) WHERE finished_at IS NULL;--> statement-breakpoint
CREATE INDEX `jobs_by_dataset` ON `jobs` (`program_id`,`dataset`,`sequence`);--> statement-breakpoint
CREATE INDEX `jobs_by_program` ON `jobs` (`program_id`,`sequence`);--> statement-breakpoint
CREATE TABLE `api_keys` (
	`key_id` text PRIMARY KEY NOT NULL,
	`program_id` text,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`revoked_at` integer,
	`rotated_to` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_keys_hash_unique` ON `api_keys` (`hash`);--> statement-breakpoint
CREATE INDEX `api_keys_by_program` ON `api_keys` (`program_id`,`key_id`);--> statement-breakpoint
CREATE TABLE `drop_keys` (
	`access_key_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`sealed` text NOT NULL,
	`created_at` integer NOT NULL,
	`ends_at` integer
);
--> statement-breakpoint
CREATE INDEX `drop_keys_by_program` ON `drop_keys` (`program_id`);--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`body_hash` text NOT NULL,
	`status` integer,
	`headers` text,
	`body` text,
	`created_at` integer NOT NULL,
	`runs_until` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `idempotency_keys_by_age` ON `idempotency_keys` (`created_at`);--> statement-breakpoint
CREATE TABLE `dev_switches` (
	`id` integer PRIMARY KEY NOT NULL,
	`clock_offset_ms` integer NOT NULL,
	`lose_queue_messages` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `programs` (
	`program_id` text PRIMARY KEY NOT NULL,
	`folded_id` text NOT NULL,
	`name` text NOT NULL,
	`time_zone` text NOT NULL,
	`contacts` text NOT NULL,
	`staff` text,
	`retention` text NOT NULL,
	`nightly_sync` text NOT NULL,
	`learning_builder_url` text,
	`learning_builder_key` text,
	`bucket` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `programs_folded_id_unique` ON `programs` (`folded_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `programs_bucket_unique` ON `programs` (`bucket`);--> statement-breakpoint
CREATE INDEX `programs_deleting` ON `programs` (`deleted_at`) WHERE deleted_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `datasets` (
	`dataset_id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`program_id` text NOT NULL,
	`name` text NOT NULL,
	`applying_job_id` text,
	`record_count` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `datasets_by_name` ON `datasets` (`program_id`,`name`);--> statement-breakpoint
CREATE TABLE `job_checkpoints` (
	`job_id` text PRIMARY KEY NOT NULL,
	`dataset_id` integer NOT NULL,
	`lease_token` text,
	`lease_until` integer,
	`step` integer NOT NULL,
	`claimed_step` integer NOT NULL,
	`state` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `records` (
	`dataset_id` integer NOT NULL,
	`bucket` integer NOT NULL,
	`key` text NOT NULL,
	`fingerprint` text NOT NULL,
	`data` text NOT NULL,
	`version` integer NOT NULL,
	`job_id` text NOT NULL,
	`changed_at` integer NOT NULL,
	PRIMARY KEY(`dataset_id`, `bucket`, `key`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `tasks` (
	`program_id` text NOT NULL,
	`job` text NOT NULL,
	`dataset` text NOT NULL,
	`definition` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`program_id`, `job`)
);
--> statement-breakpoint
CREATE TABLE `signing_secrets` (
	`secret_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`purpose` text NOT NULL,
	`sealed` text NOT NULL,
	`created_at` integer NOT NULL,
	`ends_at` integer
);
--> statement-breakpoint
CREATE INDEX `signing_secrets_by_purpose` ON `signing_secrets` (`program_id`,`purpose`);