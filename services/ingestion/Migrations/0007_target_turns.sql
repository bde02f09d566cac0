-- Counts the turns taken, and tells a late reading from the last one.
alter table targets add column turn bigint not null default 0;
-- Until then only the owner of the last turn reads; null where nobody does.
alter table targets add column lease_end timestamptz;
create index targets_leases on targets (lease_end) where lease_end is not null;

-- Up to which time a metric of a target that keeps a history has been read.
create table target_positions (
  tenant text not null,
  target text not null,
  metric text not null,
  milliseconds bigint not null,
  primary key (tenant, target, metric),
  foreign key (tenant, target) references targets on delete cascade
);
alter table target_positions enable row level security;
alter table target_positions force row level security;
create policy tenant on target_positions using (current_setting('app.tenant', true) in (tenant, '*'));
