CREATE TABLE `multipart_parts` (
	`upload_id` text NOT NULL,
	`part_number` integer NOT NULL,
	`program_id` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`md5` text NOT NULL,
	`store_etag` text NOT NULL,
	`checksum` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`upload_id`, `part_number`)
);
--> statement-breakpoint
CREATE TABLE `multipart_uploads` (
	`upload_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`folder` text NOT NULL,
	`filename` text NOT NULL,
	`version_id` text NOT NULL,
	`object_key` text NOT NULL,
	`store_upload_id` text NOT NULL,
	`content_type` text,
	`headers` text,
	`checksum_algorithm` text,
	`checksum_type` text,
	`created_at` integer NOT NULL,
	`completed_at` integer
);
--> statement-breakpoint
CREATE INDEX `multipart_uploads_by_age` ON `multipart_uploads` (`program_id`,`created_at`);--> statement-breakpoint
ALTER TABLE `file_versions` ADD `headers` text;--> statement-breakpoint
ALTER TABLE `file_versions` ADD `checksum` text;--> statement-breakpoint
ALTER TABLE `file_versions` ADD `s3_etag` text;--> statement-breakpoint
ALTER TABLE `drop_keys` ADD `last_used_at` integer;--> statement-breakpoint
ALTER TABLE `drop_keys` ADD `end_told_at` integer;--> statement-breakpoint
CREATE UNIQUE INDEX `drop_keys_current` ON `drop_keys` (`program_id`) WHERE ends_at IS NULL;--> statement-breakpoint
CREATE INDEX `drop_keys_ended` ON `drop_keys` (`ends_at`) WHERE ends_at IS NOT NULL AND end_told_at IS NULL;