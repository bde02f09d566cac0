-- Who may do what: tenants, their members, and the members' tokens.

create table tenants (
  tenant text primary key,
  uid uuid not null unique,
  display_name text not null,
  labels jsonb not null,
  revision bigint not null default 1,
  create_time timestamptz not null,
  update_time timestamptz not null
);

create table members (
  tenant text not null references tenants on delete cascade,
  member text not null,
  role smallint not null,
  display_name text not null,
  service_account boolean not null,
  revision bigint not null default 1,
  create_time timestamptz not null,
  primary key (tenant, member)
);

-- A token without a tenant belongs to an operator.
create table tokens (
  uid uuid primary key,
  tenant text,
  member text,
  hash text not null unique,
  prefix text not null,
  display_name text not null,
  expire_time timestamptz,
  last_use_time timestamptz,
  create_time timestamptz not null,
  foreign key (tenant, member) references members on delete cascade,
  check ((tenant is null) = (member is null))
);

create index tokens_by_member on tokens (tenant, member);

-- What was answered to a request id, so that a repeated request changes nothing.
create table requests (
  tenant text not null,
  method text not null,
  request_id uuid not null,
  resource text not null,
  create_time timestamptz not null,
  primary key (tenant, method, request_id)
);

create index requests_by_time on requests (create_time);

alter table tenants enable row level security;
alter table tenants force row level security;
create policy tenant on tenants using (current_setting('app.tenant', true) in (tenant, '*'));
alter table members enable row level security;
alter table members force row level security;
create policy tenant on members using (current_setting('app.tenant', true) in (tenant, '*'));
alter table tokens enable row level security;
alter table tokens force row level security;
create policy tenant on tokens using (current_setting('app.tenant', true) in (tenant, '*'));
alter table requests enable row level security;
alter table requests force row level security;
create policy tenant on requests using (current_setting('app.tenant', true) in (tenant, '*'));
