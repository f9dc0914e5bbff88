CREATE TABLE `relay_contacts` (
	`contact_id` integer PRIMARY KEY NOT NULL,
	`outcome` text NOT NULL,
	`detail` text,
	`version` text,
	`call` text NOT NULL,
	`since` integer NOT NULL,
	`until` integer NOT NULL
);
