CREATE TABLE `activity_endpoints` (
	`program_id` text NOT NULL,
	`endpoint_id` text NOT NULL,
	`hours` text NOT NULL,
	`last_delivery_id` text NOT NULL,
	`last_status` text NOT NULL,
	`last_ended_at` integer NOT NULL,
	PRIMARY KEY(`program_id`, `endpoint_id`)
) WITHOUT ROWID;
