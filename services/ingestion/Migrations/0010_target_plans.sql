-- Which spans of a target's history a reading is about to write. A plan is made before the log takes its samples, in the
-- transaction that moves the positions on, and goes when they are durable. What a crash leaves is settled by asking the log.
create table target_plans (
  id uuid primary key,
  tenant text not null,
  target text not null,
  -- The log that may have the samples, and their number in it; null where no log has them, and whoever reads next brings them.
  log uuid,
  number bigint,
  metrics text[] not null,
  -- Both ends of each metric's span, in milliseconds.
  starts bigint[] not null,
  ends bigint[] not null,
  check ((log is null) = (number is null)),
  foreign key (tenant, target) references targets on delete cascade
);
create index target_plans_target on target_plans (tenant, target);
create index target_plans_log on target_plans (log) where log is not null;
alter table target_plans enable row level security;
alter table target_plans force row level security;
create policy tenant on target_plans using (current_setting('app.tenant', true) in (tenant, '*'));
