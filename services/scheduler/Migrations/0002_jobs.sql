-- Work that runs to completion. Each job is the queue's side of a workload of kind job with the same uid, and each attempt is an
-- allocation of that workload.
create table jobs (
  uid uuid primary key references workloads on delete cascade,
  tenant text not null,
  max_attempts integer not null,
  deadline interval not null,
  backoff interval not null,
  state integer not null,
  attempts integer not null default 0,
  cancelled boolean not null default false,
  message text not null default '',
  exit_code integer not null default 0,
  -- The newest attempt, and the time after which it is ended.
  allocation uuid,
  lease_time timestamptz,
  create_time timestamptz not null,
  next_attempt_time timestamptz not null,
  end_time timestamptz
);
create index jobs_queue on jobs (next_attempt_time) where state = 1;
create index jobs_lease on jobs (lease_time) where state = 2;
create index jobs_tenant on jobs (tenant, uid desc);
create index jobs_ended on jobs (end_time) where end_time is not null;

alter table jobs enable row level security;
alter table jobs force row level security;
create policy tenant on jobs using (current_setting('app.tenant', true) in (tenant, '*'));

-- Exactly one active attempt.
create unique index allocations_attempt on allocations (workload) where run_to_completion and end_time is null;
