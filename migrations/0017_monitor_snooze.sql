ALTER TABLE `monitors` ADD `snoozed_until` integer;--> statement-breakpoint
ALTER TABLE `monitors` ADD `snooze_reason` text;--> statement-breakpoint
ALTER TABLE `monitors` ADD `snoozed_by` text;--> statement-breakpoint
ALTER TABLE `monitors` ADD `missed` text DEFAULT '[]' NOT NULL;