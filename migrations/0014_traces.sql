CREATE INDEX `deliveries_recovered` ON `deliveries` (`recovery_id`) WHERE recovery_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `file_versions_by_trace` ON `file_versions` (`trace_id`);--> statement-breakpoint
CREATE INDEX `flow_requests_by_trace` ON `flow_requests` (`trace_id`);--> statement-breakpoint
CREATE INDEX `jobs_by_trace` ON `jobs` (`trace_id`);--> statement-breakpoint
CREATE INDEX `syncs_by_trace` ON `syncs` (`trace_id`);