create table notes (
  id bigint generated always as identity primary key,
  tenant text not null,
  text text not null,
  unique (tenant, text)
);
alter table notes enable row level security;
alter table notes force row level security;
create policy tenant on notes
  using (current_setting('app.tenant', true) in (tenant, '*'))
  with check (current_setting('app.tenant', true) in (tenant, '*'));
