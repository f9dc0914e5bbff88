CREATE INDEX `deliveries_failed` ON `deliveries` (`program_id`,`status`,`delivery_id`) WHERE status IN ('exhausted', 'cancelled');--> statement-breakpoint
CREATE INDEX `deliveries_failed_to` ON `deliveries` (`endpoint_id`,`delivery_id`) WHERE status IN ('exhausted', 'cancelled');--> statement-breakpoint
CREATE INDEX `jobs_by_task` ON `jobs` (`program_id`,`job`,`sequence`);