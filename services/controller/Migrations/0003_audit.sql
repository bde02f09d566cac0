-- Who did what. Entries of one tenant form a chain of hashes: changing or removing one breaks all that follow.

create table audit_heads (
  tenant text primary key,
  sequence bigint not null,
  hash text not null
);

create table audit_entries (
  tenant text not null,
  sequence bigint not null,
  time timestamptz not null,
  subject text not null,
  peer text not null,
  method text not null,
  resource text not null,
  code text not null,
  request_id text not null,
  before_digest text not null,
  after_digest text not null,
  hash text not null,
  primary key (tenant, sequence)
);

alter table audit_heads enable row level security;
alter table audit_heads force row level security;
create policy tenant on audit_heads using (current_setting('app.tenant', true) in (tenant, '*'));
alter table audit_entries enable row level security;
alter table audit_entries force row level security;
create policy tenant on audit_entries using (current_setting('app.tenant', true) in (tenant, '*'));
