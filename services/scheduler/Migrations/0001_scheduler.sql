-- Who leads. Each leader takes the next fence; a write of a leader holds only while the fence is still its own.
create table leader (
  id boolean primary key default true check (id),
  fence bigint not null,
  holder text not null,
  take_time timestamptz not null
);
insert into leader (fence, holder, take_time) values (0, '', now());

-- The generation of the table of healthy addresses. It grows with every change of any address.
create table endpoint_generation (
  id boolean primary key default true check (id),
  generation bigint not null
);
insert into endpoint_generation (generation) values (0);

create table nodes (
  id text primary key,
  attributes jsonb not null,
  address text not null,
  version text not null,
  cpu_millis bigint not null,
  memory_bytes bigint not null,
  disk_bytes bigint not null,
  -- Numbers of the contract's enum; draining and cordon are kept apart from what the agent does.
  state integer not null,
  cordoned boolean not null default false,
  draining boolean not null default false,
  etag bigint not null default 1,
  heartbeat_time timestamptz not null,
  disconnect_time timestamptz,
  create_time timestamptz not null
);

create table workloads (
  uid uuid primary key,
  tenant text not null,
  id text not null,
  kind integer not null,
  -- The spec as JSON of the contract, without its template, which is in `revisions`.
  spec jsonb not null,
  spec_version bigint not null,
  revision bigint not null,
  stopping boolean not null default false,
  state integer not null,
  message text not null default '',
  desired integer not null default 0,
  updated integer not null default 0,
  healthy integer not null default 0,
  old integer not null default 0,
  unplaced integer not null default 0,
  endpoints_generation bigint not null default 0,
  stable_revision bigint not null default 0,
  failed_revision bigint not null default 0,
  failures integer not null default 0,
  retry_time timestamptz,
  failing_since timestamptz,
  reason text not null default '',
  create_time timestamptz not null,
  update_time timestamptz not null,
  unique (tenant, id)
);

create table revisions (
  workload uuid not null references workloads on delete cascade,
  revision bigint not null,
  tenant text not null,
  -- The template as JSON of the contract, without its env, which is sealed.
  template jsonb not null,
  env bytea not null,
  create_time timestamptz not null,
  primary key (workload, revision)
);

create table allocations (
  uid uuid primary key,
  tenant text not null,
  workload uuid not null references workloads on delete cascade,
  workload_id text not null,
  revision bigint not null,
  node text not null references nodes,
  cpu_millis bigint not null,
  memory_bytes bigint not null,
  disk_bytes bigint not null,
  listens boolean not null,
  run_to_completion boolean not null default false,
  desired integer not null,
  state integer not null,
  healthy boolean not null default false,
  address text not null default '',
  message text not null default '',
  exit_code integer not null default 0,
  oom_killed boolean not null default false,
  restarts integer not null default 0,
  accounted boolean not null default false,
  -- Where it shall be reached: it is wanted (1), runs (4), is healthy and listens.
  serving_address text not null generated always as (
    case when desired = 1 and state = 4 and healthy and listens then address else '' end
  ) stored,
  -- Where the routers' table says that it is reached, and the generation in which that last changed.
  published_address text not null default '',
  published_generation bigint not null default 0,
  create_time timestamptz not null,
  healthy_time timestamptz,
  start_time timestamptz,
  end_time timestamptz,
  foreign key (workload, revision) references revisions (workload, revision)
);
create index allocations_workload on allocations (workload, uid desc);
create index allocations_tenant on allocations (tenant, uid desc);
create index allocations_node on allocations (node) where end_time is null;
create index allocations_published on allocations (published_generation) where end_time is null;
create index allocations_serving on allocations (workload) where published_address <> '';
create index allocations_ended on allocations (end_time) where end_time is not null;

create table routers (
  id text primary key,
  generation bigint not null,
  connected boolean not null,
  seen_time timestamptz not null
);

-- Answers to requests with an id, so that a repeated request is answered as the first was.
create table requests (
  tenant text not null,
  id uuid not null,
  response bytea not null,
  create_time timestamptz not null,
  primary key (tenant, id)
);

alter table workloads enable row level security;
alter table workloads force row level security;
create policy tenant on workloads using (current_setting('app.tenant', true) in (tenant, '*'));
alter table revisions enable row level security;
alter table revisions force row level security;
create policy tenant on revisions using (current_setting('app.tenant', true) in (tenant, '*'));
alter table allocations enable row level security;
alter table allocations force row level security;
create policy tenant on allocations using (current_setting('app.tenant', true) in (tenant, '*'));
alter table requests enable row level security;
alter table requests force row level security;
create policy tenant on requests using (current_setting('app.tenant', true) in (tenant, '*'));
