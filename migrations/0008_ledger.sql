CREATE TABLE `delivery_bodies` (
	`program_id` text NOT NULL,
	`message_id` text NOT NULL,
	`body` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`program_id`, `message_id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `endpoint_health` (
	`endpoint_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`timeouts` integer NOT NULL,
	`failures` integer NOT NULL,
	`failing_since` integer,
	`degraded_since` integer,
	`probe_at` integer,
	`flight_limit` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `endpoint_lanes` (
	`endpoint_id` text NOT NULL,
	`lane` integer NOT NULL,
	`program_id` text NOT NULL,
	`lease_token` text,
	`lease_until` integer NOT NULL,
	`sending` text NOT NULL,
	`next_send_at` integer NOT NULL,
	PRIMARY KEY(`endpoint_id`, `lane`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `recoveries` (
	`recovery_id` text PRIMARY KEY NOT NULL,
	`program_id` text NOT NULL,
	`endpoint_id` text NOT NULL,
	`since_at` integer NOT NULL,
	`until_at` integer NOT NULL,
	`total` integer NOT NULL,
	`rearmed` integer NOT NULL,
	`position` text NOT NULL,
	`wake_at` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `recoveries_by_endpoint` ON `recoveries` (`program_id`,`endpoint_id`);--> statement-breakpoint
CREATE INDEX `recoveries_open` ON `recoveries` (`wake_at`) WHERE wake_at IS NOT NULL;--> statement-breakpoint
PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_deliveries` (
	`program_id` text NOT NULL,
	`delivery_id` text NOT NULL,
	`endpoint_id` text DEFAULT '' NOT NULL,
	`channel` text NOT NULL,
	`type` text NOT NULL,
	`message_id` text NOT NULL,
	`dedupe_key` text,
	`target` text NOT NULL,
	`secret_purpose` text NOT NULL,
	`subject` text NOT NULL,
	`body` text,
	`trace_id` text NOT NULL,
	`about` text NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`uncertain` integer DEFAULT false NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`attempts_total` integer DEFAULT 0 NOT NULL,
	`next_attempt_at` integer,
	`lease_token` text,
	`lease_until` integer,
	`created_at` integer NOT NULL,
	`ended_at` integer,
	`log` text DEFAULT '[]' NOT NULL,
	`recovery_id` text,
	PRIMARY KEY(`program_id`, `delivery_id`)
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `__new_deliveries`("program_id", "delivery_id", "endpoint_id", "channel", "type", "message_id", "dedupe_key", "target", "secret_purpose", "subject", "body", "trace_id", "about", "status", "reason", "uncertain", "attempts", "attempts_total", "next_attempt_at", "lease_token", "lease_until", "created_at", "ended_at", "log", "recovery_id") SELECT "program_id", "delivery_id", coalesce("endpoint_id", ''), "channel", "type", "message_id", "dedupe_key", "target", "secret_purpose", "subject", "body", "trace_id", "about", "status", "reason", "uncertain", "attempts", "attempts_total", "next_attempt_at", "lease_token", "lease_until", "created_at", "ended_at",
	(SELECT coalesce(json_group_array(json_object('startedAt', a.started_at, 'durationMs', a.duration_ms, 'status', a.status, 'failure', a.failure, 'detail', a.detail, 'excerpt', a.excerpt) ORDER BY a.attempt_id), '[]') FROM `delivery_attempts` AS a WHERE a.delivery_id = `deliveries`.`delivery_id`),
	NULL FROM `deliveries`;--> statement-breakpoint
DROP TABLE `deliveries`;--> statement-breakpoint
ALTER TABLE `__new_deliveries` RENAME TO `deliveries`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_once` ON `deliveries` (`dedupe_key`) WHERE dedupe_key IS NOT NULL;--> statement-breakpoint
CREATE INDEX `deliveries_due` ON `deliveries` (`endpoint_id`,`next_attempt_at`) WHERE next_attempt_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `deliveries_direct` ON `deliveries` (`delivery_id`) WHERE endpoint_id = '';--> statement-breakpoint
CREATE INDEX `deliveries_direct_trace` ON `deliveries` (`program_id`,`trace_id`) WHERE endpoint_id = '';