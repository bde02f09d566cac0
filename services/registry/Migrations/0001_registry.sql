-- Who has which blob, manifest and tag. The bytes of blobs lie in the blob storage; manifests are small and lie here, so
-- that a manifest, what it refers to and its tag appear in one transaction.

create table repositories (
    tenant text not null,
    name text collate "C" not null,
    create_time timestamptz not null,
    -- The last push of a manifest; null as long as only blobs have come, and then no listing shows the repository.
    push_time timestamptz,
    primary key (tenant, name)
);

-- One row for each blob in the storage, whoever it belongs to.
create table blobs (
    digest text primary key,
    size bigint not null,
    create_time timestamptz not null
);

-- A repository has a blob only through its link, even when the bytes are here already.
create table blob_links (
    tenant text not null,
    repository text collate "C" not null,
    digest text not null references blobs,
    -- When a push last made or saw the link: an unused link is kept for the grace window from here on.
    use_time timestamptz not null,
    primary key (tenant, repository, digest),
    foreign key (tenant, repository) references repositories
);
create index blob_links_digest on blob_links (digest);
create index blob_links_use_time on blob_links (use_time);

create table manifests (
    tenant text not null,
    repository text collate "C" not null,
    digest text not null,
    media_type text not null,
    artifact_type text,
    subject text,
    annotations jsonb,
    content bytea not null,
    push_time timestamptz not null,
    primary key (tenant, repository, digest),
    foreign key (tenant, repository) references repositories
);
create index manifests_subject on manifests (tenant, repository, subject) where subject is not null;

-- Config and layers of a manifest. The keys refuse a manifest without its blobs and keep the blobs as long as it is there.
create table manifest_blobs (
    tenant text not null,
    repository text collate "C" not null,
    manifest text not null,
    blob text not null,
    primary key (tenant, repository, manifest, blob),
    foreign key (tenant, repository, manifest) references manifests on delete cascade,
    foreign key (tenant, repository, blob) references blob_links
);
create index manifest_blobs_blob on manifest_blobs (tenant, repository, blob);

-- The manifests of an index.
create table manifest_children (
    tenant text not null,
    repository text collate "C" not null,
    manifest text not null,
    child text not null,
    primary key (tenant, repository, manifest, child),
    foreign key (tenant, repository, manifest) references manifests on delete cascade,
    foreign key (tenant, repository, child) references manifests
);
create index manifest_children_child on manifest_children (tenant, repository, child);

create table tags (
    tenant text not null,
    repository text collate "C" not null,
    name text collate "C" not null,
    digest text not null,
    update_time timestamptz not null,
    primary key (tenant, repository, name),
    foreign key (tenant, repository, digest) references manifests on delete cascade
);
create index tags_digest on tags (tenant, repository, digest);

-- Uploads that have begun; their bytes, and how many, are the storage's.
create table uploads (
    id uuid primary key,
    tenant text not null,
    repository text collate "C" not null,
    create_time timestamptz not null
);

alter table repositories enable row level security;
alter table repositories force row level security;
create policy tenant on repositories using (current_setting('app.tenant', true) in (tenant, '*'));
alter table blob_links enable row level security;
alter table blob_links force row level security;
create policy tenant on blob_links using (current_setting('app.tenant', true) in (tenant, '*'));
alter table manifests enable row level security;
alter table manifests force row level security;
create policy tenant on manifests using (current_setting('app.tenant', true) in (tenant, '*'));
alter table manifest_blobs enable row level security;
alter table manifest_blobs force row level security;
create policy tenant on manifest_blobs using (current_setting('app.tenant', true) in (tenant, '*'));
alter table manifest_children enable row level security;
alter table manifest_children force row level security;
create policy tenant on manifest_children using (current_setting('app.tenant', true) in (tenant, '*'));
alter table tags enable row level security;
alter table tags force row level security;
create policy tenant on tags using (current_setting('app.tenant', true) in (tenant, '*'));
alter table uploads enable row level security;
alter table uploads force row level security;
create policy tenant on uploads using (current_setting('app.tenant', true) in (tenant, '*'));
