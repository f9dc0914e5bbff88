ALTER TABLE `attention` ADD `state` text DEFAULT 'open' NOT NULL;--> statement-breakpoint
ALTER TABLE `attention` ADD `state_by` text;--> statement-breakpoint
ALTER TABLE `attention` ADD `state_at` integer;