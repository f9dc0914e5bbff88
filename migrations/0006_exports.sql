CREATE TABLE `export_files` (
	`run_id` text NOT NULL,
	`name` text NOT NULL,
	`program_id` text NOT NULL,
	`event_type` text NOT NULL,
	`rows` integer,
	`object_key` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`sha256` text NOT NULL,
	`delivery_id` text,
	`status` text NOT NULL,
	`evidence` text,
	`reason` text,
	`ended_at` integer,
	PRIMARY KEY(`run_id`, `name`)
);
--> statement-breakpoint
CREATE TABLE `export_runs` (
	`run_id` text PRIMARY KEY NOT NULL,
	`export_id` text NOT NULL,
	`program_id` text NOT NULL,
	`local_date` text NOT NULL,
	`time_zone` text NOT NULL,
	`ends_at` integer NOT NULL,
	`after_sequence` integer NOT NULL,
	`last_sequence` integer NOT NULL,
	`status` text NOT NULL,
	`events` integer DEFAULT 0 NOT NULL,
	`state` text,
	`step` integer DEFAULT 0 NOT NULL,
	`lease_token` text,
	`lease_until` integer,
	`failures` integer DEFAULT 0 NOT NULL,
	`wake_at` integer,
	`sends` integer DEFAULT 0 NOT NULL,
	`trace_id` text NOT NULL,
	`message` text NOT NULL,
	`started_at` integer NOT NULL,
	`written_at` integer,
	`ended_at` integer,
	`erased_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `export_runs_once` ON `export_runs` (`export_id`,`local_date`);--> statement-breakpoint
CREATE INDEX `export_runs_wake` ON `export_runs` (`wake_at`) WHERE wake_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `export_runs_by_program` ON `export_runs` (`program_id`,`started_at`);--> statement-breakpoint
CREATE INDEX `export_runs_by_trace` ON `export_runs` (`trace_id`);--> statement-breakpoint
CREATE TABLE `exports` (
	`export_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`name` text NOT NULL,
	`categories` text NOT NULL,
	`types` text NOT NULL,
	`format` text NOT NULL,
	`host` text NOT NULL,
	`port` integer NOT NULL,
	`username` text NOT NULL,
	`directory` text NOT NULL,
	`credentials` text NOT NULL,
	`has_password` integer NOT NULL,
	`has_private_key` integer NOT NULL,
	`host_keys` text NOT NULL,
	`mode` text NOT NULL,
	`at_local_time` text NOT NULL,
	`time_zone` text,
	`empty_day` text NOT NULL,
	`guard_formulas` integer NOT NULL,
	`manifest` integer NOT NULL,
	`active` integer NOT NULL,
	`last_local_date` text NOT NULL,
	`bound` integer NOT NULL,
	`next_due_at` integer NOT NULL,
	`due_zone` text NOT NULL,
	`tested_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer
);
--> statement-breakpoint
CREATE INDEX `exports_by_program` ON `exports` (`program_id`,`export_id`);--> statement-breakpoint
CREATE INDEX `exports_active` ON `exports` (`next_due_at`) WHERE active = 1 AND deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX `exports_deleting` ON `exports` (`deleted_at`) WHERE deleted_at IS NOT NULL;