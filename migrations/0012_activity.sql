CREATE TABLE `activity_days` (
	`program_id` text NOT NULL,
	`day` text NOT NULL,
	`kind` text NOT NULL,
	`hours` text NOT NULL,
	PRIMARY KEY(`program_id`, `day`, `kind`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `cron_runs` (
	`cron` text PRIMARY KEY NOT NULL,
	`started_at` integer NOT NULL,
	`duration_ms` integer NOT NULL,
	`steps` text NOT NULL
);
