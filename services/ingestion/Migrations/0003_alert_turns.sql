-- Whoever takes a policy has its next turn; a decision counts only while its turn is the last one taken.
alter table alert_policies add column evaluation bigint not null default 0;
-- When the condition was last evaluated, and since when that has been going on without a break.
alter table alert_policies add column evaluate_time timestamptz;
alter table alert_policies add column resume_time timestamptz;
alter table alert_policies add column evaluation_error text not null default '';
-- Sealed; the specification never has it.
alter table alert_policies add column webhook_secret bytea;

alter table alerts add column acknowledge_time timestamptz;

create table alert_history (
  tenant text not null,
  alert uuid not null,
  change bigint not null,
  state smallint not null,
  value double precision not null,
  acknowledged_by text not null,
  time timestamptz not null,
  primary key (tenant, alert, change)
);

-- What webhooks are told, written with the change of the alert itself.
create table alert_deliveries (
  tenant text not null,
  uid uuid not null,
  alert uuid not null,
  policy text not null,
  alert_state smallint not null,
  url text not null,
  secret bytea not null,
  -- The same bytes at every attempt.
  body text not null,
  state smallint not null default 1,
  -- Counts the attempts taken, and tells a late one from the last one.
  attempts int not null default 0,
  last_error text not null default '',
  create_time timestamptz not null,
  next_attempt_time timestamptz not null,
  finish_time timestamptz,
  primary key (tenant, uid)
);
create index alert_deliveries_due on alert_deliveries (next_attempt_time) where state = 1;
create index alert_deliveries_order on alert_deliveries (tenant, alert, uid) where state = 1;

alter table alert_history enable row level security;
alter table alert_history force row level security;
create policy tenant on alert_history using (current_setting('app.tenant', true) in (tenant, '*'));
alter table alert_deliveries enable row level security;
alter table alert_deliveries force row level security;
create policy tenant on alert_deliveries using (current_setting('app.tenant', true) in (tenant, '*'));
