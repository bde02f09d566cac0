-- Sources, builds with their logs, and the layers that later builds use again.

create table sources (
    tenant text not null,
    app text not null,
    uid uuid not null,
    digest text not null,
    size_bytes bigint not null,
    commit_id text not null default '',
    branch text not null default '',
    creator text not null,
    create_time timestamptz not null,
    primary key (tenant, app, uid)
);

create table builds (
    tenant text not null,
    app text not null,
    uid uuid not null,
    source_uid uuid not null,
    state text not null default 'Queued' check (state in ('Queued', 'Building', 'Pushing', 'Releasing', 'Succeeded', 'Failed', 'Cancelled')),
    ended boolean generated always as (state in ('Succeeded', 'Failed', 'Cancelled')) stored,
    failure_reason text not null default '',
    failure_message text not null default '',
    image text not null default '',
    processes jsonb not null default '{}',
    detected text not null default '',
    release text not null default '',
    skip_release boolean not null,
    log_size bigint not null default 0,
    creator text not null,
    request_id uuid,
    create_time timestamptz not null,
    start_time timestamptz,
    end_time timestamptz,
    -- Changes with every change that a watcher sees.
    revision bigint not null default 1,
    -- The queue: who works on it until when, how often it was begun, and not before when it is tried again.
    lease uuid,
    lease_until timestamptz,
    attempts integer not null default 0,
    not_before timestamptz not null,
    primary key (uid),
    foreign key (tenant, app, source_uid) references sources,
    unique (tenant, app, request_id)
);
create index builds_by_app on builds (tenant, app, uid desc);
create index builds_unfinished on builds (tenant, app, uid) where not ended;

create table build_log (
    tenant text not null,
    build_uid uuid not null references builds on delete cascade,
    position bigint not null,
    data bytea not null,
    primary key (build_uid, position)
);

-- A layer by what it was made from: the same inputs on the same stack give the same layer.
create table layers (
    tenant text not null,
    app text not null,
    key text not null,
    digest text not null,
    diff_id text not null,
    size_bytes bigint not null,
    use_time timestamptz not null,
    primary key (tenant, app, key)
);

alter table sources enable row level security, force row level security;
alter table builds enable row level security, force row level security;
alter table build_log enable row level security, force row level security;
alter table layers enable row level security, force row level security;

create policy tenant on sources using (current_setting('app.tenant', true) in ('*', tenant));
create policy tenant on builds using (current_setting('app.tenant', true) in ('*', tenant));
create policy tenant on build_log using (current_setting('app.tenant', true) in ('*', tenant));
create policy tenant on layers using (current_setting('app.tenant', true) in ('*', tenant));
