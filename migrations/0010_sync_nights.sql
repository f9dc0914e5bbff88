ALTER TABLE `sync_nights` ADD `after_publisher` text;--> statement-breakpoint
CREATE INDEX `sync_calls_open` ON `sync_calls` (`publisher_id`,`first_sequence`) WHERE state = 'pending';