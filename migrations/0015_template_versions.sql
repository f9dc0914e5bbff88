CREATE TABLE `template_versions` (
	`program_id` text NOT NULL,
	`publisher_id` text NOT NULL,
	`version` integer NOT NULL,
	`template` text NOT NULL,
	`author` text,
	`saved_at` integer NOT NULL,
	`revert_of` integer,
	PRIMARY KEY(`program_id`, `publisher_id`, `version`)
);
