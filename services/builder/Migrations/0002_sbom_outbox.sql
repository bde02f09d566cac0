-- SBOMs of pushed images that ingestion has not taken yet. A row is written with the build's step to its release and deleted when it is told.
create table sbom_outbox (
    tenant text not null,
    app text not null,
    digest text not null,
    sbom bytea not null,
    build_time timestamptz not null,
    attempts integer not null default 0,
    not_before timestamptz not null,
    primary key (tenant, app, digest)
);
create index sbom_outbox_due on sbom_outbox (not_before);

alter table sbom_outbox enable row level security, force row level security;

create policy tenant on sbom_outbox using (current_setting('app.tenant', true) in ('*', tenant));
