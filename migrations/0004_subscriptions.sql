CREATE TABLE `subscriptions` (
	`program_id` text NOT NULL,
	`publisher_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`sync_enabled` integer NOT NULL,
	`template` text NOT NULL,
	`routing` text NOT NULL,
	`template_version` integer NOT NULL,
	`sync_cursor` integer NOT NULL,
	`synced_at` integer,
	`pull_cursor` integer NOT NULL,
	`pulled_at` integer,
	`cursor_version` integer NOT NULL,
	`suspended_at` integer,
	PRIMARY KEY(`program_id`, `publisher_id`)
);
--> statement-breakpoint
CREATE INDEX `subscriptions_by_publisher` ON `subscriptions` (`publisher_id`,`program_id`);