CREATE TABLE `sync_calls` (
	`name` text PRIMARY KEY NOT NULL,
	`sync_id` text NOT NULL,
	`program_id` text NOT NULL,
	`publisher_id` text NOT NULL,
	`process_id` text NOT NULL,
	`part` integer NOT NULL,
	`delivery_id` text NOT NULL,
	`rows` integer NOT NULL,
	`bytes` integer NOT NULL,
	`first_sequence` integer NOT NULL,
	`last_sequence` integer NOT NULL,
	`state` text NOT NULL,
	`queue_batch_id` text,
	`uncertain` integer DEFAULT false NOT NULL,
	`accepted_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sync_calls_delivery_id_unique` ON `sync_calls` (`delivery_id`);--> statement-breakpoint
CREATE INDEX `sync_calls_by_sync` ON `sync_calls` (`sync_id`,`part`);--> statement-breakpoint
CREATE TABLE `sync_nights` (
	`program_id` text PRIMARY KEY NOT NULL,
	`local_date` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `sync_quarantine` (
	`program_id` text NOT NULL,
	`publisher_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`event_id` text NOT NULL,
	`category` text,
	`code` text NOT NULL,
	`message` text NOT NULL,
	`line` integer,
	`column` integer,
	`since` integer NOT NULL,
	`sync_id` text NOT NULL,
	`retry` integer NOT NULL,
	PRIMARY KEY(`program_id`, `publisher_id`, `sequence`)
);
--> statement-breakpoint
CREATE INDEX `sync_quarantine_retry` ON `sync_quarantine` (`program_id`,`publisher_id`,`sequence`) WHERE retry = 1;--> statement-breakpoint
CREATE INDEX `sync_quarantine_by_publisher` ON `sync_quarantine` (`publisher_id`,`sequence`);--> statement-breakpoint
CREATE TABLE `syncs` (
	`sync_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`publisher_id` text NOT NULL,
	`trace_id` text NOT NULL,
	`state` text NOT NULL,
	`opened_at` integer NOT NULL,
	`ended_at` integer,
	`from_sequence` integer NOT NULL,
	`until_sequence` integer NOT NULL,
	`until_at` integer NOT NULL,
	`rendered_to` integer NOT NULL,
	`template_version` integer NOT NULL,
	`cursor_version` integer NOT NULL,
	`parts` text NOT NULL,
	`open_parts` text,
	`selected` integer DEFAULT 0 NOT NULL,
	`rendered` integer DEFAULT 0 NOT NULL,
	`ignored` integer DEFAULT 0 NOT NULL,
	`quarantined` integer DEFAULT 0 NOT NULL,
	`unmapped` text NOT NULL,
	`wake_at` integer,
	`lease_token` text DEFAULT '' NOT NULL,
	`lease_until` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `syncs_open` ON `syncs` (`program_id`,`publisher_id`) WHERE state = 'open';--> statement-breakpoint
CREATE INDEX `syncs_by_subscription` ON `syncs` (`program_id`,`publisher_id`,`sync_id`);--> statement-breakpoint
CREATE INDEX `syncs_by_publisher` ON `syncs` (`publisher_id`);--> statement-breakpoint
CREATE INDEX `syncs_due` ON `syncs` (`wake_at`) WHERE wake_at IS NOT NULL;