alter table notes add column create_time timestamptz not null default now();
