create table alert_policies (
  tenant text not null,
  id text not null,
  -- The policy as JSON of the contract, without what is output only.
  spec jsonb not null,
  paused boolean not null,
  -- Whoever moves this on, in one statement, evaluates the policy; so one replica does.
  next_evaluation_time timestamptz not null,
  create_time timestamptz not null,
  revision bigint not null default 1,
  request_id uuid,
  primary key (tenant, id)
);
create index alert_policies_due on alert_policies (next_evaluation_time) where not paused;

create sequence alert_changes;

create table alerts (
  tenant text not null,
  uid uuid not null,
  policy text not null,
  labels jsonb not null,
  state smallint not null,
  severity smallint not null,
  value double precision not null,
  start_time timestamptz not null,
  -- When the condition was last found to hold.
  held_time timestamptz not null,
  fire_time timestamptz,
  resolve_time timestamptz,
  acknowledged_by text not null default '',
  -- Grows with every change that a watcher must see; taken under an advisory lock, so it grows in the order of commits.
  change bigint not null,
  primary key (tenant, uid)
);
create unique index alerts_open on alerts (tenant, policy, labels) where state <> 3;
create index alerts_changes on alerts (tenant, change);

alter table alert_policies enable row level security;
alter table alert_policies force row level security;
create policy tenant on alert_policies using (current_setting('app.tenant', true) in (tenant, '*'));
alter table alerts enable row level security;
alter table alerts force row level security;
create policy tenant on alerts using (current_setting('app.tenant', true) in (tenant, '*'));
