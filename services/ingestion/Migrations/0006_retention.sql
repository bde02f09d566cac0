-- What tenants state themselves about how long they keep their telemetry; without a row the default holds.
create table retention_policies (
  tenant text not null,
  -- The last part of the policy's name.
  signal text not null,
  -- 0 stands for the default.
  days int not null,
  revision bigint not null,
  update_time timestamptz not null,
  primary key (tenant, signal)
);

alter table retention_policies enable row level security;
alter table retention_policies force row level security;
create policy tenant on retention_policies using (current_setting('app.tenant', true) in (tenant, '*'));
