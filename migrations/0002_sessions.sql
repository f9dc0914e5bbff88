CREATE TABLE `portal_links` (
	`hash` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`key_id` text NOT NULL,
	`scopes` text NOT NULL,
	`name` text NOT NULL,
	`path` text NOT NULL,
	`ends_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `portal_links_by_program` ON `portal_links` (`program_id`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`session_id` text PRIMARY KEY NOT NULL,
	`hash` text NOT NULL,
	`program_id` text,
	`key_id` text NOT NULL,
	`key_hash` text NOT NULL,
	`scopes` text,
	`name` text NOT NULL,
	`form_token` text NOT NULL,
	`user_agent` text NOT NULL,
	`created_at` integer NOT NULL,
	`seen_at` integer NOT NULL,
	`ends_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_hash_unique` ON `sessions` (`hash`);--> statement-breakpoint
CREATE INDEX `sessions_by_program` ON `sessions` (`program_id`,`session_id`);