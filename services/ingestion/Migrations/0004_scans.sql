-- The last scan of each image. A scan and all that belongs to it are replaced in one transaction.
create table image_scans (
  tenant text not null,
  repository text not null,
  digest text not null,
  scanner text not null,
  scan_time timestamptz not null,
  -- How many findings there are, by the number of the severity in the contract.
  finding_counts int[] not null,
  package_count int not null,
  create_time timestamptz not null,
  primary key (tenant, repository, digest)
);

create table image_findings (
  tenant text not null,
  repository text not null,
  digest text not null,
  id text not null,
  package text not null,
  version text not null,
  severity smallint not null,
  fixed_version text not null,
  title text not null,
  urls text[] not null,
  primary key (tenant, repository, digest, id, package, version),
  foreign key (tenant, repository, digest) references image_scans on delete cascade
);
-- The worst first, as they are listed.
create index image_findings_order on image_findings (tenant, (-severity), id, package, version, repository, digest);

create table image_packages (
  tenant text not null,
  repository text not null,
  digest text not null,
  purl text not null,
  name text not null,
  version text not null,
  licenses text[] not null,
  primary key (tenant, repository, digest, purl),
  foreign key (tenant, repository, digest) references image_scans on delete cascade
);

alter table image_scans enable row level security;
alter table image_scans force row level security;
create policy tenant on image_scans using (current_setting('app.tenant', true) in (tenant, '*'));
alter table image_findings enable row level security;
alter table image_findings force row level security;
create policy tenant on image_findings using (current_setting('app.tenant', true) in (tenant, '*'));
alter table image_packages enable row level security;
alter table image_packages force row level security;
create policy tenant on image_packages using (current_setting('app.tenant', true) in (tenant, '*'));
