create table targets (
  tenant text not null,
  id text not null,
  -- Numbers of the contract's enums.
  kind smallint not null,
  address text not null,
  interval_milliseconds bigint not null check (interval_milliseconds >= 1000),
  labels jsonb not null,
  paused boolean not null,
  state smallint not null default 0,
  last_error text not null default '',
  last_scrape_time timestamptz,
  -- Whoever moves this on, in one statement, reads the target; so replicas share targets and none is read twice.
  next_scrape_time timestamptz not null,
  create_time timestamptz not null,
  revision bigint not null default 1,
  request_id uuid,
  primary key (tenant, id)
);
create index targets_due on targets (next_scrape_time) where not paused;

alter table targets enable row level security;
alter table targets force row level security;
create policy tenant on targets using (current_setting('app.tenant', true) in (tenant, '*'));
