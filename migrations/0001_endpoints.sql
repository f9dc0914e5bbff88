CREATE TABLE `webhook_endpoint_changes` (
	`endpoint_id` text NOT NULL,
	`version` integer NOT NULL,
	`program_id` text NOT NULL,
	`at` integer NOT NULL,
	`events` text NOT NULL,
	`categories` text,
	`state` text NOT NULL,
	`reason` text,
	PRIMARY KEY(`endpoint_id`, `version`)
);
--> statement-breakpoint
CREATE INDEX `webhook_endpoint_changes_by_program` ON `webhook_endpoint_changes` (`program_id`);--> statement-breakpoint
CREATE TABLE `webhook_endpoints` (
	`endpoint_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`slot` integer NOT NULL,
	`url` text NOT NULL,
	`events` text NOT NULL,
	`categories` text,
	`description` text NOT NULL,
	`state` text NOT NULL,
	`state_reason` text,
	`state_at` integer NOT NULL,
	`headers` text,
	`header_names` text NOT NULL,
	`rate_limit_per_second` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `webhook_endpoints_slot` ON `webhook_endpoints` (`program_id`,`slot`);--> statement-breakpoint
CREATE INDEX `webhook_endpoints_live` ON `webhook_endpoints` (`program_id`,`endpoint_id`) WHERE deleted_at IS NULL;--> statement-breakpoint
ALTER TABLE `deliveries` ADD `endpoint_id` text;