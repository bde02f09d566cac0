-- Whether a scan only tells what is in the image and did not look for findings, as a builder's does.
alter table image_scans add column packages_only boolean not null default false;
