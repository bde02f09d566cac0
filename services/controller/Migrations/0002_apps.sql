-- What is deployed: apps, their environment, their releases and their deployments.

create table apps (
  tenant text not null references tenants,
  app text not null,
  uid uuid not null unique,
  display_name text not null,
  labels jsonb not null,
  processes jsonb not null,
  maintenance boolean not null default false,
  deleting boolean not null default false,
  latest_release bigint not null default 0,
  config_version bigint not null default 0,
  revision bigint not null default 1,
  create_time timestamptz not null,
  update_time timestamptz not null,
  primary key (tenant, app)
);

-- Each version is whole and never changes: a release names the one that it runs with.
create table configs (
  tenant text not null,
  app text not null,
  version bigint not null,
  variables jsonb not null,
  create_time timestamptz not null,
  primary key (tenant, app, version),
  foreign key (tenant, app) references apps on delete cascade
);

create table releases (
  tenant text not null,
  app text not null,
  version bigint not null,
  image text not null,
  config_version bigint not null,
  processes jsonb not null,
  description text not null,
  build text not null,
  creator text not null,
  create_time timestamptz not null,
  primary key (tenant, app, version),
  foreign key (tenant, app) references apps on delete cascade
);

create table deployments (
  tenant text not null,
  app text not null,
  deployment text not null,
  uid uuid not null unique,
  release bigint not null default 0,
  running_release bigint not null default 0,
  scale jsonb not null,
  overrides jsonb not null,
  archived boolean not null default false,
  deleting boolean not null default false,
  -- Changes at a restart: it is part of what the scheduler compares.
  restart_marker text not null default '',
  -- Counts what people change; the reconciler notes up to which change it has come.
  generation bigint not null default 1,
  state smallint not null,
  failure_reason smallint not null default 0,
  message text not null default '',
  status jsonb not null default '[]',
  next_check_time timestamptz not null,
  lease_until timestamptz,
  create_time timestamptz not null,
  update_time timestamptz not null,
  primary key (tenant, app, deployment),
  foreign key (tenant, app) references apps on delete cascade
);

create index deployments_by_check on deployments (next_check_time);

create table actions (
  uid uuid primary key,
  tenant text not null,
  app text not null,
  deployment text not null,
  generation bigint not null,
  kind smallint not null,
  state smallint not null,
  creator text not null,
  message text not null default '',
  release bigint not null,
  attempts integer not null default 0,
  log text not null default '',
  create_time timestamptz not null,
  end_time timestamptz,
  foreign key (tenant, app, deployment) references deployments on delete cascade
);

create index actions_by_deployment on actions (tenant, app, deployment, create_time desc);

-- One row: the generation of the whole table of routes.
create table route_generation (generation bigint not null);
insert into route_generation values (1);

do $$
declare name text;
begin
  foreach name in array array['apps', 'configs', 'releases', 'deployments', 'actions'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy tenant on %I using (current_setting(''app.tenant'', true) in (tenant, ''*''))', name);
  end loop;
end $$;
