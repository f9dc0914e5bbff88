CREATE TABLE `activity_cursors` (
	`name` text PRIMARY KEY NOT NULL,
	`position` text NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
-- What there is now has been counted where it happened.
INSERT INTO `activity_cursors` (`name`, `position`)
SELECT 'events', CAST(coalesce(max(`sequence`), 0) AS TEXT) FROM `events`;
--> statement-breakpoint
INSERT INTO `activity_cursors` (`name`, `position`)
SELECT 'webhook', coalesce(max(substr(`delivery_id`, 1, 14)) || '~', 'dlv_') FROM `deliveries` WHERE `endpoint_id` <> '';
