ALTER TABLE `api_keys` ADD `last_used_at` integer;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `last_used_from` text;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `last_used_for` text;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `last_used_by` text;