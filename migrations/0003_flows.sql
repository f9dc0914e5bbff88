CREATE TABLE `allocations` (
	`source_id` integer NOT NULL,
	`participant_id` integer NOT NULL,
	`program_id` text NOT NULL,
	`allocated_at` integer NOT NULL,
	PRIMARY KEY(`source_id`, `participant_id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `allocations_by_participant` ON `allocations` (`participant_id`);--> statement-breakpoint
CREATE TABLE `external_sources` (
	`source_id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`program_id` text NOT NULL,
	`flow_id` integer NOT NULL,
	`reference` text NOT NULL,
	`description` text NOT NULL,
	`state` text NOT NULL,
	`request_id` text,
	`trace_id` text,
	`deadline_at` integer,
	`timed_out` integer NOT NULL,
	`message` text,
	`last_requested_at` integer,
	`last_sync_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `external_sources_by_reference` ON `external_sources` (`flow_id`,`reference`);--> statement-breakpoint
CREATE INDEX `external_sources_by_flow` ON `external_sources` (`flow_id`,`source_id`);--> statement-breakpoint
CREATE INDEX `external_sources_by_state` ON `external_sources` (`flow_id`,`state`);--> statement-breakpoint
CREATE INDEX `external_sources_due` ON `external_sources` (`deadline_at`) WHERE deadline_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `flow_participants` (
	`participant_id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`program_id` text NOT NULL,
	`flow_id` integer NOT NULL,
	`external_id` text NOT NULL,
	`email` text,
	`name` text,
	`data` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `flow_participants_by_external_id` ON `flow_participants` (`flow_id`,`external_id`);--> statement-breakpoint
CREATE INDEX `flow_participants_by_flow` ON `flow_participants` (`flow_id`,`participant_id`);--> statement-breakpoint
CREATE TABLE `flow_request_sources` (
	`sequence` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`request_id` text NOT NULL,
	`source_id` integer NOT NULL,
	`program_id` text NOT NULL,
	`flow_id` integer NOT NULL,
	`reference` text NOT NULL,
	`outcome` text NOT NULL,
	`ended_at` integer,
	`ended_by` text,
	`message` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `flow_request_sources_once` ON `flow_request_sources` (`request_id`,`source_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `flow_request_sources_open` ON `flow_request_sources` (`source_id`) WHERE outcome = 'PENDING';--> statement-breakpoint
CREATE INDEX `flow_request_sources_by_source` ON `flow_request_sources` (`source_id`,`sequence`);--> statement-breakpoint
CREATE INDEX `flow_request_sources_by_flow` ON `flow_request_sources` (`flow_id`,`sequence`);--> statement-breakpoint
CREATE INDEX `flow_request_sources_ended` ON `flow_request_sources` (`program_id`,`ended_at`);--> statement-breakpoint
CREATE TABLE `flow_requests` (
	`request_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`flow_id` integer NOT NULL,
	`trace_id` text NOT NULL,
	`requested_by` text NOT NULL,
	`requested_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `flow_requests_by_flow` ON `flow_requests` (`flow_id`);--> statement-breakpoint
CREATE INDEX `flow_requests_by_age` ON `flow_requests` (`program_id`,`requested_at`);--> statement-breakpoint
CREATE TABLE `flows` (
	`flow_id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`program_id` text NOT NULL,
	`code` text NOT NULL,
	`title` text NOT NULL,
	`data` text,
	`sync_time_limit_minutes` integer NOT NULL,
	`archived_at` integer,
	`deleted_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `flows_by_code` ON `flows` (`program_id`,`code`) WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX `flows_by_program` ON `flows` (`program_id`,`flow_id`);--> statement-breakpoint
CREATE INDEX `flows_deleted` ON `flows` (`deleted_at`) WHERE deleted_at IS NOT NULL;