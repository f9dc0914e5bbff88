DROP INDEX `deliveries_failed`;--> statement-breakpoint
CREATE INDEX `deliveries_held_up` ON `deliveries` (`program_id`,`status`,`delivery_id`) WHERE status NOT IN ('pending', 'sending', 'delivered');