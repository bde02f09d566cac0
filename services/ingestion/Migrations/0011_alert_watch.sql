-- Watchers read the steps of all alerts of a tenant in the order of their numbers, which is that of their commits.
create index alert_history_changes on alert_history (tenant, change);
-- When the alert was acknowledged, as of the step.
alter table alert_history add column acknowledge_time timestamptz;

-- The highest number of a step that has been forgotten: a watcher that has come less far has missed something.
create table alert_horizons (
  tenant text primary key,
  change bigint not null
);
alter table alert_horizons enable row level security;
alter table alert_horizons force row level security;
create policy tenant on alert_horizons using (current_setting('app.tenant', true) in (tenant, '*'));
