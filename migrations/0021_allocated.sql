ALTER TABLE `external_sources` ADD `allocated` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE `external_sources` SET `allocated` = (SELECT count(*) FROM `allocations` AS a WHERE a.`source_id` = `external_sources`.`source_id`);
