CREATE TABLE `monitors` (
	`program_id` text NOT NULL,
	`name` text NOT NULL,
	`watch_kind` text NOT NULL,
	`watch_ref` text NOT NULL,
	`every_hours` integer,
	`by_local_time` text,
	`grace_minutes` integer NOT NULL,
	`ping_url` text,
	`last_success_at` integer,
	`noted_success_at` integer,
	`due_at` integer NOT NULL,
	`silent_since` integer,
	`check_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`program_id`, `name`)
);
--> statement-breakpoint
CREATE INDEX `monitors_watching` ON `monitors` (`program_id`,`watch_kind`,`watch_ref`);--> statement-breakpoint
CREATE INDEX `monitors_check` ON `monitors` (`check_at`) WHERE check_at IS NOT NULL;