-- Which series a target showed last, whoever read it: one that it shows no longer ends by a marker, and by one only.
create table target_series (
  tenant text not null,
  target text not null,
  -- The turn that found it so.
  turn bigint not null,
  -- Their ids, eight bytes each, little-endian.
  series bytea not null,
  primary key (tenant, target),
  foreign key (tenant, target) references targets on delete cascade
);
alter table target_series enable row level security;
alter table target_series force row level security;
create policy tenant on target_series using (current_setting('app.tenant', true) in (tenant, '*'));
